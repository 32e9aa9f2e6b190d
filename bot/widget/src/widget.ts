/** <yin-fawen>: asks the service and shows its answers. Attribute `api`: address of the API, if not beside the script. */

import { buildDock, type Dock } from "./dock.ts";
import { addStyle, prefers } from "./dom.ts";
import { Display } from "./display.ts";
import { followKeyboard } from "./keyboard.ts";
import {
  buildLayout,
  MAX_LENGTH,
  type Parts,
  renderEraseQuestion,
  renderFailure,
  renderHistoryMissing,
  renderOffline,
} from "./layout.ts";
import { Memory } from "./memory.ts";
import { Outbox } from "./outbox.ts";
import { newId, Service, ServiceError } from "./service.ts";
import { Listener } from "./stream.ts";
import { Suggestions } from "./suggest.ts";
import { type ShownTurn, Thread } from "./thread.ts";
import { hush, readAloud } from "./tools.ts";
import type { Answer, Conversation, Question, ServiceEvent, StoredTurn, Verdict } from "./types.ts";
import { voiceButton } from "./voice.ts";
import css from "./widget.css";
import { announcement } from "./words.ts";

const COUNT_FROM = 900;
const SLOW_MS = 1500;
const HIDDEN_MS = 5000; // a page in the background needs no open connection

/** Waits for other tabs at the same; without, where the browser has no locks (plain http) or denies them (some frames). */
async function oneTabAtATime<T>(name: string, work: () => Promise<T>): Promise<T> {
  let begun = false;
  const locks = navigator.locks as LockManager | undefined;
  try {
    if (locks) {
      return (await locks.request(name, () => {
        begun = true;
        return work();
      })) as T;
    }
  } catch (error) {
    if (begun) throw error;
  }
  return work();
}

/** Where the script came from; index.ts sets it. */
export const origin = { root: document.baseURI };

export class YinFawen extends HTMLElement {
  #service!: Service;
  #memory!: Memory;
  #outbox!: Outbox<{ turn_id: string; answer: Answer }>;
  #listener!: Listener;
  #thread!: Thread;
  #display!: Display;
  #suggestions!: Suggestions;
  #parts!: Parts;
  #dock: Dock | null = null;
  #conversation: Conversation | null = null;
  #historyLoaded: Promise<void> = Promise.resolve();
  #epoch = 0; // counts new beginnings; what belongs to an earlier one is dropped
  #hidden: ReturnType<typeof setTimeout> | undefined;

  connectedCallback(): void {
    if (this.shadowRoot) return this.#listen(); // moved within the page
    const base = new URL(this.getAttribute("api") ?? new URL("api/v1/", origin.root), document.baseURI).href;
    this.#service = new Service(base);
    this.#memory = new Memory(base);
    this.#conversation = this.#memory.conversation;
    this.#build();
    this.#wire();
    this.#historyLoaded = this.#loadHistory();
  }

  disconnectedCallback(): void {
    this.#listener.stop();
    hush();
  }

