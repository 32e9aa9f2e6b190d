/** An Answer as DOM nodes. All words enter as text nodes, never as markup; links are only tel: and https:. */

/** Makes an element; `text` sets its text, other properties become attributes (null and false leave them out). */
export function make(tag, { text, ...attributes } = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  if (text !== undefined) node.textContent = text;
  node.append(...children.filter(Boolean));
  return node;
}

/**
 * @param {object} answer as the API gives it
 * @param {(text: string) => void} ask called with a follow-up that the resident picks
 */
export function renderAnswer(answer, ask) {
  const routes = answer.routes ?? [];
  const first = answer.status === "crisis" ? emergencyRoutes(routes) : [];
  const rest = routes.filter((route) => !first.includes(route));
  return make(
    "div",
    { class: `answer ${knownStatus(answer.status)}` },
    make("p", { class: "unseen", text: "答复：" }),
    first.length > 0 && make("ul", { class: "routes first" }, ...first.map(renderRoute)),
    make("p", { class: "text" }, ...linkNumbers(String(answer.text ?? ""), routes)),
    rest.length > 0 && make("ul", { class: "routes", "aria-label": "可以找谁" }, ...rest.map(renderRoute)),
    ...(answer.citations ?? []).map(renderCitation),
    renderFollowUps(answer.follow_ups ?? [], ask),
  );
}

function knownStatus(status) {
  return /^[a-z]+$/.test(status) ? status : "error";
}

/** In a crisis the emergency numbers stand before any word; without one so marked, the first route counts as such. */
function emergencyRoutes(routes) {
  const marked = routes.filter((route) => route.kind === "emergency");
  return marked.length > 0 ? marked : routes.slice(0, 1);
}

function renderRoute(route) {
  const href = safeLink(route.link);
  const label = [
    make("span", { class: "route-name", text: route.name }),
    route.number && make("span", { class: "route-number", text: route.number }),
  ];
  const outside = href?.startsWith("https:");
  if (outside && !route.number) label.push(make("span", { class: "route-site", text: new URL(href).host }));
  if (outside) label.push(make("span", { class: "unseen", text: "（在新窗口打开）" }));
  const door = href
    ? make("a", { class: "door", href, ...(outside && { target: "_blank", rel: "noopener noreferrer" }) }, ...label)
    : make("div", { class: "door" }, ...label);
  return make(
    "li",
    {},
    door,
    route.why && make("p", { class: "why", text: route.why }),
    route.basis && make("p", { class: "basis", text: `依据：${route.basis}` }),
  );
}

/** @returns {string | null} the link in one spelling if it dials or leads to a secure page, else null */
function safeLink(link) {
  if (/^tel:[+\d][\d\- ]*$/.test(link ?? "")) return `tel:${link.slice(4).replace(/[- ]/g, "")}`;
  try {
    const address = new URL(link);
    return address.protocol === "https:" ? address.href : null;
  } catch {
    return null;
  }
}

function renderCitation(citation) {
  const title = citation.document.startsWith("《") ? citation.document : `《${citation.document}》`;
  const brief = citation.section?.length <= 12 ? citation.section : ""; // 第四十三条 tells more than the law's name alone
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
  );
}

function renderFollowUps(texts, ask) {
  if (texts.length === 0) return null;
  return make("div", { class: "follow-ups", role: "group", "aria-label": "接着问" }, ...renderChoices(texts, ask));
}

/** Quick replies: each button asks its own text. */
export function renderChoices(texts, ask) {
  return texts.map((text) => {
    const button = make("button", { type: "button", class: "choice", text });
    button.addEventListener("click", () => ask(text));
    return button;
  });
}

/** Text as nodes in which the phone numbers of the routes dial. Numbers that no route gave stay plain text. */
export function linkNumbers(text, routes) {
  const links = new Map();
  for (const route of routes) {
    const href = safeLink(route.link);
    if (href?.startsWith("tel:")) links.set(digitsOf(route.number ?? href), href);
  }
  links.delete("");
  if (links.size === 0) return [text];

  const longestFirst = [...links.keys()].sort((a, b) => b.length - a.length);
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(new RegExp(longestFirst.map(writtenForms).join("|"), "g"))) {
    const end = match.index + match[0].length;
    if (!isPhoneNumber(text.slice(0, match.index), text.slice(end))) continue;
    nodes.push(text.slice(done, match.index));
    nodes.push(make("a", { class: "number", href: links.get(digitsOf(match[0])), text: match[0] }));
    done = end;
  }
  return [...nodes, text.slice(done)];
}

function digitsOf(number) {
  return number.replace(/\D/g, "");
}

/** 0372-5139017 may be written 03725139017 or 0372 5139017; short numbers are written only one way. */
function writtenForms(digits) {
  return digits.length > 6 ? [...digits].join("[- ]?") : digits;
}

/** Not part of a longer number or an address (www.12348.gov.cn), and not an amount, article or date (120元, 第110条). */
function isPhoneNumber(before, after) {
  return !/[0-9A-Za-z.@\-第]$/.test(before) && !/^([0-9A-Za-z@]|[.\-][0-9A-Za-z]|[条元日天年月件万亿%％个次款项余多名])/.test(after);
}
