/** Which conversation is ours: opened when needed, fetched after a reload, shared among tabs, listened to, ended. */

import type { Memory } from "./memory.ts";
import { type Service, ServiceError } from "./service.ts";
import { Listener } from "./stream.ts";
import type { Conversation, ServiceEvent, StoredTurn } from "./types.ts";

const HIDDEN_MS = 5000; // a page in the background needs no open connection

export interface TalkEvents {
  /** What was said before, oldest first; null when it could not be fetched. */
  loaded: (turns: StoredTurn[] | null) => void;
  /** An answer that came late, or belongs to another tab's question. */
  news: (turn: StoredTurn) => void;
  /** A new beginning. @param keepUnsent questions on their way go into the next conversation */
  cleared: (keepUnsent: boolean) => void;
  /** Ended somewhere else. */
  erased: () => void;
}

export class Talk {
  readonly #listener: Listener;
  #conversation: Conversation | null;
  #loaded: Promise<void> = Promise.resolve();
  #epoch = 0;
  #hidden: ReturnType<typeof setTimeout> | undefined;

  /** @param seen whether somebody can see the widget now */
  constructor(
    private readonly service: Service,
    private readonly memory: Memory,
    private readonly seen: () => boolean,
    private readonly on: TalkEvents,
  ) {
    this.#conversation = memory.conversation;
    this.#listener = new Listener(service, { event: (event) => this.#news(event), gone: () => this.forget() });
  }

  /** Counts new beginnings; what belongs to an earlier one is dropped. */
  get epoch(): number {
    return this.#epoch;
  }

  get current(): Conversation | null {
    return this.#conversation;
  }

  /** Fetches what was said before, then listens. */
  load(): void {
    this.#loaded = this.#load();
  }

  /** The conversation, once its history is there; a new one when there is none. */
  async ready(): Promise<Conversation> {
    await this.#loaded;
    return this.#conversation ?? this.#open();
  }

  listen(): void {
    if (this.#conversation && this.seen()) this.#listener.start(this.#conversation);
  }

  stop(): void {
    this.#listener.stop();
  }

  /** A connection from before a break may be dead without knowing. */
  listenAnew(): void {
    this.stop();
    this.listen();
  }

  /** The page came to the front or went to the back. */
  visibilityChanged(): void {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.stop(), HIDDEN_MS);
    else this.listen();
  }

  /** Another tab began a conversation, or ended ours. */
  adopt(next: Conversation | null): void {
    if (next?.conversation_id === this.#conversation?.conversation_id) return;
    const mine = this.#conversation;
    if (!next || mine) this.#clear(next !== null);
    this.#conversation = next;
    if (next) this.load();
  }

  /** The service does not know it any more. */
  forget(): void {
    this.#end();
    this.memory.forgetConversation();
  }

  restart(): void {
    this.#clear();
    this.memory.forgetAll();
  }

  /** Also on the service; throws ServiceError when that failed, and nothing has changed then. */
  async erase(): Promise<void> {
    try {
      this.stop();
      if (this.#conversation) await this.service.erase(this.#conversation);
    } catch (error) {
      if (!(error instanceof ServiceError && error.kind === "gone")) {
        this.listen();
        throw error;
      }
    }
    this.restart();
  }

  async #load(): Promise<void> {
    const conversation = this.#conversation;
    const epoch = this.#epoch;
    let turns: StoredTurn[] | null = [];
    try {
      if (conversation) turns = await this.service.history(conversation);
    } catch (error) {
      if (this.#epoch !== epoch) return;
      if (error instanceof ServiceError && error.kind === "gone") this.forget();
      else turns = null;
    }
    if (this.#epoch !== epoch) return; // a new conversation was begun meanwhile
    for (const { answer, event_id } of turns ?? []) {
      if (answer && event_id && Number(event_id) > Number(this.#listener.lastId)) this.#listener.lastId = event_id;
    }
    this.on.loaded(turns);
    this.listen();
  }

  /** The conversation that another tab has just opened, or a new one; tabs do not open two at once. */
  async #open(): Promise<Conversation> {
    const epoch = this.#epoch;
    const conversation = await oneTabAtATime(this.memory.conversationKey, async () => {
      const opened = this.memory.conversation ?? (await this.service.createConversation());
      if (epoch !== this.#epoch) throw new ServiceError("broken"); // begun anew meanwhile: nobody waits for this
      this.#conversation = this.memory.conversation = opened;
      return opened;
    });
    this.listen();
    return conversation;
  }

  #news({ event, turn }: ServiceEvent): void {
    if (event === "erased") {
      this.restart();
      this.on.erased();
    } else if (turn) {
      this.on.news(turn);
    }
  }

  #clear(keepUnsent = false): void {
    this.#epoch += 1;
    this.#end();
    this.on.cleared(keepUnsent);
  }

  #end(): void {
    this.stop();
    this.#listener.lastId = "";
    this.#conversation = null;
  }
}

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
