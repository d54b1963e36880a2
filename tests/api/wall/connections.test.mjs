// What the wall does when connections break: node --test connections.test.mjs
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

globalThis.localStorage ??= { getItem: () => null, setItem: () => {} };
globalThis.sessionStorage ??= { getItem: () => null, setItem: () => {}, removeItem: () => {} };
globalThis.location ??= { href: "http://127.0.0.1/" };
globalThis.document ??= { documentElement: {}, querySelectorAll: () => [] };

const { ApiProblem, call, callJson, received } = await import("../../../api/wall/js/shared/http.js");
const { EventFeed } = await import("../../../api/wall/js/wall/events.js");
const { LiveFeed } = await import("../../../api/wall/js/wall/live.js");
const { LastingSocket } = await import("../../../api/wall/js/shared/socket.js");
const { SnapshotFeed } = await import("../../../api/wall/js/shared/snapshot.js");

/** A WebSocket that opens and never speaks by itself: half-open ones look like that. */
class SilentSocket {
  static all = [];
  constructor(address) {
    this.address = address;
    this.closed = false;
    SilentSocket.all.push(this);
    queueMicrotask(() => { if (!this.closed) this.onopen?.(); });
  }
  close() { this.closed = true; }
}
globalThis.WebSocket = SilentSocket;

afterEach(() => {
  SilentSocket.all = [];
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

/** A feed from cursor 7 whose server answers looks as told; `pass` lets time pass. */
function openFeed(answer) {
  mock.timers.enable({ apis: ["setTimeout"] });
  const asked = mock.method(globalThis, "fetch", answer);
  const heard = [];
  const states = [];
  const feed = new EventFeed(7, { event: (event) => heard.push(event.cursor), state: (state) => states.push(state), ahead: () => {} });
  feed.open();
  const pass = async (ms) => {
    await settled();
    mock.timers.tick(ms);
    await settled();
  };
  return { feed, asked, heard, states, pass };
}

test("an event feed that says nothing while the server has news connects anew from the same cursor", async () => {
  const { feed, asked, heard, states, pass } = openFeed(async () => Response.json({ events: [{ cursor: 8 }], newest: 9 }));
  await pass(30_000);
  assert.equal(asked.mock.calls[0].arguments[0], "/v1/events?after=7&limit=1");
  assert.equal(SilentSocket.all.length, 1);
  await pass(5_000);
  const [dead, second] = SilentSocket.all;
  assert.equal(SilentSocket.all.length, 2);
  assert.ok(dead.closed);
  assert.equal(second.address, "ws://127.0.0.1/v1/events?cursor=7");
  assert.deepEqual(states, ["connecting", "open", "connecting", "open"]);
  dead.onmessage({ data: '{"cursor": 8}' });
  assert.deepEqual(heard, []);
  second.onmessage({ data: '{"cursor": 8}' });
  assert.deepEqual(heard, [8]);
  feed.close();
  await pass(100_000);
  assert.equal(SilentSocket.all.length, 2);
});

test("an event feed that says nothing while the server is out of reach is open in name alone", async () => {
  const { feed, pass } = openFeed(async () => Promise.reject(new TypeError("Failed to fetch")));
  await pass(30_000);
  await pass(5_000);
  assert.equal(SilentSocket.all.length, 2);
  feed.close();
});

test("an event feed stays where there are no news, where they come, and where the server has troubles of its own", async () => {
  const answers = [() => Response.json({ events: [], newest: 7 }), () => Response.json({ events: [], newest: 8 }), () => Response.json({ events: [], newest: 9 }), () => new Response("", { status: 503 })];
  const { feed, asked, pass } = openFeed(async () => answers.shift()());
  await pass(30_000);
  await pass(30_000);
  SilentSocket.all[0].onmessage({ data: '{"cursor": 8}' });
  await pass(5_000);
  SilentSocket.all[0].onmessage({ data: '{"cursor": 9}' });
  await pass(5_000);
  assert.equal(asked.mock.callCount(), 4);
  assert.equal(SilentSocket.all.length, 1);
  feed.close();
});

test("an open connection knows for how long it has brought nothing", async () => {
  let now = 1000;
  mock.method(performance, "now", () => now);
  const socket = new LastingSocket(() => "ws://127.0.0.1/x", { message: () => {} });
  socket.open();
  now = 9000;
  assert.equal(socket.quietMs, 0);
  await settled();
  now = 12_000;
  assert.equal(socket.quietMs, 3000);
  SilentSocket.all[0].onmessage({ data: "x" });
  assert.equal(socket.quietMs, 0);
  socket.close();
  now = 20_000;
  assert.equal(socket.quietMs, 0);
});

test("a live feed that brings nothing for fifteen seconds connects anew, no sooner", async () => {
  let now = 1000;
  mock.method(performance, "now", () => now);
  const feed = new LiveFeed("a", { changed: () => {}, mount: () => {}, frame: () => {}, unplayable: () => {} });
  feed.open();
  await settled();
  now += 15_000;
  feed.insist();
  assert.equal(SilentSocket.all.length, 1);
  now += 1;
  feed.insist();
  assert.equal(SilentSocket.all.length, 2);
  feed.insist();
  assert.equal(SilentSocket.all.length, 2);
  feed.close();
});
