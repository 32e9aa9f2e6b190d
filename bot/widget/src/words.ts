/** An answer as plain words: to copy, to announce, to read aloud. */

import type { Answer, Citation } from "./types.ts";

export function titleOf(citation: Citation): string {
  return citation.document.startsWith("《") ? citation.document : `《${citation.document}》`;
}

/** Everything that stands in the answer, for the clipboard. */
export function answerAsText(question: string, answer: Answer): string {
  const doors = answer.routes.map((route) => [route.name, route.number ?? route.link, route.why && `（${route.why}）`].filter(Boolean).join(" "));
  const basis = answer.citations.map((citation) => {
    const source = [titleOf(citation) + citation.section, citation.issuer, citation.date, citation.note].filter(Boolean).join("，");
    return `${citation.verbatim ? "原文" : "大意"}：${citation.quote}（${source}）`;
  });
  const parts = [`问：${question}`, `答：${answer.text}`];
  if (doors.length > 0) parts.push(["可以找：", ...doors].join("\n"));
  if (basis.length > 0) parts.push(["依据：", ...basis].join("\n"));
  return [...parts, "这是殷法问给的一般信息，不是律师的意见。"].join("\n\n");
}

/** What a screen reader is told once when the answer has come; the rest it finds in the log. */
export function announcement(answer: Answer): string {
  const doors = answer.routes.map((route) => [route.name, route.number].filter(Boolean).join(" "));
  const sources = answer.citations.length;
  return [`答复：${answer.text}`, doors.length > 0 && `可以找：${doors.join("，")}。`, sources > 0 && `有 ${sources} 条依据，可以展开看。`]
    .filter(Boolean)
    .join("\n");
}

/** As it is spoken: numbers digit by digit (一一零, not 一百一十), lists without their dots. */
export function spoken(answer: Answer): string {
  const doors = answer.routes.filter((route) => route.number).map((route) => `${route.name}，电话 ${route.number}`);
  const all = [answer.text, ...doors].join("。\n");
  // No look-behind: an old Safari would refuse the whole script for it.
  return all.replace(/(^|[^\d.])(\d[\d-]+\d)(?![\d.元条年月日天个件万亿%％-])/g, (_, before: string, number: string) => before + [...number.replace(/-/g, "")].join(" "));
}
