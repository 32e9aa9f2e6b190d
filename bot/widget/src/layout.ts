/** The fixed parts of the widget, and a turn before it has an answer. */

import { button, make } from "./dom.ts";
import { type Display, renderSwitches } from "./display.ts";
import { linked, renderChoices } from "./render.ts";
import type { ServiceError } from "./service.ts";

export const MAX_LENGTH = 1000; // the service refuses longer questions
const STARTERS = ["法律援助热线电话是多少？", "怎么申请法律援助？", "怎么找村里的法律顾问？", "邻里有矛盾，找谁调解？"];
export const HOTLINES = [
  { number: "12348", link: "tel:12348" },
  { number: "110", link: "tel:110" },
];
const FAILURE: Record<string, string> = {
  network: "没有连上网络，这句话可能没有送到。连上以后会自动再送，不会重复提交。",
  slow: "等了很久没有收到答复。过一会儿会自动再问，不会重复提交。",
  broken: "系统这会儿出了点问题，过一会儿会自动再试。急的话直接打 12348。",
};

export interface Parts {
  root: HTMLElement;
  widget: HTMLElement;
  bar: HTMLElement;
  restart: HTMLButtonElement;
  erase: HTMLButtonElement;
  notice: HTMLElement;
  welcome: HTMLElement;
  log: HTMLElement;
  announcer: HTMLElement;
  status: HTMLElement;
  form: HTMLFormElement;
  input: HTMLTextAreaElement;
  inputRow: HTMLElement;
  count: HTMLElement;
}

export interface Actions {
  ask: (text: string) => void;
  restart: () => void;
  erase: () => void;
}

export function buildLayout(display: Display, actions: Actions): Parts {
  const restart = button("新对话", actions.restart, { class: "restart", hidden: true });
  const erase = button("删除我的对话", actions.erase, { class: "erase", hidden: true });
  const bar = make("div", { class: "bar" });
  const { more, menu } = buildMenu(display, erase, bar);
  bar.append(display.button("large"), more, restart);
  const notice = make("div", { class: "notice", hidden: true });
  const welcome = buildWelcome(actions.ask);
  // Not live: the announcer says each finished answer once, and nothing else that changes here.
  const log = make("div", { class: "log", role: "log", "aria-label": "对话", "aria-live": "off", tabindex: "-1" });
  const announcer = make("div", { class: "unseen announcer", "aria-live": "polite" });
  const status = make("p", { class: "unseen", role: "status" });
  const count = make("span", { class: "count", "aria-hidden": "true" });
  const input = make("textarea", {
    id: "question",
    rows: 2,
    maxlength: MAX_LENGTH,
    "aria-describedby": "hint",
    enterkeyhint: "send",
    autocomplete: "off",
  });
  const inputRow = make("div", { class: "row" }, input, make("button", { type: "submit", class: "send", text: "发送" }));
  const form = make(
    "form",
    { class: "composer" },
    make("label", { for: "question", text: "您想问什么？" }),
    inputRow,
    make("p", { class: "hint" }, make("span", { id: "hint", text: "不要写身份证号、银行卡号。" }), count),
  );
  const body = make("div", { class: "body" }, welcome, log, notice, announcer, status);
  const widget = make("div", { class: "widget" }, bar, menu, body, form);
  const root = make("div", { class: "root", lang: "zh-CN" }, widget);
  return { root, widget, bar, restart, erase, notice, welcome, log, announcer, status, form, input, inputRow, count };
}

/** The button 更多 and what it opens. */
function buildMenu(display: Display, erase: HTMLButtonElement, bar: HTMLElement): { more: HTMLButtonElement; menu: HTMLElement } {
  const menu = make(
    "div",
    { class: "menu", id: "menu", hidden: true },
    renderSwitches(display),
    erase,
    make("p", { class: "small", text: "问过的话会保存一段时间，号码先遮住再存。删除以后谁也找不回来。" }),
  );
  const open = (wanted: boolean): void => {
    menu.hidden = !wanted;
    more.setAttribute("aria-expanded", String(wanted));
  };
  const more = button("更多", () => open(Boolean(menu.hidden)), { class: "switch", "aria-expanded": "false", "aria-controls": "menu" });
  // Also from the buttons beside 更多, which come before the menu on the way with Tab.
  const onEscape = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || menu.hidden) return;
    event.stopPropagation();
    open(false);
    more.focus();
  };
  for (const place of [bar, menu]) place.addEventListener("keydown", onEscape);
  erase.addEventListener("click", () => open(false));
  return { more, menu };
}

function buildWelcome(ask: (text: string) => void): HTMLElement {
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
/** Without words of the resident it is what staff say on their own. */
export function renderTurn(text: string): HTMLElement {
  if (!text) return make("div", { class: "turn staff" }, make("p", { class: "from", text: "人工服务" }), make("div", { class: "reply" }));
  const question = make("p", { class: "question" }, make("span", { class: "unseen", text: "您问：" }), text);
  return make("div", { class: "turn" }, question, make("div", { class: "reply" }));
}

/** For the eyes only; a screen reader is told by the status line when it takes long. */
export function renderWaiting(text = "正在查"): HTMLElement {
  const dots = make("span", { class: "dots" }, make("i"), make("i"), make("i"));
  return make("p", { class: "waiting", "aria-hidden": "true" }, dots, make("span", { text }));
}

/** What went wrong in plain words, what happens next, and a button for who does not want to wait for it. */
export function renderFailure(error: ServiceError, seconds: number, onRetry: () => void): HTMLElement {
  if (error.kind === "rejected") {
    return make("div", { class: "failure" }, make("p", { text: error.detail || "这句话没法处理，请改一改再发。" }));
  }
  const busy = error.kind === "busy";
  const words = busy ? `问得有点快。过 ${waitingTime(seconds)}会自动再送。` : (FAILURE[error.kind] ?? FAILURE.broken ?? "");
  return make(
    "div",
    { class: "failure" },
    make("p", {}, ...linked(words, HOTLINES)),
    !busy && button("重试", onRetry, { class: "retry" }),
  );
}

/** Our conversation exists but could not be fetched. */
export function renderHistoryMissing(onRetry: () => void): Node[] {
  return [make("p", { text: "以前的对话没有取回来。您可以接着问。" }), button("再试一次", onRetry, { class: "retry" })];
}

export function renderOffline(): Node[] {
  return [make("p", {}, ...linked("现在没有网络。写好的话照样可以发，连上以后自动送出。急事直接打电话：法律上的事 12348，有危险 110。", HOTLINES))];
}

export function renderEraseQuestion(erase: () => void, keep: () => void): Node[] {
  return [
    make("p", { text: "要删除这次对话吗？服务器上的也一起删，找不回来。" }),
    button("删除", erase, { class: "retry danger" }),
    button("不删", keep, { class: "retry" }),
  ];
}

function waitingTime(seconds: number): string {
  return seconds > 90 ? `${Math.ceil(seconds / 60)} 分钟` : `${Math.max(seconds, 1)} 秒`;
}
