/** The input and what belongs to it: how much still fits, Enter and Escape, suggestions, speaking instead of typing. */

import { MAX_LENGTH, type Parts } from "./layout.ts";
import type { Service } from "./service.ts";
import { Suggestions } from "./suggest.ts";
import { voiceButton } from "./voice.ts";

const COUNT_FROM = 900;

export interface Composing {
  /** @param byButton the button that was pressed is gone by now, so the focus needs a place */
  ask: (text: string, byButton: boolean) => void;
  say: (text: string) => void;
}

export class Composer {
  readonly #suggestions: Suggestions;

  constructor(
    private readonly parts: Pick<Parts, "form" | "input" | "inputRow" | "count">,
    service: Service,
    private readonly on: Composing,
  ) {
    const { form, input, inputRow } = parts;
    this.#suggestions = new Suggestions(service, (text) => this.#send(text, true), on.say);
    form.insertBefore(this.#suggestions.node, inputRow);
    const voice = voiceButton(() => (input.value ? `${input.value.trimEnd()} ` : ""), (text) => this.#write(text), on.say);
    if (voice) inputRow.insertBefore(voice, inputRow.lastElementChild);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.addEventListener("keydown", (event) => this.#onEscape(event));
    input.addEventListener("keydown", (event) => this.#onEnter(event));
    input.addEventListener("input", () => {
      this.#count();
      this.#suggestions.typed(input.value);
    });
  }

  focus(): void {
    this.parts.input.focus();
  }

  closeSuggestions(): void {
    this.#suggestions.close();
  }

  /** What someone typed into the plain form before the widget could start. */
  takeOver(plain: HTMLTextAreaElement | null): void {
    if (!plain) return;
    const focused = plain === document.activeElement;
    this.#write(plain.value);
    if (focused) setTimeout(() => this.focus());
  }

  /** Back into the input, unless the resident is writing something else. */
  giveBack(text: string): void {
    if (!this.parts.input.value) this.#write(text);
  }

  #onEscape(event: KeyboardEvent): void {
    if (event.key !== "Escape" || this.#suggestions.node.hidden) return;
    event.stopPropagation();
    this.focus();
    this.#suggestions.close();
  }

  #onEnter(event: KeyboardEvent): void {
    // keyCode 229: the key belongs to the input method (Safari tells so only this way).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #submit(): void {
    const text = this.parts.input.value.trim();
    this.focus();
    if (!text) return this.on.say("请先写下您的问题。");
    this.#send(text, false);
  }

  #send(text: string, byButton: boolean): void {
    this.#write("");
    this.on.ask(text, byButton);
  }

  #write(text: string): void {
    this.parts.input.value = text.slice(0, MAX_LENGTH);
    this.#count();
  }

  #count(): void {
    const length = this.parts.input.value.length;
    this.parts.count.textContent = length >= COUNT_FROM ? `还能写 ${MAX_LENGTH - length} 个字` : "";
    if (length === MAX_LENGTH) this.on.say(`最多写 ${MAX_LENGTH} 个字，已经写满。`);
  }
}
