/** <yin-fawen>: asks the service and shows its answers. Attribute `api`: address of the API, if not beside this file. */

import { newId, Service } from "./api.js";
import { buildLayout, MAX_LENGTH, renderFailure, renderHistoryMissing, renderTurn, renderWaiting } from "./layout.js";
import { Memory } from "./memory.js";
import { renderAnswer } from "./render.js";

const COUNT_FROM = 900;
const SLOW_MS = 1500;
const STILL_WAITING = "上一个问题还没答完，请稍等。";

/** A turn on the page: {id, text, node}; `reply` within the node holds the answer, the waiting sign or the failure. */
class YinFawen extends HTMLElement {
  #service;
  #memory;
  #conversation = null;
  #historyLoaded;
  #shown = new Map();
  #waitingFor = null;
  #parts;

  connectedCallback() {
    if (this.shadowRoot) return; // moved within the page
    const base = new URL(this.getAttribute("api") ?? new URL("../api/v1/", import.meta.url), document.baseURI).href;
    this.#service = new Service(base);
    this.#memory = new Memory(base);
    this.#conversation = this.#memory.conversation;
    this.#build();
    this.#historyLoaded = this.#loadHistory();
  }

  #build() {
    const { style, root, form, ...parts } = buildLayout((text) => this.#ask(text));
    this.#parts = parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    parts.input.addEventListener("keydown", (event) => this.#onKey(event));
    parts.input.addEventListener("input", () => this.#count());
    parts.restart.addEventListener("click", () => this.#restart());
    this.attachShadow({ mode: "open" }).append(style, root);
  }

  #onKey(event) {
    // keyCode 229: the key belongs to the input method (Safari tells so only this way).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #count() {
    const { input, count } = this.#parts;
    const length = input.value.length;
    count.textContent = length >= COUNT_FROM ? `还能写 ${MAX_LENGTH - length} 个字` : "";
    if (length === MAX_LENGTH) this.#say(`最多写 ${MAX_LENGTH} 个字，已经写满。`);
  }

  #submit() {
    const { input } = this.#parts;
    const text = input.value.trim();
    input.focus();
    if (!text) return this.#say("请先写下您的问题。");
    if (this.#ask(text, true)) {
      input.value = "";
      this.#count();
    }
  }

