/** An Answer as DOM nodes. Links are only tel: and https:, and our own passage pages. */

import { button, make } from "./dom.ts";
import { findNumbers, safeLink } from "./numbers.ts";
import { shorten } from "./shorten.ts";
import type { Answer, Citation, Route } from "./types.ts";
import { titleOf } from "./words.ts";

export interface Choices {
  /** Called with a follow-up that the resident picks. */
  ask: (text: string) => void;
  /** Address of the page of a passage. */
  passagePage: (id: string) => string;
}

export function renderAnswer(answer: Answer, choices: Choices): HTMLElement {
  const routes = answer.routes ?? [];
  const crisis = answer.status === "crisis";
  const first = crisis ? emergencyRoutes(routes) : [];
  const rest = routes.filter((route) => !first.includes(route));
  return make(
    "div",
    { class: `answer ${/^[a-z]+$/.test(answer.status) ? answer.status : "error"}` },
    make("p", { class: "unseen", text: "答复：" }),
    first.length > 0 && make("ul", { class: "routes first" }, ...first.map(renderRoute)),
    renderText(String(answer.text ?? ""), routes, crisis),
    rest.length > 0 && make("ul", { class: "routes", "aria-label": "可以找谁" }, ...rest.map(renderRoute)),
    ...(answer.citations ?? []).map((citation) => renderCitation(citation, choices.passagePage)),
    renderFollowUps(answer.follow_ups ?? [], choices.ask),
  );
}

/** In a crisis the emergency numbers stand before any word; without one so marked, the first route counts as such. */
function emergencyRoutes(routes: Route[]): Route[] {
  const marked = routes.filter((route) => route.kind === "emergency");
  return marked.length > 0 ? marked : routes.slice(0, 1);
}

/**
 * A long text shows its first part. The rest stays in the page, so that screen readers and printers have all of it; what
 * gets the focus there (a number) opens it.
 */
function renderText(text: string, routes: Route[], whole: boolean): HTMLElement {
  const [first, rest] = whole ? [text, ""] : shorten(text);
  const paragraph = make("p", { class: "text" }, ...linked(first, routes));
  if (!rest) return paragraph;
  const hidden = make("span", { class: "rest" }, ...linked(rest, routes));
  paragraph.append(hidden);
  const box = make("div", { class: "long" }, paragraph);
  const more = button("展开全文", () => open(!box.hasAttribute("data-open")), { class: "more", "aria-expanded": "false" });
  const open = (wanted: boolean): void => {
    box.toggleAttribute("data-open", wanted);
    more.setAttribute("aria-expanded", String(wanted));
    more.textContent = wanted ? "收起" : "展开全文";
  };
  hidden.addEventListener("focusin", () => open(true));
  box.append(more);
  return box;
}

/** Text in which the phone numbers of the routes dial. */
export function linked(text: string, routes: Pick<Route, "number" | "link">[]): (Node | string)[] {
  return findNumbers(text, routes).map((piece) =>
    piece.href ? make("a", { class: "number", href: piece.href, text: piece.text }) : piece.text,
  );
}

function renderRoute(route: Route): HTMLElement {
  const href = safeLink(route.link);
  const label = [
    make("span", { class: "route-name", text: route.name }),
    route.number && make("span", { class: "route-number", text: route.number }),
  ];
  const outside = href?.startsWith("https:") ?? false;
  if (outside && href && !route.number) label.push(make("span", { class: "route-site", text: new URL(href).host }));
  if (outside) label.push(make("span", { class: "unseen", text: "（在新窗口打开）" }));
  const door = href
    ? make("a", { class: "door", href, ...(outside && { target: "_blank", rel: "noopener noreferrer" }) }, ...label)
    : make("div", { class: "door" }, ...label);
  return make(
    "li",
    {},
    door,
    route.why && make("p", { class: "why", text: route.why }),
    route.basis && make("p", { class: "basis" }, ...unbroken(`依据：${route.basis}`)),
  );
}

/** Dates stay on one line: 2026- at the end of one and 11-23 on the next is hard to read. */
function unbroken(text: string): (Node | string)[] {
  return text.split(/(\d{4}-\d{2}-\d{2})/).map((part, index) => (index % 2 ? make("span", { class: "date", text: part }) : part));
}

function renderCitation(citation: Citation, passagePage: (id: string) => string): HTMLElement {
  const title = titleOf(citation);
  const brief = citation.section && citation.section.length <= 12 ? citation.section : ""; // 第四十三条 tells more than the law's name alone
  const facts = [
    ["文件", title],
    ["章节", citation.section],
    ["发布单位", citation.issuer],
    ["日期", citation.date],
    ["说明", citation.note],
  ].filter(([, value]) => value);
  return make(
    "details",
    { class: "citation" },
    make("summary", {}, make("span", { class: "summary-label", text: "看依据" }), make("span", { text: title + brief })),
    make("p", { class: "quote-label", text: citation.verbatim === false ? "大意" : "原文" }),
    make("blockquote", { text: citation.quote }),
    make("dl", {}, ...facts.flatMap(([term, value]) => [make("dt", { text: term }), make("dd", { text: value })])),
    citation.passage_id &&
      make(
        "a",
        { class: "passage", href: passagePage(citation.passage_id), target: "_blank", rel: "noopener" },
        "看原文的前后文",
        make("span", { class: "unseen", text: "（在新窗口打开）" }),
      ),
  );
}

function renderFollowUps(texts: string[], ask: (text: string) => void): HTMLElement | null {
  if (texts.length === 0) return null;
  return make("div", { class: "follow-ups", role: "group", "aria-label": "接着问" }, ...renderChoices(texts, ask));
}

/** Quick replies: each button asks its own text. */
export function renderChoices(texts: string[], ask: (text: string) => void): HTMLElement[] {
  return texts.map((text) => button(text, () => ask(text), { class: "choice" }));
}
