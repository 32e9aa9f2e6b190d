/** The turns on the page: a question each, and below it the answer, the sign of waiting or what went wrong. */

import { prefers } from "./dom.ts";
import { renderTurn, renderWaiting } from "./layout.ts";
import { renderAnswer } from "./render.ts";
import type { Service } from "./service.ts";
import { renderTools } from "./tools.ts";
import type { Answer, Question, Verdict } from "./types.ts";

export interface ShownTurn extends Question {
  node: HTMLElement;
  answered: boolean;
}

export interface ThreadActions {
  ask: (text: string) => void;
  say: (text: string) => void;
  judge: (turnId: string, verdict: Verdict, reason: string) => Promise<void>;
  changed: (count: number) => void;
}

export class Thread {
  readonly #shown = new Map<string, ShownTurn>();

  constructor(
    private readonly log: HTMLElement,
    private readonly service: Service,
    private readonly on: ThreadActions,
  ) {}

  get(id: string): ShownTurn | undefined {
    return this.#shown.get(id);
  }

  /** What was answered elsewhere stands before what still waits here. */
  get firstWaiting(): Node | null {
    return [...this.#shown.values()].find((turn) => !turn.answered && turn.node.isConnected)?.node ?? null;
  }

  add({ id, text }: Question, before: Node | null = null): ShownTurn {
    const turn: ShownTurn = { id, text, node: renderTurn(text), answered: false };
    this.#shown.set(id, turn);
    this.log.insertBefore(turn.node, before);
    this.#tidy();
    return turn;
  }

  rename(from: string, to: string): void {
    const turn = this.#shown.get(from);
    if (!turn) return;
    this.#shown.delete(from);
    turn.id = to;
    this.#shown.set(to, turn);
  }

  wait(id: string, text?: string): void {
    this.fill(id, renderWaiting(text));
  }

  fill(id: string, ...nodes: (Node | string)[]): void {
    this.#shown.get(id)?.node.lastElementChild?.replaceChildren(...nodes);
  }

  answer(turn: ShownTurn, answer: Answer, turnId: string | null, verdict: Verdict | null): void {
    const passagePage = (id: string): string => this.service.passagePage(id);
    // What people say is not judged like an answer, and what says only that they were told needs no tools.
    const human = answer.reason === "staff-message" || answer.reason === "with-staff" || !turn.text;
    const judge = turnId && !human ? (given: Verdict, reason: string) => this.on.judge(turnId, given, reason) : null;
    turn.answered = true;
    this.fill(
      turn.id,
      renderAnswer(answer, { ask: this.on.ask, passagePage }),
      human ? "" : renderTools(turn.text, answer, { say: this.on.say, passagePage, judge, verdict }),
    );
    this.#tidy();
  }

  clear(): void {
    this.#shown.clear();
    this.log.replaceChildren();
    this.#tidy();
  }

  /** "nearest": as little movement as possible, and the beginning of a turn that is higher than the window. */
  show(id: string): void {
    const behavior = prefers("prefers-reduced-motion: reduce") ? "auto" : "smooth";
    this.#shown.get(id)?.node.scrollIntoView({ block: "nearest", behavior });
  }

  /** Only the newest answer offers follow-ups. */
  #tidy(): void {
    const turns = [...this.log.children];
    for (const node of turns.slice(0, -1)) node.querySelector(".answer .follow-ups")?.remove();
    this.on.changed(turns.length);
  }
}
