/** <yin-fawen>: asks the service and shows its answers. Attribute `api`: address of the API, if not beside the script. */

import { Asking } from "./asking.ts";
import { Composer } from "./composer.ts";
import { Display } from "./display.ts";
import { buildDock, type Dock } from "./dock.ts";
import { addStyle, prefers } from "./dom.ts";
import { followComposer, followKeyboard } from "./keyboard.ts";
import { buildLayout, type Parts, renderEraseQuestion, renderHistoryMissing } from "./layout.ts";
import { Memory } from "./memory.ts";
import { Notices } from "./notices.ts";
import { Service } from "./service.ts";
import { Talk } from "./talk.ts";
import { Thread } from "./thread.ts";
import { hush, readAloud } from "./tools.ts";
import type { Answer, StoredTurn, Verdict } from "./types.ts";
import css from "./widget.css";

/** Where the script came from; index.ts sets it. */
export const origin = { root: document.baseURI };

/** Puts the parts together; each of them knows one thing: the input, the conversation, questions on their way, notices. */
export class YinFawen extends HTMLElement {
  #service!: Service;
  #memory!: Memory;
  #talk!: Talk;
  #asking!: Asking;
  #composer!: Composer;
  #notices!: Notices;
  #display!: Display;
  #parts!: Parts;
  #dock: Dock | null = null;

  connectedCallback(): void {
    if (this.shadowRoot) return this.#talk.listen(); // moved within the page
    const base = new URL(this.getAttribute("api") ?? new URL("api/v1/", origin.root), document.baseURI).href;
    this.#service = new Service(base);
    this.#memory = new Memory(base);
    this.#build();
    this.#watch();
    this.#talk.load();
  }

  disconnectedCallback(): void {
    this.#talk.stop();
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
    this.#display.apply();
    this.#notices = new Notices(this.#parts);
    this.#joinTalk();
    this.#composer = new Composer(this.#parts, this.#service, {
      ask: (text, byButton) => this.#ask(text, byButton),
      say: (text) => this.#notices.say(text),
    });
    if (this.hasAttribute("dock")) this.#dock = buildDock(this.#parts, this.getAttribute("label"));
    this.#composer.takeOver(this.querySelector("textarea"));
    const shadow = this.attachShadow({ mode: "open" });
    addStyle(shadow, css);
    shadow.append(this.#parts.root);
    this.replaceChildren(); // the plain form has done its duty
    if (this.hasAttribute("open")) this.#dock?.open();
  }

  #joinTalk(): void {
    const seen = (): boolean => this.isConnected && !document.hidden;
    this.#talk = new Talk(this.#service, this.#memory, seen, {
      loaded: (turns) => this.#loaded(turns),
      news: (turn) => this.#asking.news(turn),
      cleared: (keepUnsent) => this.#cleared(keepUnsent),
      erased: () => this.#notices.say("这次对话已经删除。"),
    });
    const thread = new Thread(this.#parts.log, this.#service, {
      ask: (text) => this.#ask(text),
      say: (text) => this.#notices.say(text),
      judge: (turnId, verdict, reason) => this.#judge(turnId, verdict, reason),
      changed: (count) => this.#changed(count),
    });
    this.#asking = new Asking(this.#service, this.#memory, this.#talk, thread, this.#notices, {
      answered: (answer) => this.#answered(answer),
      rejected: (text) => this.#composer.giveBack(text),
      retry: () => this.#keepFocus(),
    });
  }

  #watch(): void {
    window.addEventListener("storage", (event) => {
      if (event.key === null || event.key === this.#memory.conversationKey) this.#talk.adopt(this.#memory.conversation);
    });
    window.addEventListener("online", () => this.#online());
    window.addEventListener("offline", () => this.#notices.offline());
    document.addEventListener("visibilitychange", () => this.#talk.visibilityChanged());
    followComposer(this.#parts.root, this.#parts.form);
    followKeyboard(this.#parts.root, () => this.#parts.log.lastElementChild?.scrollIntoView({ block: "nearest" }));
    if (!navigator.onLine) this.#notices.offline();
  }

  #ask(text: string, byButton = true): void {
    this.#composer.closeSuggestions();
    this.#asking.ask(text);
    if (byButton) this.#keepFocus();
  }

  #answered(answer: Answer): void {
    this.#dock?.news();
    if (this.#display.on("aloud") && "speechSynthesis" in window) readAloud(answer);
  }

  async #judge(turnId: string, verdict: Verdict, reason: string): Promise<void> {
    const conversation = this.#talk.current;
    if (conversation) await this.#service.giveFeedback(conversation, turnId, verdict, reason);
  }

  #loaded(turns: StoredTurn[] | null): void {
    if (turns) this.#notices.note();
    else this.#offerHistory();
    const { log } = this.#parts;
    this.#asking.resume(turns ?? [], log.firstChild);
    log.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  #offerHistory(): void {
    const again = (): void => {
      this.#composer.focus();
      this.#talk.load();
    };
    this.#notices.note(...renderHistoryMissing(again));
  }

  #cleared(keepUnsent: boolean): void {
    this.#asking.clear(keepUnsent);
    this.#notices.note();
    hush();
  }

  #restart(): void {
    this.#talk.restart();
    this.#composer.focus();
    this.#notices.say("已经开始新对话。");
  }

  #confirmErase(): void {
    const { notice } = this.#parts;
    const keep = (): void => {
      this.#notices.note();
      this.#composer.focus();
    };
    this.#notices.note(...renderEraseQuestion(() => void this.#erase(), keep));
    notice.querySelector("button")?.focus();
    notice.scrollIntoView({ block: "nearest" });
  }

  async #erase(): Promise<void> {
    try {
      await this.#talk.erase();
    } catch {
      return this.#notices.say("没有删成，请看看网络，过一会儿再删。");
    }
    this.#composer.focus();
    this.#notices.say("已经删除。");
  }

  #online(): void {
    this.#notices.note();
    this.#notices.say("网络连上了。");
    this.#asking.wake();
    this.#talk.listenAnew();
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
}
