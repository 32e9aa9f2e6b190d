/** The HTTP contract of the service. Every failure becomes a ServiceError whose kind says what the resident can do. */

const KIND_OF_STATUS = { 401: "gone", 404: "gone", 409: "conflict", 413: "rejected", 422: "rejected", 429: "busy" };
const SEND_TIMEOUT_MS = 30_000;
const HISTORY_TIMEOUT_MS = 10_000;

/**
 * kind: network (not reached), slow (no reply in time), gone (conversation unknown), conflict (turn id used for another
 * text), rejected (text too long or empty), busy (too many questions; retryAfter in seconds), broken (anything else).
 */
export class ServiceError extends Error {
  constructor(kind, { detail = "", retryAfter = 0 } = {}) {
    super(detail || kind);
    this.kind = kind;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

export class Service {
  /** @param {string} base address of the API, such as https://example.org/api/v1/ */
  constructor(base) {
    this.base = base.endsWith("/") ? base : `${base}/`;
  }

  /** @returns {Promise<{conversation_id: string, token: string}>} */
  async createConversation() {
    const conversation = await this.#call("conversations", { method: "POST", timeout: SEND_TIMEOUT_MS });
    if (!conversation?.conversation_id || !conversation.token) throw new ServiceError("broken");
    return conversation;
  }

  /** Sends one question; calling again with the same turn id gives the same answer and stores nothing new. */
  async sendTurn(conversation, { id, text }) {
    const path = turnsPath(conversation);
    const body = { text, client_turn_id: id };
    const turn = await this.#call(path, { method: "POST", token: conversation.token, body, timeout: SEND_TIMEOUT_MS });
    if (!turn?.answer) throw new ServiceError("broken");
    return turn;
  }

  async history(conversation) {
    const options = { method: "GET", token: conversation.token, timeout: HISTORY_TIMEOUT_MS };
    const { turns } = (await this.#call(turnsPath(conversation), options)) ?? {};
    if (!Array.isArray(turns)) throw new ServiceError("broken");
    return turns;
  }

  async #call(path, { method, token, body, timeout }) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeout);
    const headers = { Accept: "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    try {
      const response = await fetch(new URL(path, this.base), {
        method,
        headers,
        body: body && JSON.stringify(body),
        signal: abort.signal,
        credentials: "omit",
        cache: "no-store",
      });
      const data = await readJson(response);
      if (!response.ok) throw errorFrom(response, data);
      return data;
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      throw new ServiceError(abort.signal.aborted ? "slow" : "network");
    } finally {
      clearTimeout(timer);
    }
  }
}

function turnsPath(conversation) {
  return `conversations/${encodeURIComponent(conversation.conversation_id)}/turns`;
}

/** Null when the body is not JSON; a body cut off by the network throws, and counts as a network failure. */
async function readJson(response) {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function errorFrom(response, problem) {
  const kind = KIND_OF_STATUS[response.status] ?? "broken";
  const detail = typeof problem?.detail === "string" ? problem.detail : "";
  return new ServiceError(kind, { detail, retryAfter: secondsToWait(response.headers.get("Retry-After")) });
}

/** Retry-After holds seconds or a date. */
function secondsToWait(header) {
  if (!header) return 0;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : 0;
}

/** A random UUID. crypto.randomUUID exists only on https and localhost; a counter may open the page as http://10.0.0.5. */
export function newId() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
