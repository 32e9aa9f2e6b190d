/** What the browser remembers: which conversation is ours, and which questions have not got through yet. */

/**
 * The conversation (id and token) stays for the next visit. Unsent questions are not masked yet, so they stay only as
 * long as the tab. Where storage is blocked or full everything still works, until the page is reloaded.
 */
export class Memory {
  /** @param {string} key tells apart services that share one origin */
  constructor(key) {
    this.conversationKey = `yin-fawen:conversation:${key}`;
    this.unsentKey = `yin-fawen:unsent:${key}`;
  }

  get conversation() {
    const saved = read("localStorage", this.conversationKey);
    return saved?.conversation_id && saved.token ? saved : null;
  }

  set conversation({ conversation_id, token }) {
    write("localStorage", this.conversationKey, { conversation_id, token });
  }

  /** @returns {{id: string, text: string}[]} */
  get unsent() {
    const saved = read("sessionStorage", this.unsentKey);
    return Array.isArray(saved) ? saved.filter((turn) => turn?.id && typeof turn.text === "string") : [];
  }

  keepUnsent({ id, text }) {
    write("sessionStorage", this.unsentKey, [...this.unsent.filter((turn) => turn.id !== id), { id, text }]);
  }

  dropUnsent(id) {
    write("sessionStorage", this.unsentKey, this.unsent.filter((turn) => turn.id !== id));
  }

  forgetConversation() {
    remove("localStorage", this.conversationKey);
  }

  forgetAll() {
    this.forgetConversation();
    remove("sessionStorage", this.unsentKey);
  }
}

function read(storage, key) {
  try {
    return JSON.parse(window[storage].getItem(key));
  } catch {
    return null; // storage blocked, or the value is not ours
  }
}

function write(storage, key, value) {
  try {
    window[storage].setItem(key, JSON.stringify(value));
  } catch {
    // Blocked or full: the page goes on without remembering.
  }
}

function remove(storage, key) {
  try {
    window[storage].removeItem(key);
  } catch {
    // Blocked: then nothing was stored either.
  }
}
