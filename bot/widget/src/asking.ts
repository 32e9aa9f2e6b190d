/** Questions and their answers: into the thread at once, to the service one by one, and what comes back. */

import { renderFailure } from "./layout.ts";
import type { Memory } from "./memory.ts";
import type { Notices } from "./notices.ts";
import { Outbox } from "./outbox.ts";
import { newId, type Service, ServiceError } from "./service.ts";
import type { Talk } from "./talk.ts";
import type { ShownTurn, Thread } from "./thread.ts";
import type { Answer, Question, StoredTurn } from "./types.ts";
import { announcement } from "./words.ts";

const SLOW_MS = 1500;

type Done = { turn_id: string; answer: Answer };

export interface AskingEvents {
  answered: (answer: Answer) => void;
  /** The service will never take this text. */
  rejected: (text: string) => void;
  /** The button to try again is about to vanish. */
  retry: () => void;
}

export class Asking {
  readonly #outbox: Outbox<Done>;

  constructor(
    private readonly service: Service,
    private readonly memory: Memory,
    private readonly talk: Talk,
    private readonly thread: Thread,
    private readonly notices: Notices,
    private readonly on: AskingEvents,
  ) {
    this.#outbox = new Outbox({
      send: (question) => this.#send(question),
      sending: (question) => this.#sending(question),
      answered: (question, done) => this.#answered(question, done),
      delayed: (question, error, seconds) => this.#delayed(question, error, seconds),
      rejected: (question, error) => this.#rejected(question, error),
    });
  }

  ask(text: string): void {
    const question = { id: newId(), text };
    this.thread.add(question);
    this.thread.wait(question.id, "等前一句答完就送出");
    this.memory.keepUnsent(question);
    this.#outbox.add(question);
    this.thread.show(question.id);
  }

  /** What was said before, in front of what is shown already; then questions from before a reload go on by themselves. */
  resume(turns: StoredTurn[], before: Node | null): void {
    for (const turn of turns) this.#place(turn, before);
    for (const question of this.memory.unsent) {
      if (this.#outbox.has(question.id)) continue;
      if (!this.thread.get(question.id)) this.thread.add(question);
      this.thread.wait(question.id);
      this.#outbox.add(question);
    }
  }

  /** An answer that came another way. */
  news({ client_turn_id: id, text, answer, turn_id }: StoredTurn): void {
    const known = this.thread.get(id);
    if (!answer || known?.answered) return;
    this.memory.dropUnsent(id);
    this.#show(known ?? this.thread.add({ id, text }, this.thread.firstWaiting), answer, turn_id);
    this.#outbox.drop(id);
  }

  clear(keepUnsent: boolean): void {
    this.#outbox.clear();
    if (!keepUnsent) for (const { id } of this.memory.unsent) this.memory.dropUnsent(id);
    this.thread.clear();
  }

  /** Try again now. */
  wake(): void {
    this.#outbox.wake();
  }

  /** Posts the question, once more in a new conversation if ours is gone, or under a new id if its id was used up. */
  async #send(question: Question, again = false): Promise<Done> {
    const conversation = await this.talk.ready();
    const epoch = this.talk.epoch;
    try {
      return await this.service.sendTurn(conversation, question);
    } catch (error) {
      if (again || epoch !== this.talk.epoch || !(error instanceof ServiceError)) throw error;
      if (error.kind === "gone") this.talk.forget();
      else if (error.kind === "conflict") this.#rename(question);
      else throw error;
      return this.#send(question, true);
    }
  }

  #sending(question: Question): void {
    this.thread.wait(question.id);
    setTimeout(() => {
      if (this.#outbox.has(question.id)) this.notices.say("正在查，请稍等。");
    }, SLOW_MS);
  }

  #answered(question: Question, { turn_id, answer }: Done): void {
    this.memory.dropUnsent(question.id);
    const turn = this.thread.get(question.id);
    if (turn && !turn.answered) this.#show(turn, answer, turn_id);
  }

  #show(turn: ShownTurn, answer: Answer, turnId: string): void {
    this.thread.answer(turn, answer, turnId, null);
    this.thread.show(turn.id);
    this.notices.say("");
    this.notices.announce(announcement(answer));
    this.on.answered(answer);
  }

  #delayed(question: Question, error: ServiceError, seconds: number): void {
    const failure = renderFailure(error, seconds, () => {
      this.on.retry();
      this.wake();
    });
    this.thread.fill(question.id, failure);
    this.thread.show(question.id);
    this.notices.say(failure.querySelector("p")?.textContent ?? "");
  }

  #rejected(question: Question, error: ServiceError): void {
    this.memory.dropUnsent(question.id);
    const failure = renderFailure(error, 0, () => {});
    this.thread.fill(question.id, failure);
    this.on.rejected(question.text);
    this.notices.say(failure.textContent ?? "");
  }

  #rename(question: Question): void {
    const old = question.id;
    this.memory.dropUnsent(old);
    question.id = newId();
    this.thread.rename(old, question.id);
    this.memory.keepUnsent(question);
  }

  /** A stored turn at its place, unless it is still being answered: our own unsent copy asks for it again. */
  #place({ client_turn_id: id, text, answer, turn_id, verdict }: StoredTurn, before: Node | null): void {
    if (!answer) return;
    this.memory.dropUnsent(id);
    const known = this.thread.get(id);
    if (!known?.answered) this.thread.answer(known ?? this.thread.add({ id, text }, before), answer, turn_id, verdict);
  }
}
