import assert from "node:assert/strict";
import { test } from "node:test";
import { worthAsking } from "../src/suggest.ts";
import type { Answer } from "../src/types.ts";
import { announcement, answerAsText, spoken } from "../src/words.ts";

const answer: Answer = {
  status: "answered",
  reason: "answered",
  text: "打 12348 问，要 30 天内去。赔 1200 元的事看第 110 条。",
  citations: [{ document: "年度报告", section: "一", issuer: null, date: "2022-02-23", quote: "原话。", verbatim: true, note: null, passage_id: null }],
  routes: [{ kind: "hotline", name: "热线", number: "0372-5139017", link: "tel:03725139017", why: "问", basis: "卡" }],
  follow_ups: ["还问"],
  release: "x",
  matter: null,
};

test("a copy holds question, answer, doors and source", () => {
  const text = answerAsText("问什么", answer);
  for (const part of ["问：问什么", answer.text, "热线 0372-5139017 （问）", "原文：原话。（《年度报告》一，2022-02-23）"]) assert.ok(text.includes(part), part);
});

test("the announcement holds the whole answer and what else there is", () => {
  assert.equal(announcement(answer), `答复：${answer.text}\n可以找：热线 0372-5139017。\n有 1 条依据，可以展开看。`);
});

test("numbers that one dials are spoken digit by digit, amounts are not", () => {
  const said = spoken(answer);
  assert.ok(said.includes("0 3 7 2 5 1 3 9 0 1 7"));
  assert.ok(said.includes("1 2 3 4 8 问"));
});

test("what may be a private number is not sent while typing", () => {
  assert.ok(worthAsking("工资拖欠"));
  for (const text of ["工", "  ", "我的号码13812345678", "110105 1949 1231", "字".repeat(31), "两\n行"]) assert.ok(!worthAsking(text), text);
});
