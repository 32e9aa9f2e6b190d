/** News of the conversation: server-sent events, a long poll where they do not get through, again after each break. */

import { ServiceError, type Service } from "./service.ts";
import type { Conversation, ServiceEvent } from "./types.ts";

const SILENCE_MS = 40_000; // the service sends a heartbeat every 15 seconds
const FIRST_BYTE_MS = 8_000; // later than that something on the way collects the stream instead of passing it on
const PAUSES_MS = [1_000, 3_000, 8_000, 20_000, 60_000];

/** Cuts what arrives into events (https://html.spec.whatwg.org/multipage/server-sent-events.html); comments fall away. */
export class EventParser {
  #rest = "";

  push(chunk: string): ServiceEvent[] {
    const blocks = (this.#rest + chunk).split(/\r\n\r\n|\n\n|\r\r/);
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap(parseBlock);
  }
}

function parseBlock(block: string): ServiceEvent[] {
  const data = block
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).replace(/^ /, ""))
    .join("\n");
  if (!data) return [];
  try {
    return [JSON.parse(data) as ServiceEvent];
  } catch {
    return []; // not ours
  }
}

export interface Listening {
  event: (event: ServiceEvent) => void;
  gone: () => void;
}

/** Listens while it is started; knows which event was the last, so nothing is missed between two connections. */
export class Listener {
  lastId = "";
  #abort: AbortController | null = null;
  #failures = 0;
  #polls = false;

  constructor(
    private readonly service: Service,
    private readonly on: Listening,
  ) {}

  /** Also after a pause: it goes on where it stopped. */
  start(conversation: Conversation): void {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    void this.#run(conversation, abort.signal);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = null;
    this.#failures = 0;
  }

  async #run(conversation: Conversation, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await (this.#polls ? this.#poll(conversation, signal) : this.#stream(conversation, signal));
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ServiceError && error.kind === "gone") {
          this.stop();
          this.on.gone();
          return;
        }
        const pause = PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length - 1)] ?? 60_000;
        this.#failures += 1;
        const busy = error instanceof ServiceError ? error.retryAfter * 1000 : 0;
        await sleep(Math.max(pause, busy), signal);
      }
    }
  }

  async #poll(conversation: Conversation, signal: AbortSignal): Promise<void> {
    for (const event of await this.service.poll(conversation, this.lastId, signal)) this.#take(event, signal);
  }

  async #stream(conversation: Conversation, signal: AbortSignal): Promise<void> {
    const abort = new AbortController();
    const leave = (): void => abort.abort();
    signal.addEventListener("abort", leave);
    let heard = false;
    let timer = setTimeout(leave, FIRST_BYTE_MS);
    try {
      const response = await this.service.stream(conversation, this.lastId, abort.signal);
      if (!response.body || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
        this.#polls = true;
        return;
      }
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      const parser = new EventParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        heard = true;
        clearTimeout(timer);
        timer = setTimeout(leave, SILENCE_MS);
        for (const event of parser.push(decoder.decode(value, { stream: true }))) this.#take(event, signal);
      }
      await sleep(PAUSES_MS[0] ?? 1_000, signal); // the service ended it, perhaps to start anew
    } catch (error) {
      if (abort.signal.aborted && !signal.aborted && !heard) this.#polls = true;
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
    }
  }

  #take(event: ServiceEvent, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (event.id) this.lastId = event.id;
    this.on.event(event);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