  /** Sends a question, one at a time. @returns {boolean} whether it was taken */
  #ask(text, typed = false) {
    if (this.#waitingFor) {
      this.#say(STILL_WAITING);
      return false;
    }
    const turn = this.#addTurn({ id: newId(), text });
    this.#memory.keepUnsent(turn);
    if (!typed) this.#keepFocus();
    this.#deliver(turn);
    return true;
  }

  async #deliver(turn) {
    this.#wait(turn);
    try {
      await this.#historyLoaded;
      const answer = await this.#post(turn);
      if (this.#isDropped(turn)) return;
      this.#memory.dropUnsent(turn.id);
      this.#showAnswer(turn, answer);
    } catch (error) {
      if (!this.#isDropped(turn)) this.#showFailure(turn, error);
    } finally {
      if (this.#waitingFor === turn) this.#wait(null);
    }
  }

  /** Posts the turn, once more in a new conversation if ours is gone, or under a new id if its id was used up. */
  async #post(turn, again = false) {
    try {
      if (!this.#conversation) {
        const conversation = await this.#service.createConversation();
        if (this.#isDropped(turn)) return null;
        this.#remember(conversation);
      }
      return (await this.#service.sendTurn(this.#conversation, turn)).answer;
    } catch (error) {
      if (again || this.#isDropped(turn)) throw error;
      if (error.kind === "gone") this.#forget();
      else if (error.kind === "conflict") this.#rename(turn);
      else throw error;
      return this.#post(turn, true);
    }
  }

  /** Whether a new conversation was begun while we waited for this turn; then its answer no longer belongs here. */
  #isDropped(turn) {
    return this.#shown.get(turn.id) !== turn;
  }

  #remember(conversation) {
    this.#conversation = conversation;
    this.#memory.conversation = conversation;
  }

  #forget() {
    this.#conversation = null;
    this.#memory.forgetConversation();
  }

  #rename(turn) {
    this.#memory.dropUnsent(turn.id);
    this.#shown.delete(turn.id);
    turn.id = newId();
    this.#shown.set(turn.id, turn);
    this.#memory.keepUnsent(turn);
  }

  async #loadHistory() {
    const { log, notice } = this.#parts;
    const conversation = this.#conversation;
    let turns = [];
    notice.hidden = true;
    try {
      if (conversation) turns = await this.#service.history(conversation);
    } catch (error) {
      if (this.#conversation === conversation) error.kind === "gone" ? this.#forget() : this.#offerHistory();
    }
    if (this.#conversation !== conversation && turns.length > 0) return; // a new conversation was begun meanwhile
    log.setAttribute("aria-live", "off"); // old turns are not news
    const before = log.firstChild;
    for (const { client_turn_id: id, text, answer } of turns) {
      if (!answer) continue; // still being answered; our own unsent copy asks for it again
      this.#memory.dropUnsent(id);
      const turn = this.#shown.get(id) ?? this.#addTurn({ id, text }, before);
      this.#fill(turn, renderAnswer(answer, (words) => this.#ask(words)));
    }
    for (const turn of this.#memory.unsent) {
      if (!this.#shown.has(turn.id)) this.#showFailure(this.#addTurn(turn), { kind: "unsent" });
    }
    this.#tidy();
    await this.#parts.styled;
    log.lastElementChild?.scrollIntoView({ block: "nearest" });
    setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
  }

  #offerHistory() {
    const { notice, input } = this.#parts;
    const again = () => {
      input.focus();
      this.#historyLoaded = this.#loadHistory();
    };
    notice.replaceChildren(...renderHistoryMissing(again));
    notice.hidden = false;
  }

  #addTurn({ id, text }, before = null) {
    const turn = { id, text, node: renderTurn(text) };
    this.#shown.set(id, turn);
    this.#parts.log.insertBefore(turn.node, before);
    this.#tidy();
    return turn;
  }

  #fill(turn, ...nodes) {
    turn.node.lastElementChild.replaceChildren(...nodes);
  }

  /** Only the newest answer offers follow-ups; the welcome stands only while nothing was asked. */
  #tidy() {
    const { log, welcome, restart } = this.#parts;
    const turns = [...log.children];
    for (const node of turns.slice(0, -1)) node.querySelector(".follow-ups")?.remove();
    welcome.hidden = turns.length > 0;
    restart.hidden = turns.length === 0;
  }

  #wait(turn) {
    this.#waitingFor = turn;
    this.#parts.send.setAttribute("aria-disabled", String(Boolean(turn))); // not `disabled`: that would drop the focus
    if (!turn) return this.#say("");
    this.#fill(turn, renderWaiting());
    this.#show(turn);
    setTimeout(() => this.#waitingFor === turn && this.#say("正在查，请稍等。"), SLOW_MS);
  }

  #showAnswer(turn, answer) {
    this.#fill(turn, renderAnswer(answer, (text) => this.#ask(text)));
    this.#tidy();
    this.#show(turn);
  }

  #showFailure(turn, error) {
    if (error.kind === "rejected") this.#giveBack(turn);
    const retry = () => {
      if (this.#waitingFor) return this.#say(STILL_WAITING);
      this.#keepFocus();
      this.#deliver(turn);
    };
    this.#fill(turn, renderFailure(error, retry));
    this.#show(turn);
  }

  /** The service will never take this text: back into the input, unless the resident is writing something else. */
  #giveBack(turn) {
    const { input } = this.#parts;
    this.#memory.dropUnsent(turn.id);
    if (!input.value) input.value = turn.text;
    this.#count();
  }

  #restart() {
    this.#conversation = null;
    this.#memory.forgetAll();
    this.#shown.clear();
    this.#wait(null);
    this.#parts.notice.hidden = true;
    this.#parts.log.replaceChildren();
    this.#tidy();
    this.#parts.input.focus();
    this.#say("已经开始新对话。");
  }

  /** After a button that vanishes: to the input, but on touch screens to the log, where no keyboard pops up. */
  #keepFocus() {
    const touch = matchMedia("(hover: none) and (pointer: coarse)").matches;
    this.#parts[touch ? "log" : "input"].focus({ preventScroll: true });
  }

  /** "nearest": as little movement as possible, and the beginning of a turn that is higher than the window. */
  #show(turn) {
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    turn.node.scrollIntoView({ block: "nearest", behavior });
  }

  #say(text) {
    this.#parts.status.textContent = text;
  }
}

customElements.define("yin-fawen", YinFawen);