  #build(): void {
    const whole = this.hasAttribute("whole-page");
    this.#display = new Display(() => [this.#parts.root, ...(whole ? [document.documentElement] : [])]);
    this.#parts = buildLayout(this.#display, {
      ask: (text) => this.#ask(text),
      restart: () => this.#restart(),
      erase: () => this.#confirmErase(),
    });
    const { log, root, form, input, inputRow } = this.#parts;
    this.#display.apply();
    this.#outbox = new Outbox({
      send: (question) => this.#send(question),
      sending: (question) => this.#sending(question),
      answered: (question, { turn_id, answer }) => this.#answered(question, turn_id, answer),
      delayed: (question, error, seconds) => this.#delayed(question, error, seconds),
      rejected: (question, error) => this.#rejected(question, error),
    });
    this.#listener = new Listener(this.#service, { event: (event) => this.#news(event), gone: () => this.#forget() });
    this.#thread = new Thread(log, this.#service, {
      ask: (text) => this.#ask(text),
      say: (text) => this.#say(text),
      judge: (turnId, verdict, reason) => this.#judge(turnId, verdict, reason),
      changed: (count) => this.#changed(count),
    });
    this.#suggestions = new Suggestions(this.#service, (text) => this.#pick(text), (text) => this.#say(text));
    form.insertBefore(this.#suggestions.node, inputRow);
    const voice = voiceButton(() => (input.value ? `${input.value.trimEnd()} ` : ""), (text) => this.#write(text), (text) => this.#say(text));
    if (voice) inputRow.insertBefore(voice, inputRow.lastElementChild);
    if (this.hasAttribute("dock")) this.#dock = buildDock(this.#parts, this.getAttribute("label"));
    this.#takeOver();
    const shadow = this.attachShadow({ mode: "open" });
    addStyle(shadow, css);
    shadow.append(root);
    this.replaceChildren(); // the plain form has done its duty
    if (this.hasAttribute("open")) this.#dock?.open();
  }

  /** What someone typed into the plain form before the widget could start. */
  #takeOver(): void {
    const plain = this.querySelector("textarea");
    if (!plain) return;
    const focused = plain === document.activeElement;
    this.#parts.input.value = plain.value.slice(0, MAX_LENGTH);
    if (focused) setTimeout(() => this.#parts.input.focus());
  }

  #wire(): void {
    const { form, input, root } = this.#parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.addEventListener("keydown", (event) => this.#onEscape(event));
    input.addEventListener("keydown", (event) => this.#onEnter(event));
    input.addEventListener("input", () => this.#typed());
    window.addEventListener("storage", (event) => {
      if (event.key === null || event.key === this.#memory.conversationKey) this.#adopt(this.#memory.conversation);
    });
    window.addEventListener("online", () => this.#online());
    window.addEventListener("offline", () => this.#offline());
    document.addEventListener("visibilitychange", () => this.#visibility());
    followKeyboard(root, () => this.#parts.log.lastElementChild?.scrollIntoView({ block: "nearest" }));
    if (!navigator.onLine) this.#offline();
  }

  // --- asking ---

  #onEscape(event: KeyboardEvent): void {
    if (event.key !== "Escape" || this.#suggestions.node.hidden) return;
    event.stopPropagation();
    this.#parts.input.focus();
    this.#suggestions.close();
  }

  #onEnter(event: KeyboardEvent): void {
    // keyCode 229: the key belongs to the input method (Safari tells so only this way).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #typed(): void {
    const { input } = this.#parts;
    this.#count();
    this.#suggestions.typed(input.value);
  }

  #count(): void {
    const { input, count } = this.#parts;
    const length = input.value.length;
    count.textContent = length >= COUNT_FROM ? `还能写 ${MAX_LENGTH - length} 个字` : "";
    if (length === MAX_LENGTH) this.#say(`最多写 ${MAX_LENGTH} 个字，已经写满。`);
  }

  #write(text: string): void {
    this.#parts.input.value = text.slice(0, MAX_LENGTH);
    this.#count();
  }

  #submit(): void {
    const { input } = this.#parts;
    const text = input.value.trim();
    input.focus();
    if (!text) return this.#say("请先写下您的问题。");
    this.#ask(text, true);
  }

  #pick(text: string): void {
    this.#ask(text, true);
    this.#keepFocus();
  }

  #ask(text: string, typed = false): void {
    const question = { id: newId(), text };
    if (typed) this.#write("");
    this.#suggestions.close();
    this.#thread.add(question);
    this.#thread.wait(question.id, "等前一句答完就送出");
    this.#memory.keepUnsent(question);
    if (!typed) this.#keepFocus();
    this.#outbox.add(question);
    this.#thread.show(question.id);
  }

  /** Posts the question, once more in a new conversation if ours is gone, or under a new id if its id was used up. */
  async #send(question: Question, again = false): Promise<{ turn_id: string; answer: Answer }> {
    await this.#historyLoaded;
    const epoch = this.#epoch;
    const conversation = this.#conversation ?? (await this.#open(epoch));
    try {
      return await this.#service.sendTurn(conversation, question);
    } catch (error) {
      if (again || epoch !== this.#epoch || !(error instanceof ServiceError)) throw error;
      if (error.kind === "gone") this.#forget();
      else if (error.kind === "conflict") this.#rename(question);
      else throw error;
      return this.#send(question, true);
    }
  }

  /** The conversation that another tab has just opened, or a new one; tabs do not open two at once. */
  async #open(epoch: number): Promise<Conversation> {
    const open = async (): Promise<Conversation> => {
      const conversation = this.#memory.conversation ?? (await this.#service.createConversation());
      if (epoch !== this.#epoch) throw new ServiceError("broken"); // begun anew meanwhile: nobody waits for this
      this.#conversation = this.#memory.conversation = conversation;
      return conversation;
    };
    const conversation = await oneTabAtATime(this.#memory.conversationKey, open);
    this.#listen();
    return conversation;
  }

  #sending(question: Question): void {
    this.#thread.wait(question.id);
    setTimeout(() => {
      if (this.#outbox.has(question.id)) this.#say("正在查，请稍等。");
    }, SLOW_MS);
  }

  #answered(question: Question, turnId: string, answer: Answer): void {
    this.#memory.dropUnsent(question.id);
    const turn = this.#thread.get(question.id);
    if (turn && !turn.answered) this.#showAnswer(turn, answer, turnId);
  }

  #showAnswer(turn: ShownTurn, answer: Answer, turnId: string): void {
    this.#thread.answer(turn, answer, turnId, null);
    this.#thread.show(turn.id);
    this.#say("");
    this.#announce(announcement(answer));
    this.#dock?.news();
    if (this.#display.on("aloud") && "speechSynthesis" in window) readAloud(answer);
  }

  #delayed(question: Question, error: ServiceError, seconds: number): void {
    const failure = renderFailure(error, seconds, () => {
      this.#keepFocus();
      this.#outbox.wake();
    });
    this.#thread.fill(question.id, failure);
    this.#thread.show(question.id);
    this.#say(failure.querySelector("p")?.textContent ?? "");
  }

  /** The service will never take this text: back into the input, unless the resident is writing something else. */
  #rejected(question: Question, error: ServiceError): void {
    this.#memory.dropUnsent(question.id);
    const failure = renderFailure(error, 0, () => {});
    this.#thread.fill(question.id, failure);
    if (!this.#parts.input.value) this.#write(question.text);
    this.#say(failure.textContent ?? "");
  }

  #rename(question: Question): void {
    const old = question.id;
    this.#memory.dropUnsent(old);
    question.id = newId();
    this.#thread.rename(old, question.id);
    this.#memory.keepUnsent(question);
  }

  async #judge(turnId: string, verdict: Verdict, reason: string): Promise<void> {
    if (this.#conversation) await this.#service.giveFeedback(this.#conversation, turnId, verdict, reason);
  }

  // --- the conversation: its history, its news, its end ---

  async #loadHistory(): Promise<void> {
    const conversation = this.#conversation;
    const epoch = this.#epoch;
    let turns: StoredTurn[] = [];
    this.#note();
    try {
      if (conversation) turns = await this.#service.history(conversation);
    } catch (error) {
      if (this.#epoch !== epoch) return;
      if (error instanceof ServiceError && error.kind === "gone") this.#forget();
      else this.#offerHistory();
    }
    if (this.#epoch !== epoch) return; // a new conversation was begun meanwhile
    const before = this.#parts.log.firstChild;
    for (const turn of turns) this.#place(turn, before);
    this.#resume();
    this.#parts.log.lastElementChild?.scrollIntoView({ block: "nearest" });
    this.#listen();
  }

  /** A stored turn at its place in the log, unless it is still being answered: our own unsent copy asks for it again. */
  #place({ client_turn_id: id, text, answer, turn_id, event_id, verdict }: StoredTurn, before: Node | null): void {
    if (!answer) return;
    if (event_id && Number(event_id) > Number(this.#listener.lastId)) this.#listener.lastId = event_id;
    this.#memory.dropUnsent(id);
    const known = this.#thread.get(id);
    if (!known?.answered) this.#thread.answer(known ?? this.#thread.add({ id, text }, before), answer, turn_id, verdict);
  }

  /** Questions from before a reload go on by themselves. */
  #resume(): void {
    for (const question of this.#memory.unsent) {
      if (this.#outbox.has(question.id)) continue;
      if (!this.#thread.get(question.id)) this.#thread.add(question);
      this.#thread.wait(question.id);
      this.#outbox.add(question);
    }
  }

  #offerHistory(): void {
    this.#note(
      ...renderHistoryMissing(() => {
        this.#parts.input.focus();
        this.#historyLoaded = this.#loadHistory();
      }),
    );
  }

  #listen(): void {
    if (this.#conversation && this.isConnected && !document.hidden) this.#listener.start(this.#conversation);
  }

  #visibility(): void {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.#listener.stop(), HIDDEN_MS);
    else this.#listen();
  }

  /** An answer that came late or belongs to another tab's question, or the end of the conversation. */
  #news({ event, turn }: ServiceEvent): void {
    if (event === "erased") {
      this.#clear();
      this.#memory.forgetAll();
      return this.#say("这次对话已经删除。");
    }
    if (!turn?.answer) return;
    const known = this.#thread.get(turn.client_turn_id);
    if (known?.answered) return;
    this.#memory.dropUnsent(turn.client_turn_id);
    const shown = known ?? this.#thread.add({ id: turn.client_turn_id, text: turn.text }, this.#thread.firstWaiting);
    this.#showAnswer(shown, turn.answer, turn.turn_id);
    this.#outbox.drop(turn.client_turn_id);
  }

  /** Another tab began a conversation, or ended ours. */
  #adopt(next: Conversation | null): void {
    if (next?.conversation_id === this.#conversation?.conversation_id) return;
    const mine = this.#conversation;
    if (!next || mine) this.#clear(next !== null);
    this.#conversation = next;
    if (next) this.#historyLoaded = this.#loadHistory();
  }

  #forget(): void {
    this.#listener.stop();
    this.#listener.lastId = "";
    this.#conversation = null;
    this.#memory.forgetConversation();
  }

  /** @param keepUnsent questions that are still on their way go into the next conversation */
  #clear(keepUnsent = false): void {
    this.#epoch += 1;
    this.#listener.stop();
    this.#listener.lastId = "";
    this.#conversation = null;
    this.#outbox.clear();
    if (!keepUnsent) for (const { id } of this.#memory.unsent) this.#memory.dropUnsent(id);
    this.#thread.clear();
    this.#note();
    hush();
  }

  #restart(): void {
    this.#clear();
    this.#memory.forgetAll();
    this.#parts.input.focus();
    this.#say("已经开始新对话。");
  }

  #confirmErase(): void {
    const back = (): void => {
      this.#note();
      this.#parts.input.focus();
    };
    this.#note(...renderEraseQuestion(() => void this.#erase(), back));
    this.#parts.notice.querySelector("button")?.focus();
    this.#parts.notice.scrollIntoView({ block: "nearest" });
  }

  async #erase(): Promise<void> {
    try {
      this.#listener.stop();
      if (this.#conversation) await this.#service.erase(this.#conversation);
    } catch (error) {
      if (!(error instanceof ServiceError && error.kind === "gone")) {
        this.#listen();
        return this.#say("没有删成，请看看网络，过一会儿再删。");
      }
    }
    this.#clear();
    this.#memory.forgetAll();
    this.#parts.input.focus();
    this.#say("已经删除。");
  }

  // --- what the resident sees and hears ---

  #online(): void {
    this.#note();
    this.#say("网络连上了。");
    this.#outbox.wake();
    this.#listener.stop(); // a connection from before may be dead without knowing
    this.#listen();
  }

  #offline(): void {
    this.#note(...renderOffline());
    this.#parts.notice.scrollIntoView({ block: "nearest" });
    this.#say("现在没有网络。");
  }

  /** What stands above the input; when there is nothing else, that the network is missing. */
  #note(...nodes: Node[]): void {
    const shown = nodes.length > 0 || navigator.onLine ? nodes : renderOffline();
    this.#parts.notice.replaceChildren(...shown);
    this.#parts.notice.hidden = shown.length === 0;
  }

  #changed(count: number): void {
    const { welcome, restart, erase } = this.#parts;
    welcome.hidden = count > 0;
    restart.hidden = count === 0;
    erase.hidden = count === 0;
  }

  /** After a button that vanishes: to the input, but on touch screens to the log, where no keyboard pops up. */
  #keepFocus(): void {
    const touch = prefers("hover: none") && prefers("pointer: coarse");
    this.#parts[touch ? "log" : "input"].focus({ preventScroll: true });
  }

  #say(text: string): void {
    this.#parts.status.textContent = text;
  }

  /** Once; then it goes, so that whoever reads through the page does not meet it twice. */
  #announce(text: string): void {
    const { announcer } = this.#parts;
    announcer.textContent = text;
    setTimeout(() => {
      if (announcer.textContent === text) announcer.textContent = "";
    }, 8000);
  }
}
