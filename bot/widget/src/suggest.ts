/** Known questions beside the input while someone types. */

import { button, make } from "./dom.ts";
import type { Service } from "./service.ts";

const PAUSE_MS = 250;
const SHORTEST = 2;
const LONGEST = 30;
const PRIVATE = /\d[\d\s-]{5,}/; // what may be a number of one's own is not sent while it is being typed

export function worthAsking(typed: string): boolean {
  const text = typed.trim();
  return text.length >= SHORTEST && text.length <= LONGEST && !PRIVATE.test(text) && !text.includes("\n");
}

export class Suggestions {
  readonly node = make("div", { class: "suggestions", role: "group", "aria-label": "您是不是想问", hidden: true });
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly service: Service,
    private readonly pick: (text: string) => void,
    private readonly say: (text: string) => void,
  ) {}

  typed(text: string): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    if (!worthAsking(text)) return this.close();
    this.#timer = setTimeout(() => void this.#fetch(text.trim()), PAUSE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.node.hidden = true;
    this.node.replaceChildren();
  }

  async #fetch(text: string): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const found = await this.service.suggestions(text, abort.signal).catch(() => []); // no help is no trouble
    if (abort.signal.aborted) return;
    const news = this.node.hidden && found.length > 0;
    this.node.replaceChildren(...found.map((question) => button(question, () => this.pick(question), { class: "suggestion" })));
    this.node.hidden = found.length === 0;
    if (news) this.say("有相近的问题，按 Shift 加 Tab 可以选。");
  }
}
