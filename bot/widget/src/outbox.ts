/** Questions on their way: sent one after another in their order, again and again until each has its answer. */

import { ServiceError } from "./service.ts";
import type { Question } from "./types.ts";

const PAUSES_S = [4, 8, 15, 30, 60];

export interface OutboxEvents<Done> {
  /** Sends one question; must be harmless when repeated. */
  send: (question: Question) => Promise<Done>;
  sending: (question: Question) => void;
  answered: (question: Question, done: Done) => void;
  /** It will be tried again by itself after `seconds`, sooner on `wake`. */
  delayed: (question: Question, error: ServiceError, seconds: number) => void;
  /** It will never be taken and has left the outbox. */
  rejected: (question: Question, error: ServiceError) => void;
}

export class Outbox<Done> {
  #waiting: Question[] = [];
  #running: Question | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(private readonly on: OutboxEvents<Done>) {}

  get size(): number {
    return this.#waiting.length;
  }

  has(id: string): boolean {
    return this.#waiting.some((question) => question.id === id);
  }

  add(question: Question): void {
    this.#waiting.push(question);
    if (this.#timer === undefined) void this.#work();
  }

  /** Try again now: the network is back, or the resident asks for it. */
  wake(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#work();
  }

  /** Leave one out: its answer came another way. What its sending still brings is ignored. */
  drop(id: string): void {
    const first = this.#waiting[0]?.id === id;
    this.#waiting = this.#waiting.filter((question) => question.id !== id);
    if (this.#running?.id === id) this.#running = null;
    if (first) this.#failures = 0;
    if (first) this.wake();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#running = null;
    this.#failures = 0;
  }

  async #work(): Promise<void> {
    const question = this.#waiting[0];
    if (!question || this.#running) return;
    this.#running = question;
    this.on.sending(question);
    let done: Done | undefined;
    let failure: ServiceError | undefined;
    try {
      done = await this.on.send(question);
    } catch (error) {
      failure = error instanceof ServiceError ? error : new ServiceError("broken");
    }
    if (this.#running !== question) return; // dropped meanwhile
    this.#running = null;
    if (failure) this.#failed(question, failure);
    else this.#answered(question, done as Done);
  }

  #answered(question: Question, done: Done): void {
    this.#failures = 0;
    this.#waiting.shift();
    this.on.answered(question, done);
    void this.#work();
  }

  #failed(question: Question, error: ServiceError): void {
    if (error.kind === "rejected") {
      this.#waiting.shift();
      this.on.rejected(question, error);
      void this.#work();
      return;
    }
    const pause = PAUSES_S[Math.min(this.#failures, PAUSES_S.length - 1)] ?? 60;
    const seconds = error.kind === "busy" ? Math.max(error.retryAfter, 1) : pause;
    this.#failures += 1;
    this.#timer = setTimeout(() => this.wake(), seconds * 1000);
    this.on.delayed(question, error, seconds);
  }
}
