import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser } from "../src/stream.ts";

const event = (id: string): string => `id: ${id}\nevent: turn\ndata: {"id":"${id}","event":"turn","turn":null}\n\n`;

test("events are found however the bytes are cut", () => {
  const all = `retry: 3000\n\n${event("1")}: heartbeat\n\n${event("2")}`;
  for (let size = 1; size < all.length; size += 1) {
    const parser = new EventParser();
    const found = [];
    for (let at = 0; at < all.length; at += size) found.push(...parser.push(all.slice(at, at + size)));
    assert.deepEqual(found.map(({ id }) => id), ["1", "2"], `pieces of ${size}`);
  }
});

test("line ends of every kind, data of several lines, and half an event", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push('data: {"id":"1",\r\ndata: "event":"erased","turn":null}\r\n\r\n'), [{ id: "1", event: "erased", turn: null }]);
  assert.deepEqual(parser.push("data: {"), []);
});

test("what is not ours is passed over", () => {
  assert.deepEqual(new EventParser().push("data: <html>\n\nevent: ping\n\n:\n\n"), []);
});
