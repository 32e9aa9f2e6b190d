import assert from "node:assert/strict";
import { test } from "node:test";
import { findNumbers, safeLink } from "../src/numbers.ts";

const routes = ["12348", "110", "120", "0372-5139017"].map((number) => ({ number, link: `tel:${number}` }));
const dialled = (text: string): string[] => findNumbers(text, routes).flatMap((piece) => (piece.href ? [`${piece.text} ${piece.href}`] : []));

test("numbers of the routes dial, in each way of writing them", () => {
  assert.deepEqual(dialled("打 12348 或 0372 5139017、03725139017。"), ["12348 tel:12348", "0372 5139017 tel:03725139017", "03725139017 tel:03725139017"]);
});

test("what is no number of a route stays text", () => {
  for (const text of ["12345", "赔 120元", "第110条", "www.12348.gov.cn", "112348", "1101", "110-119", "12348@qq.com", "110.5"]) {
    assert.deepEqual(dialled(text), [], text);
  }
});

test("nothing is lost or made up", () => {
  const text = "急了打110，120也行；第110条不是电话，www.12348.gov.cn 也不是。";
  assert.equal(findNumbers(text, routes).map((piece) => piece.text).join(""), text);
  assert.deepEqual(findNumbers("没有号码", []), [{ text: "没有号码", href: null }]);
});

test("only numbers and secure pages are links", () => {
  assert.equal(safeLink("tel:0372-5139017"), "tel:03725139017");
  assert.equal(safeLink("https://flk.npc.gov.cn"), "https://flk.npc.gov.cn/");
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "http://example.org", "tel:javascript", "tel:", "//x", "", null]) {
    assert.equal(safeLink(bad), null, String(bad));
  }
});
