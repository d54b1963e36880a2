// What the wall does when connections break: node --test connections.test.mjs
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

globalThis.localStorage ??= { getItem: () => null, setItem: () => {} };
globalThis.document ??= { documentElement: {}, querySelectorAll: () => [] };

const { ApiProblem, call, callJson, received } = await import("../../../api/wall/js/http.js");
const { SnapshotFeed } = await import("../../../api/wall/js/snapshot.js");

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** Return an answer whose body breaks off after its first byte. */
const brokenOff = (headers = {}) => new Response(new ReadableStream({
  start: (body) => body.enqueue(new Uint8Array([123])),
  pull: (body) => body.error(new TypeError("network error")),
}), { headers });

/** Let everything that is promised come, without letting time pass. */
const settled = async () => { for (let i = 0; i < 20; i += 1) await new Promise((done) => setImmediate(done)); };

test("an answer that breaks off is none, as one that never came", async () => {
  const answers = [() => brokenOff(), () => new Response("<h1>Bad gateway</h1>"), () => Promise.reject(new TypeError("Failed to fetch"))];
  for (const answer of answers) {
    mock.method(globalThis, "fetch", async () => answer());
    await assert.rejects(callJson("/v1/leads"), (error) => error instanceof ApiProblem && error.status === 0);
  }
  mock.method(globalThis, "fetch", async () => brokenOff());
  const answer = await call("/v1/cameras/a/snapshot.jpg");
  await assert.rejects(received(answer.blob()), (error) => error instanceof ApiProblem && error.status === 0);
});

test("what the page itself breaks off stays an abort", async () => {
  await assert.rejects(received(Promise.reject(new DOMException("", "AbortError"))), { name: "AbortError" });
});

test("a snapshot that breaks off is asked for again", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const asked = mock.method(globalThis, "fetch", async () => brokenOff());
  const feed = new SnapshotFeed("a", {}, () => {});
  feed.open();
  await settled();
  assert.equal(asked.mock.callCount(), 1);
  mock.timers.tick(2000);
  await settled();
  assert.equal(asked.mock.callCount(), 2);
  feed.close();
});
