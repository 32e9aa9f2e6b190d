import assert from "node:assert/strict";
import { test } from "node:test";
import { countHan, LONG, shorten } from "../src/shorten.ts";

const sentence = "您先把工资条、考勤记录和转账凭证都找出来放好。"; // 21 汉字

test("a short text stays whole", () => {
  const text = sentence.repeat(9); // 189
  assert.equal(countHan(text), 189);
  assert.deepEqual(shorten(text), [text, ""]);
});

test("a long text is cut after the last paragraph that fits", () => {
  const paragraph = sentence.repeat(3);
  const text = [paragraph, paragraph, paragraph, paragraph, paragraph].join("\n");
  const [first, rest] = shorten(text);
  assert.equal(first, [paragraph, paragraph, paragraph].join("\n"));
  assert.equal(first + rest, text);
});

test("one long paragraph is cut after a sentence, its closing quote included", () => {
  const text = `${sentence.repeat(7)}他说：“先等等。”${sentence.repeat(6)}`;
  const [first, rest] = shorten(text);
  assert.ok(/[。”]$/.test(first) && countHan(first) <= LONG && countHan(first) > 120);
  assert.equal(first + rest, text);
  assert.ok(!rest.startsWith("”"));
});

test("no good place to cut, or hardly a rest: whole", () => {
  const endless = "字".repeat(400);
  assert.deepEqual(shorten(endless), [endless, ""]);
  const little = `${sentence.repeat(8)}\n${sentence.repeat(2)}`;
  assert.deepEqual(shorten(little), [little, ""]);
});

test("whatever the text, nothing is lost", () => {
  for (let size = 0; size < 60; size += 1) {
    const text = Array.from({ length: size }, (_, n) => sentence.slice(n % 20) + (n % 3 ? "" : "\n\n1. ")).join("");
    assert.equal(shorten(text).join(""), text);
  }
});
