/** The HTTP contract (bot/channels/web/openapi.yml) as types. */

export interface Citation {
  document: string;
  section: string;
  issuer: string | null;
  date: string;
  quote: string;
  verbatim: boolean;
  note: string | null;
  passage_id: string | null;
}

export interface Route {
  kind: string;
  name: string;
  number: string | null;
  link: string | null;
  why: string;
  basis: string;
}

export interface Answer {
  status: string;
  reason: string;
  text: string;
  citations: Citation[];
  routes: Route[];
  follow_ups: string[];
  release: string;
  matter: string | null;
}

export interface StoredTurn {
  turn_id: string;
  client_turn_id: string;
  text: string;
  created_at: string;
  answer: Answer | null;
  event_id: string | null;
  verdict: Verdict | null;
}

export interface ServiceEvent {
  id: string;
  event: "turn" | "erased";
  turn: StoredTurn | null;
}

export interface Conversation {
  conversation_id: string;
  token: string;
}

/** A question that is not answered yet. */
export interface Question {
  id: string;
  text: string;
}

export type Verdict = "good" | "bad";
