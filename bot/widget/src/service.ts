/** The HTTP contract of the service. Every failure becomes a ServiceError whose kind says what the resident can do. */

import type { Answer, Conversation, Question, ServiceEvent, StoredTurn, Verdict } from "./types.ts";

/**
 * network (not reached), slow (no reply in time), gone (conversation unknown), conflict (turn id used for another text),
 * rejected (text too long or empty), busy (too many questions; retryAfter in seconds), broken (anything else).
 */
export type Kind = "network" | "slow" | "gone" | "conflict" | "rejected" | "busy" | "broken";

const KIND_OF_STATUS: Record<number, Kind> = { 401: "gone", 404: "gone", 409: "conflict", 413: "rejected", 422: "rejected", 429: "busy" };
const SEND_TIMEOUT_MS = 30_000;
const READ_TIMEOUT_MS = 10_000;

export class ServiceError extends Error {
  constructor(
    readonly kind: Kind,
    readonly detail = "",
    readonly retryAfter = 0,
  ) {
    super(detail || kind);
  }
}

interface Call {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  token?: string;
  body?: unknown;
  timeout?: number;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export class Service {
  readonly base: string;

  /** @param base address of the API, such as https://example.org/api/v1/ */
  constructor(base: string) {
    this.base = base.endsWith("/") ? base : `${base}/`;
  }

  async createConversation(): Promise<Conversation> {
    const made = (await this.#call("conversations", { method: "POST", timeout: SEND_TIMEOUT_MS })) as Conversation | null;
    if (!made?.conversation_id || !made.token) throw new ServiceError("broken");
    return made;
  }

  /** Sends one question; calling again with the same turn id gives the same answer and stores nothing new. */
  async sendTurn(conversation: Conversation, { id, text }: Question): Promise<{ turn_id: string; answer: Answer }> {
    const call: Call = { method: "POST", body: { text, client_turn_id: id }, timeout: SEND_TIMEOUT_MS };
    const turn = (await this.#mine(conversation, "/turns", call)) as { turn_id: string; answer: Answer } | null;
    if (!turn?.answer) throw new ServiceError("broken");
    return turn;
  }

  async history(conversation: Conversation): Promise<StoredTurn[]> {
    const { turns } = ((await this.#mine(conversation, "/turns")) ?? {}) as { turns?: StoredTurn[] };
    if (!Array.isArray(turns)) throw new ServiceError("broken");
    return turns;
  }

  async erase(conversation: Conversation): Promise<void> {
    await this.#mine(conversation, "", { method: "DELETE", timeout: SEND_TIMEOUT_MS });
  }

  async giveFeedback(conversation: Conversation, turnId: string, verdict: Verdict, reason: string): Promise<void> {
    const body = reason ? { verdict, reason } : { verdict };
    await this.#mine(conversation, `/turns/${encodeURIComponent(turnId)}/feedback`, { method: "PUT", body });
  }

  async suggestions(typed: string, signal: AbortSignal): Promise<string[]> {
    const found = (await this.#call(`suggestions?q=${encodeURIComponent(typed)}`, { signal })) as { suggestions?: string[] } | null;
    return Array.isArray(found?.suggestions) ? found.suggestions.filter((text) => typeof text === "string") : [];
  }

  /** Opens the stream of events after `lastId`. */
  async stream(conversation: Conversation, lastId: string, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: "text/event-stream" };
    if (lastId) headers["Last-Event-ID"] = lastId;
    return this.#fetch(`${path(conversation)}/events`, { token: conversation.token, headers, signal });
  }

  /** Waits for the events after `lastId`, where a stream does not get through; empty when none came. */
  async poll(conversation: Conversation, lastId: string, signal: AbortSignal): Promise<ServiceEvent[]> {
    const headers: Record<string, string> = lastId ? { "Last-Event-ID": lastId } : {};
    const found = (await this.#mine(conversation, "/events?wait=25", { headers, signal, timeout: 40_000 })) as { events?: ServiceEvent[] } | null;
    if (!Array.isArray(found?.events)) throw new ServiceError("broken");
    return found.events;
  }

  /** Address of the page that shows a passage in its document. */
  passagePage(id: string): string {
    return new URL(`../../passages/${id.split("/").map(encodeURIComponent).join("/")}`, this.base).href;
  }

  #mine(conversation: Conversation, rest: string, call: Call = {}): Promise<unknown> {
    return this.#call(path(conversation) + rest, { ...call, token: conversation.token });
  }

  async #call(path: string, { timeout = READ_TIMEOUT_MS, signal, ...call }: Call): Promise<unknown> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    signal?.addEventListener("abort", () => abort.abort());
    try {
      return await readJson(await this.#fetch(path, { ...call, signal: abort.signal }));
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      throw new ServiceError(abort.signal.aborted ? "slow" : "network");
    } finally {
      clearTimeout(timer);
    }
  }

  async #fetch(path: string, { method = "GET", token, body, headers = {}, signal }: Call): Promise<Response> {
    const all: Record<string, string> = { Accept: "application/json", ...headers };
    if (token) all.Authorization = `Bearer ${token}`;
    if (body) all["Content-Type"] = "application/json";
    const response = await fetch(new URL(path, this.base), {
      method,
      headers: all,
      body: body ? JSON.stringify(body) : null,
      signal: signal ?? null,
      credentials: "omit",
      cache: "no-store",
    });
    if (!response.ok) throw errorFrom(response, (await readJson(response)) as { detail?: unknown } | null);
    return response;
  }
}

function path(conversation: Conversation): string {
  return `conversations/${encodeURIComponent(conversation.conversation_id)}`;
}

/** Null when the body is not JSON; a body cut off by the network throws, and counts as a network failure. */
async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function errorFrom(response: Response, problem: { detail?: unknown } | null): ServiceError {
  const detail = typeof problem?.detail === "string" ? problem.detail : "";
  return new ServiceError(KIND_OF_STATUS[response.status] ?? "broken", detail, secondsToWait(response.headers.get("Retry-After")));
}

/** Retry-After holds seconds or a date. */
function secondsToWait(header: string | null): number {
  if (!header) return 0;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : 0;
}

/** A random UUID. crypto.randomUUID exists only on https and localhost; a counter may open the page as http://10.0.0.5. */
export function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
