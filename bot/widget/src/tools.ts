/** What can be done with an answer: copy, print, hear it, say whether it helped. */

import { button, addStyle, make } from "./dom.ts";
import { renderAnswer } from "./render.ts";
import type { Answer, Verdict } from "./types.ts";
import { answerAsText, spoken } from "./words.ts";
import printCss from "./print.css";

export interface ToolBox {
  say: (text: string) => void;
  passagePage: (id: string) => string;
  /** Resolves once the verdict is kept; null where there is nothing to judge yet. */
  judge: ((verdict: Verdict, reason: string) => Promise<void>) | null;
  verdict: Verdict | null;
}

const REASONS = ["答的不是我问的", "看不懂", "内容不对", "电话打不通"];

export function renderTools(question: string, answer: Answer, box: ToolBox): HTMLElement {
  const hear = "speechSynthesis" in window ? hearButton(answer, box.say) : null;
  return make(
    "div",
    { class: "tools" },
    make(
      "div",
      { class: "tool-row", role: "group", "aria-label": "这条答复" },
      hear,
      button("复制", () => void copy(answerAsText(question, answer)).then((done) => box.say(done ? "已经复制。" : "没能复制，请选中文字再复制。")), { class: "tool copy" }),
      button("打印", () => printAnswer(question, answer), { class: "tool print" }),
    ),
    box.judge && renderFeedback(box.judge, box.verdict, box.say),
  );
}

function renderFeedback(judge: NonNullable<ToolBox["judge"]>, before: Verdict | null, say: (text: string) => void): HTMLElement {
  const thanks = make("span", { class: "thanks" });
  const send = (verdict: Verdict, reason: string): void => {
    mark(verdict);
    judge(verdict, reason).then(
      () => say((thanks.textContent = verdict === "good" ? "谢谢，记下了。" : "谢谢，我们会看。")),
      () => say((thanks.textContent = "没有送到，请再点一次。")),
    );
  };
  const good = button("有用", () => send("good", ""), { class: "tool", "aria-pressed": "false" });
  const bad = button("没用", () => {
    reasons.hidden = false;
    reasons.scrollIntoView({ block: "nearest" }); // below, the composer would cover it
    send("bad", "");
  }, { class: "tool", "aria-pressed": "false" });
  const words = make("input", { type: "text", maxlength: 200, "aria-label": "哪里不好，用自己的话说", placeholder: "别的原因" });
  const form = make("form", { class: "reason-form" }, words, make("button", { type: "submit", class: "tool", text: "提交" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (words.value.trim()) finish(words.value.trim());
  });
  const reasons = make(
    "div",
    { class: "reasons", role: "group", "aria-label": "哪里不好", hidden: true },
    ...REASONS.map((text) => button(text, () => finish(text), { class: "choice" })),
    form,
  );
  const finish = (reason: string): void => {
    send("bad", reason);
    bad.focus(); // before its neighbour with the focus vanishes
    reasons.hidden = true;
  };
  const mark = (verdict: Verdict | null): void => {
    good.setAttribute("aria-pressed", String(verdict === "good"));
    bad.setAttribute("aria-pressed", String(verdict === "bad"));
    if (verdict === "good") reasons.hidden = true;
  };
  mark(before);
  const row = make("div", { class: "tool-row", role: "group", "aria-label": "有没有用" }, make("span", { text: "有用吗？" }), good, bad, thanks);
  return make("div", { class: "feedback" }, row, reasons);
}

/** The clipboard of the browser, or the old way where the page is not secure (http at a counter). */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1", readonly: true });
    const focused = document.activeElement?.shadowRoot?.activeElement as HTMLElement | null;
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus();
    return done;
  }
}

/** Prints this answer alone, whole and with all its sources opened, from a frame of its own. */
export function printAnswer(question: string, answer: Answer): void {
  const frame = make("iframe", { "aria-hidden": "true", tabindex: "-1", title: "打印" });
  frame.style.cssText = "position:fixed;width:1px;height:1px;border:0;opacity:0;pointer-events:none";
  document.body.append(frame);
  const view = frame.contentWindow as (Window & typeof globalThis) | null;
  const paper = frame.contentDocument;
  if (!view || !paper) return frame.remove();
  const nodes = renderAnswer({ ...answer, follow_ups: [] }, { ask: () => {}, passagePage: () => "" });
  for (const details of nodes.querySelectorAll("details")) details.open = true;
  for (const extra of nodes.querySelectorAll(".unseen, .more, .passage")) extra.remove();
  paper.documentElement.lang = "zh-CN";
  paper.title = "殷法问的答复";
  addStyle(paper, printCss, view);
  paper.body.append(
    make("h1", { text: "殷法问的答复" }),
    make("p", { class: "asked", text: `问：${question}` }),
    nodes,
    make("p", { class: "small", text: `${new Date().toLocaleDateString("zh-CN")} 打印。这是一般信息，不是政府机关的决定，也不是律师的意见。` }),
  );
  view.addEventListener("afterprint", () => setTimeout(() => frame.remove(), 0));
  view.focus();
  view.print();
}

let speaking: { stop: () => void } | null = null;

/** Silence: another answer comes, or the conversation is closed. */
export function hush(): void {
  speaking?.stop();
}

/** Reads an answer aloud in Mandarin; `ended` also when it is stopped or there is no voice. */
export function readAloud(answer: Answer, ended: () => void = () => {}): void {
  hush();
  const utterance = new SpeechSynthesisUtterance(spoken(answer));
  utterance.lang = "zh-CN";
  utterance.rate = 0.9;
  const voice = speechSynthesis.getVoices().find((one) => /^zh([-_]CN)?$/i.test(one.lang));
  if (voice) utterance.voice = voice;
  const mine = {
    stop: () => {
      if (speaking !== mine) return;
      speaking = null;
      speechSynthesis.cancel();
      ended();
    },
  };
  speaking = mine;
  for (const event of ["end", "error"]) utterance.addEventListener(event, mine.stop);
  speechSynthesis.speak(utterance);
}

function hearButton(answer: Answer, say: (text: string) => void): HTMLButtonElement {
  const hear = button("朗读", () => {
    if (hear.getAttribute("aria-pressed") === "true") return hush();
    readAloud(answer, () => mark(false));
    mark(true);
    say("");
  }, { class: "tool hear", "aria-pressed": "false" });
  const mark = (on: boolean): void => {
    hear.setAttribute("aria-pressed", String(on));
    hear.textContent = on ? "停止朗读" : "朗读";
  };
  return hear;
}
