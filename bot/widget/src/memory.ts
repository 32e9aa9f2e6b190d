/** What the browser remembers: which conversation is ours, which questions have not got through, how things shall look. */

import type { Conversation, Question } from "./types.ts";

type Storage_ = "localStorage" | "sessionStorage";

/**
 * The conversation (id and token) stays for the next visit. Unsent questions are not masked yet, so they stay only as
 * long as the tab. Where storage is blocked or full everything still works, until the page is reloaded.
 */
export class Memory {
  readonly conversationKey: string;
  readonly #unsentKey: string;

  /** @param key tells apart services that share one origin */
  constructor(key: string) {
    this.conversationKey = `yin-fawen:conversation:${key}`;
    this.#unsentKey = `yin-fawen:unsent:${key}`;
  }

  get conversation(): Conversation | null {
    const saved = read("localStorage", this.conversationKey) as Conversation | null;
    return saved?.conversation_id && saved.token ? saved : null;
  }

  set conversation({ conversation_id, token }: Conversation) {
    write("localStorage", this.conversationKey, { conversation_id, token });
  }

  get unsent(): Question[] {
    const saved = read("sessionStorage", this.#unsentKey);
    return Array.isArray(saved) ? saved.filter((turn) => turn?.id && typeof turn.text === "string") : [];
  }

  keepUnsent({ id, text }: Question): void {
    write("sessionStorage", this.#unsentKey, [...this.unsent.filter((turn) => turn.id !== id), { id, text }]);
  }

  dropUnsent(id: string): void {
    write("sessionStorage", this.#unsentKey, this.unsent.filter((turn) => turn.id !== id));
  }

  forgetConversation(): void {
    remove("localStorage", this.conversationKey);
  }

  forgetAll(): void {
    this.forgetConversation();
    remove("sessionStorage", this.#unsentKey);
  }
}

const DISPLAY = "yin-fawen:display";

export function savedDisplay(): Record<string, unknown> {
  const saved = read("localStorage", DISPLAY);
  return saved && typeof saved === "object" ? (saved as Record<string, unknown>) : {};
}

export function saveDisplay(display: object): void {
  write("localStorage", DISPLAY, display);
}

function read(storage: Storage_, key: string): unknown {
  try {
    return JSON.parse(window[storage].getItem(key) ?? "null");
  } catch {
    return null; // storage blocked, or the value is not ours
  }
}

function write(storage: Storage_, key: string, value: unknown): void {
  try {
    window[storage].setItem(key, JSON.stringify(value));
  } catch {
    // Blocked or full: the page goes on without remembering.
  }
}

function remove(storage: Storage_, key: string): void {
  try {
    window[storage].removeItem(key);
  } catch {
    // Blocked: then nothing was stored either.
  }
}
