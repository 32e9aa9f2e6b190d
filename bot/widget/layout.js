/** The fixed parts of the widget, and a turn before it has an answer. */

import { linkNumbers, make, renderChoices } from "./render.js";

export const MAX_LENGTH = 1000; // the service refuses longer questions
const STARTERS = ["法律援助热线电话是多少？", "怎么申请法律援助？", "怎么找村里的法律顾问？", "邻里有矛盾，找谁调解？"];
const HOTLINE = { number: "12348", link: "tel:12348" };
const FAILURE = {
  network: "没有连上网络，这句话可能没有送到。请看看网络，再点“重试”。不会重复提交。",
  slow: "等了很久没有收到答复。请点“重试”。不会重复提交。",
  unsent: "这句话还没有得到答复。请点“重试”。不会重复提交。",
  broken: "系统这会儿出了点问题。请点“重试”，或者直接打 12348。",
};

/**
 * @param {(text: string) => void} ask called with the question that the resident picks
 * @returns the nodes, and `styled`: resolved when the style has come and the widget shows
 */
export function buildLayout(ask) {
  const parts = {
    restart: make("button", { type: "button", class: "restart", text: "新对话", hidden: true }),
    notice: make("div", { class: "notice", hidden: true }),
    welcome: buildWelcome(ask),
    log: make("div", { class: "log", role: "log", "aria-label": "对话", "aria-live": "polite", tabindex: "-1" }),
    status: make("p", { class: "unseen", role: "status" }),
    input: make("textarea", {
      id: "question",
      rows: "2",
      maxlength: String(MAX_LENGTH),
      "aria-describedby": "hint",
      enterkeyhint: "send",
      autocomplete: "off",
    }),
    send: make("button", { type: "submit", class: "send", text: "发送" }),
    count: make("span", { class: "count", "aria-hidden": "true" }),
  };
  const form = make(
    "form",
    { class: "composer" },
    make("label", { for: "question", text: "您想问什么？" }),
    make("div", { class: "row" }, parts.input, parts.send),
    make("p", { class: "hint" }, make("span", { id: "hint", text: "不要写身份证号、银行卡号。" }), parts.count),
  );
  const body = make("div", { class: "body" }, parts.welcome, parts.notice, parts.log, parts.status);
  const root = make("div", { class: "widget", lang: "zh-CN", hidden: true }, parts.restart, body, form);
  const style = make("link", { rel: "stylesheet", href: new URL("widget.css", import.meta.url).href });
  const styled = new Promise((resolve) => {
    for (const event of ["load", "error"]) style.addEventListener(event, resolve);
  }).then(() => (root.hidden = false));
  return { ...parts, form, root, style, styled };
}

function buildWelcome(ask) {
  return make(
    "div",
    { class: "welcome" },
    make("p", { class: "hello", text: "您好，请说说您遇到的事。" }),
    make("p", { text: "用平常说话的话就行。这里给的是一般信息，不是律师的意见。" }),
    make("p", { text: "也可以点下面的问题试试：" }),
    make("div", { class: "follow-ups", role: "group", "aria-label": "常见问题" }, ...renderChoices(STARTERS, ask)),
  );
}

/** A question and the empty place of its reply (the last child). */
export function renderTurn(text) {
  const question = make("p", { class: "question" }, make("span", { class: "unseen", text: "您问：" }), text);
  return make("div", { class: "turn" }, question, make("div", { class: "reply" }));
}

/** Silent: the log would announce it before every answer. */
export function renderWaiting() {
  const dots = make("span", { class: "dots" }, make("i"), make("i"), make("i"));
  return make("p", { class: "waiting", "aria-hidden": "true" }, dots, make("span", { text: "正在查" }));
}

/** What went wrong in plain words; with a button that tries again, where that can help. */
export function renderFailure({ kind, detail, retryAfter = 0 }, onRetry) {
  if (kind === "rejected") {
    return make("div", { class: "failure" }, make("p", { text: detail || "这句话没法处理，请改一改再发。" }));
  }
  const busy = kind === "busy";
  const words = busy ? `问得有点快。请过 ${waitingTime(retryAfter)}再点“重试”。` : (FAILURE[kind] ?? FAILURE.broken);
  const retry = make("button", { type: "button", class: "retry", text: "重试", disabled: busy });
  if (busy) setTimeout(() => (retry.disabled = false), Math.max(retryAfter, 1) * 1000);
  retry.addEventListener("click", onRetry);
  return make("div", { class: "failure" }, make("p", {}, ...linkNumbers(words, [HOTLINE])), retry);
}

/** Our conversation exists but could not be fetched. */
export function renderHistoryMissing(onRetry) {
  const retry = make("button", { type: "button", class: "retry", text: "再试一次" });
  retry.addEventListener("click", onRetry);
  return [make("p", { text: "以前的对话没有取回来。您可以接着问。" }), retry];
}

function waitingTime(seconds) {
  return seconds > 90 ? `${Math.ceil(seconds / 60)} 分钟` : `${Math.max(seconds, 1)} 秒`;
}
