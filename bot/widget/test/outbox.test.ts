import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../src/outbox.ts";
import { type Kind, ServiceError } from "../src/service.ts";
import type { Question } from "../src/types.ts";

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** An outbox whose service fails as told, and what happened in it. */
function scene(failures: (Kind | null)[]): { outbox: Outbox<string>; log: string[] } {
  const log: string[] = [];
  const outbox = new Outbox<string>({
    send: async (question: Question) => {
      const failure = failures.shift();
      if (failure) throw new ServiceError(failure, "", failure === "busy" ? 7 : 0);
      return `答${question.id}`;
    },
    sending: ({ id }) => log.push(`sending ${id}`),
    answered: ({ id }, done) => log.push(`answered ${id} ${done}`),
    delayed: ({ id }, error, seconds) => log.push(`delayed ${id} ${error.kind} ${seconds}`),
    rejected: ({ id }, error) => log.push(`rejected ${id} ${error.kind}`),
  });
  return { outbox, log };
}

/** Time stands still until it is told to go on (node 18 has no such clock of its own). */
function stopClock(): ((ms: number) => void) & { release: () => void } {
  const real = globalThis.setTimeout;
  let now = 0;
  let due: { at: number; run: () => void }[] = [];
  globalThis.setTimeout = ((run: () => void, ms: number) => due.push({ at: now + ms, run })) as unknown as typeof setTimeout;
  const tick = (ms: number): void => {
    now += ms;
    const ready = due.filter(({ at }) => at <= now);
    due = due.filter(({ at }) => at > now);
    for (const { run } of ready) run();
  };
  return Object.assign(tick, { release: () => void (globalThis.setTimeout = real) });
}

test("questions go one after another, in their order", async () => {
  const { outbox, log } = scene([]);
  for (const id of ["1", "2", "3"]) outbox.add({ id, text: id });
  await settle();
  assert.deepEqual(log, ["1", "2", "3"].flatMap((id) => [`sending ${id}`, `answered ${id} 答${id}`]));
  assert.equal(outbox.size, 0);
});

test("what fails is tried again by itself, with growing pauses, and nothing overtakes it", async () => {
  const tick = stopClock();
  const { outbox, log } = scene(["network", "slow", "busy"]);
  outbox.add({ id: "1", text: "" });
  outbox.add({ id: "2", text: "" });
  await settle();
  for (const seconds of [4, 8, 7]) {
    tick(seconds * 1000 - 1);
    await settle();
    const before = log.length;
    assert.ok(log[before - 1]?.startsWith("delayed"));
    tick(1);
    await settle();
    assert.ok(log.length > before);
  }
  tick.release();
  assert.deepEqual(log.filter((line) => !line.startsWith("sending")), ["delayed 1 network 4", "delayed 1 slow 8", "delayed 1 busy 7", "answered 1 答1", "answered 2 答2"]);
});

test("waking tries at once; a question added meanwhile waits for its turn", async () => {
  const { outbox, log } = scene(["network"]);
  outbox.add({ id: "1", text: "" });
  await settle();
  outbox.add({ id: "2", text: "" });
  await settle();
  assert.deepEqual(log, ["sending 1", "delayed 1 network 4"]);
  outbox.wake();
  await settle();
  assert.deepEqual(log.slice(2), ["sending 1", "answered 1 答1", "sending 2", "answered 2 答2"]);
});

test("what the service never takes leaves, and the next one goes", async () => {
  const { outbox, log } = scene(["rejected"]);
  outbox.add({ id: "1", text: "" });
  outbox.add({ id: "2", text: "" });
  await settle();
  assert.deepEqual(log.slice(1), ["rejected 1 rejected", "sending 2", "answered 2 答2"]);
});

test("an answer that came another way ends the sending", async () => {
  const { outbox, log } = scene([]);
  outbox.add({ id: "1", text: "" });
  outbox.add({ id: "2", text: "" });
  outbox.drop("1");
  await settle();
  assert.deepEqual(log, ["sending 1", "sending 2", "answered 2 答2"]);
});

test("after clearing nothing is told any more", async () => {
  const { outbox, log } = scene(["network"]);
  outbox.add({ id: "1", text: "" });
  outbox.clear();
  await settle();
  assert.deepEqual(log, ["sending 1"]);
  assert.equal(outbox.size, 0);
});
