// Pure modules of the wall under node's own test runner: node --test modules.test.mjs
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";

globalThis.localStorage ??= { getItem: () => null, setItem: () => {} };
globalThis.document ??= { documentElement: {}, querySelectorAll: () => [] };

const { arrangement } = await import("../../../api/wall/js/wall/arrangement.js");
const { boxAt, boxBetween } = await import("../../../api/wall/js/evidence/regionlayer.js");
const { Backoff } = await import("../../../api/wall/js/shared/backoff.js");
const { certificateDer, children, element, rawSignature } = await import("../../../api/wall/js/evidence/der.js");
const { hex } = await import("../../../api/wall/js/shared/hash.js");
const { parseSums } = await import("../../../api/wall/js/evidence/hashes.js");
const { checkLog, inclusionHolds, leafHash } = await import("../../../api/wall/js/evidence/logproof.js");
const { LeadStore } = await import("../../../api/wall/js/leads/store.js");
const { durationWords, gapWords, gradeWords, keyFigure, limitWords, opacityWords, refusalWords } = await import("../../../api/wall/js/leads/measures.js");
const { tomlOf, ZoneDraft } = await import("../../../api/wall/js/zones/draft.js");
const { crossing, moved, polygonFault } = await import("../../../api/wall/js/zones/geometry.js");
const { agreement, printedReportOf } = await import("../../../api/wall/js/evidence/report.js");
const { parseReadings } = await import("../../../api/wall/js/leads/readings.js");
const { loadOf } = await import("../../../api/wall/js/fleet/load.js");
const { bytesInWords, roomSentences, scrubSentence } = await import("../../../api/wall/js/fleet/vault.js");
const { inChinese } = await import("../../../api/wall/js/fleet/streamfaults.js");
const { joined, lengthWords, levelOf, shareWords } = await import("../../../api/wall/js/coverage/strips.js");
const { troubleOf, watchOf } = await import("../../../api/wall/js/fleet/health.js");
const { BoxTrack, MediaClock } = await import("../../../api/wall/js/wall/timeline.js");
const { WORDS } = await import("../../../api/wall/js/shared/words.js");

test("a region covers nothing before and after its time, and moves in a straight line", () => {
  const region = { box: [0, 0, 10, 10], to_box: [100, 50, 110, 60], from_s: 1, to_s: 3 };
  assert.equal(boxAt(region, 0.99), null);
  assert.deepEqual(boxAt(region, 1), [0, 0, 10, 10]);
  assert.deepEqual(boxAt(region, 2), [50, 25, 60, 35]);
  assert.equal(boxAt(region, 3), null);
  assert.deepEqual(boxAt({ ...region, to_box: null }, 2.9), [0, 0, 10, 10]);
});

test("a box is drawn in any direction, inside the picture, and a click is none", () => {
  assert.equal(boxBetween([5, 5], [6, 7], 100, 50), null);
  assert.deepEqual(boxBetween([90.4, 40], [-20, 10.6], 100, 50), [0, 11, 90, 40]);
  assert.deepEqual(boxBetween([50, 20], [500, 500], 100, 50), [50, 20, 100, 50]);
});

const overlay = (media_s, left, track = 1) => ({
  type: "overlay", epoch: 0, media_s, utc: "2026-11-23T02:30:00Z", width: 640, height: 360,
  boxes: [{ xyxy: [left, 0, left + 10, 10], class_name: "smoke", confidence: 0.5, track, state: "candidate" }],
});

test("no boxes are shown before any have come", () => {
  assert.equal(new BoxTrack().at(1), null);
});

test("a track's box moves between two analysed frames and is held for one interval after the last", () => {
  const track = new BoxTrack();
  track.add(overlay(1, 100));
  track.add(overlay(1.5, 200));
  assert.equal(track.at(0.9), null);
  assert.equal(track.at(1).boxes[0].xyxy[0], 100);
  assert.equal(track.at(1.25).boxes[0].xyxy[0], 150);
  assert.equal(track.at(2).boxes[0].xyxy[0], 200);
  assert.equal(track.at(2.2), null);
});

test("boxes of different tracks are not blended", () => {
  const track = new BoxTrack();
  track.add(overlay(1, 100, 1));
  track.add(overlay(1.5, 200, 2));
  assert.equal(track.at(1.4).boxes[0].xyxy[0], 100);
});

test("overlays that come late are put in their place, old ones are let go", () => {
  const track = new BoxTrack();
  track.add(overlay(2, 200));
  track.add(overlay(1.5, 150));
  assert.equal(track.at(1.6).boxes[0].xyxy[0], 160);
  for (let s = 3; s < 100; s += 0.5) track.add(overlay(s, s));
  assert.equal(track.at(1.6), null);
});

test("capture time follows media time from the newest clock", () => {
  const clock = new MediaClock();
  assert.equal(clock.captureMs(5), null);
  clock.set({ type: "clock", epoch: 0, media_s: 4, utc: "2026-11-23T02:30:00.000Z", clock_source: "rtcp", uncertainty_s: 0.1 });
  assert.equal(clock.captureMs(5), Date.parse("2026-11-23T02:30:01.000Z"));
});

test("pauses grow to their longest and start again after a success", () => {
  const backoff = new Backoff(500, 4000, () => 1);
  assert.deepEqual([1, 2, 3, 4, 5].map(() => backoff.next()), [500, 1000, 2000, 4000, 4000]);
  backoff.reset();
  assert.equal(backoff.next(), 500);
  assert.equal(new Backoff(500, 4000, () => 0).next(), 250);
});

test("tiles fit their area whatever their number", () => {
  for (let count = 1; count <= 25; count += 1) {
    for (const [width, height] of [[1500, 1000], [1050, 720], [3000, 2000], [500, 900]]) {
      const { columns, rows, big, picture } = arrangement(count, width, height, 34, 8);
      assert.ok(columns * picture + 8 * (columns - 1) <= width + 0.01, `${count} tiles are wider than ${width}`);
      const small = (picture * 9) / 16 + 34;
      const large = ((picture * big + 8 * (big - 1)) * 9) / 16 + 34;
      const beside = columns > big ? big * small + 8 * (big - 1) : 0;
      const tall = big > 1 ? Math.max(large, beside) + (rows - big) * (small + 8) : rows * small + 8 * (rows - 1);
      assert.ok(tall <= height + 0.01, `${count} tiles are ${tall} high in ${height}`);
      const cells = big > 1 ? columns * rows - big * big + 1 : columns * rows;
      assert.ok(cells >= count, `${count} tiles have ${cells} places`);
    }
  }
});

test("a lead is kept once, and an older version never replaces a newer one", () => {
  const book = new LeadStore();
  const lead = (lead_id, version, state, start = "2026-11-23T02:30:00Z") => ({ lead_id, version, state, event: { start }, camera: { id: "a" }, evidence: null });
  assert.deepEqual(book.list(), []);
  assert.equal(book.take(lead("L1", 2, "VERIFIED")), true);
  assert.equal(book.take(lead("L1", 1, "PENDING_VERIFY")), false);
  assert.equal(book.take(lead("L2", 1, "CANDIDATE", "2026-11-23T02:31:00Z")), true);
  assert.equal(book.take(lead("L2", 1, "CANDIDATE", "2026-11-23T02:31:00Z")), false);
  assert.deepEqual(book.list().map((one) => one.lead_id), ["L2", "L1"]);
  assert.deepEqual(book.list("open").map((one) => one.lead_id), ["L2"]);
  assert.equal(book.waiting, 1);
});

test("open leads are counted and found by camera as they come, and a count of a part says so", () => {
  const book = new LeadStore();
  const lead = (number, state, camera, minute) => ({ lead_id: `L${number}`, version: 1, state, event: { start: `2026-11-23T02:${minute}:00Z` }, camera: { id: camera }, evidence: null });
  const told = [];
  book.onChange((taken) => told.push(taken.map((one) => one.lead_id)));
  assert.equal(book.waitingFigure, "…");
  assert.equal(book.newestOpen("a"), undefined);
  assert.equal(book.takeAll([lead(1, "PENDING_VERIFY", "a", 10), lead(2, "NEED_MORE", "a", 20), lead(3, "VERIFIED", "a", 30), lead(4, "CANDIDATE", "b", 5)]), 4);
  assert.equal(book.takeAll([lead(1, "PENDING_VERIFY", "a", 10)]), 0);
  assert.deepEqual(told, [["L1", "L2", "L3", "L4"]]);
  assert.equal(book.waitingFigure, "3+");
  assert.equal(book.newestOpen("a").lead_id, "L2");
  assert.equal(book.newestOpen("b").lead_id, "L4");
  book.whole = true;
  book.whole = true;
  assert.deepEqual(told.slice(1), [[]]);
  assert.equal(book.waitingFigure, "3");
  book.take({ ...lead(2, "REJECTED_FALSE", "a", 20), version: 2 });
  assert.equal(book.newestOpen("a").lead_id, "L1");
  assert.equal(book.waiting, 2);
});

test("what a scanned code asks for is read from the address, and nothing else is", () => {
  const sha256 = "ab".repeat(32);
  assert.equal(printedReportOf(""), null);
  for (const hash of ["#", "#lead=", "#lead=..", "#lead=L20261123-001007/..", "#sha256=" + sha256, "#lead=<b>L20261123-001007"]) assert.equal(printedReportOf(hash), null);
  assert.deepEqual(printedReportOf(`#lead=L20261123-001007&sha256=${sha256.toUpperCase()}`), { leadId: "L20261123-001007", sha256 });
  assert.deepEqual(printedReportOf("#lead=L20261123-001007&sha256=abab"), { leadId: "L20261123-001007", sha256: "" });
});

test("paper and package agree only by the whole hash of a filed package", () => {
  const sha256 = "ab".repeat(32);
  const paper = (found) => ({ leadId: "L20261123-001007", sha256: found });
  const filed = { evidence: { sums_sha256: sha256 } };
  assert.equal(agreement(paper(sha256), filed), "match");
  assert.equal(agreement(paper("cd".repeat(32)), filed), "mismatch");
  assert.equal(agreement(paper(""), filed), "unreadable");
  assert.equal(agreement(paper(""), { evidence: { sums_sha256: "" } }), "unreadable");
  assert.equal(agreement(paper(sha256), { evidence: null }), "unfiled");
});

test("a hash list is read as sha256sum writes it and refused otherwise", () => {
  const hash = "ab".repeat(32);
  assert.deepEqual([...parseSums(`${hash}  clip.mp4\n${hash} *b.txt\n`)], [["clip.mp4", hash], ["b.txt", hash]]);
  assert.deepEqual([...parseSums("")], []);
  for (const bad of [`${hash}  ../x\n`, `${hash.toUpperCase()}  x\n`, "nonsense\n", `${hash}  x\n${hash}  x\n`]) {
    assert.throws(() => parseSums(bad), SyntaxError);
  }
});

test("DER signatures become r and s of 32 bytes each, whatever their length", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = await crypto.subtle.importKey("spki", publicKey.export({ type: "spki", format: "der" }), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const lengths = new Set();
  for (let i = 0; i < 300; i += 1) {
    const data = Buffer.from(`data ${i}`);
    const der = sign("sha256", data, privateKey);
    lengths.add(der.length);
    assert.ok(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, rawSignature(new Uint8Array(der)), data));
  }
  assert.ok(lengths.size >= 3, "expected signatures of several lengths");
});

test("broken DER is refused", () => {
  assert.throws(() => element(new Uint8Array([]), 0), RangeError);
  assert.throws(() => element(new Uint8Array([0x30, 0x05, 1]), 0), RangeError);
  assert.throws(() => element(new Uint8Array([0x30, 0x80]), 0), RangeError);
  assert.throws(() => rawSignature(new Uint8Array([0x30, 0x06, 2, 1, 1, 4, 1, 1])), RangeError);
  assert.throws(() => rawSignature(new Uint8Array([0x30, 0x06, 2, 1, 1, 2, 1, 1, 0])), RangeError);
  assert.throws(() => certificateDer(new TextEncoder().encode("no certificate")), RangeError);
  assert.equal(children(new Uint8Array([0x30, 0]), { tag: 0x30, start: 0, body: 2, end: 2 }).length, 0);
});

test("hex writes every byte with two digits", () => {
  assert.equal(hex(new Uint8Array(createHash("sha256").update("abc").digest())), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("every key has words in both languages with the same places", () => {
  const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();
  for (const [key, [zh, en]] of Object.entries(WORDS)) {
    assert.ok(zh && en, key);
    assert.deepEqual(places(zh), places(en), key);
  }
});

test("a camera's trouble is its worker's silence first, then what the worker says", () => {
  const now = Date.parse("2026-11-24T08:00:00Z");
  const said = { state: "playing", reported: "2026-11-24T07:59:58Z", trouble: null, error: "" };
  assert.equal(troubleOf(undefined, now), null);
  assert.equal(troubleOf(said, now), null);
  assert.equal(troubleOf(null, now)?.reason, "unreported");
  assert.equal(troubleOf({ ...said, reported: "2026-11-24T07:59:40Z" }, now)?.reason, "unreported");
  assert.deepEqual(troubleOf({ ...said, trouble: "stream_lost", error: "refused" }, now), { reason: "stream_lost", tone: "bad", detail: "refused" });
  assert.equal(troubleOf({ ...said, trouble: "starting" }, now)?.tone, "mild");
});

test("a camera that is watched may still want a person", () => {
  const now = Date.parse("2026-11-23T10:00:00Z");
  const health = { state: "playing", reported: "2026-11-23T09:59:59Z", trouble: null, findings: [{ kind: "noisy", detail: "" }] };
  assert.deepEqual(troubleOf(health, now), { reason: "noisy", tone: "mild", detail: "" });
  assert.equal(troubleOf({ ...health, findings: [] }, now), null);
  assert.equal(troubleOf({ ...health, trouble: "no_packets" }, now).reason, "no_packets");
});

test("how a camera is watched is told once two pictures were analysed", () => {
  assert.equal(watchOf(null), null);
  assert.equal(watchOf({ state: "playing", watch_mode: "patrol", analysed_interval_s: 0 }), null);
  assert.deepEqual(watchOf({ state: "playing", watch_mode: "patrol", analysed_interval_s: 2.04 }), { key: "watch.patrol", seconds: "2.0" });
  assert.deepEqual(watchOf({ state: "playing", watch_mode: "focus", analysed_interval_s: 12.4 }), { key: "watch.focus", seconds: "12" });
});

test("a share is never rounded up, and its level is the least it reaches", () => {
  assert.deepEqual([null, 0, 0.05, 0.99999, 1].map(shareWords), ["–", "0.0%", "5.0%", "99.99%", "100%"]);
  assert.deepEqual([null, 1, 0.995, 0.95, 0.8, 0.2].map(levelOf), [-1, 0, 1, 2, 3, 4]);
  assert.deepEqual([0, 8, 309, 7509].map(lengthWords), ["0:00", "0:08", "5:09", "2:05:09"]);
});

test("gaps that meet and say the same are one; others stay", () => {
  const gap = (start, end, reason = "stream_lost", detail = "") => ({ start, end, seconds: 60, reason, detail, worker: "w1" });
  assert.deepEqual(joined([]), []);
  const whole = joined([gap("a", "b"), gap("b", "c", "stream_lost", "refused"), gap("c", "d", "starting"), gap("e", "f", "starting")]);
  assert.deepEqual(whole.map((one) => [one.start, one.end, one.reason, one.seconds, one.detail]), [
    ["a", "c", "stream_lost", 120, "refused"], ["c", "d", "starting", 60, ""], ["e", "f", "starting", 60, ""]]);
});

test("a worker's load is a share of what it has, by either of its reports alone", () => {
  const health = { cameras: 50, cpu_share: 1.5, cpus: 2, rss_bytes: 2 * 1024 ** 3, outbox: { pending: 3, parked: 1 } };
  const member = { capacity: 60, own: 4, pressure: 0.1, cameras: { a: 1, b: 2 } };
  assert.deepEqual(loadOf(health, member), { cameras: 50, room: 64, cpu: 0.75, memory: 2, late: 0.1, waiting: 3, stuck: 1 });
  assert.deepEqual(loadOf(null, member), { cameras: 2, room: 64, cpu: null, memory: null, late: 0.1, waiting: 0, stuck: 0 });
  assert.equal(loadOf(health, null).room, 0);
});

test("what was not measured has no words", () => {
  const plain = { peak_confidence: 0.875 };
  assert.deepEqual([opacityWords, gradeWords, limitWords, refusalWords].map((words) => words(plain)), ["", "", "", ""]);
  assert.equal(keyFigure(plain).value, "0.88");
  assert.equal(opacityWords({ opacity_pct: null }), "");
});

test("a grade exceeds its limit above it, not at it", () => {
  assert.equal(limitWords({ grade: 1, grade_limit: 1 }), "未超过限值 1 级");
  assert.equal(limitWords({ grade: 1.25, grade_limit: 1 }), "超过限值 1 级");
});

test("without a number the reason is told, and a grade is at least what the light proves", () => {
  assert.equal(refusalWords({ validity: "valid" }), "");
  assert.equal(refusalWords({ validity: "dark" }), "光线过暗");
  assert.equal(refusalWords({ validity: "something_new" }), "something_new");
  assert.equal(gradeWords({ validity: "dark", grade: 1.5 }), "至少 1.5 级");
  assert.equal(gradeWords({ validity: "valid", grade: 2.25 }), "2.25 级");
});

test("durations are told in minutes and seconds", () => {
  assert.equal(durationWords(4.26), "4.3 秒");
  assert.equal(durationWords(655), "10 分 55 秒");
});

test("readings are found by the names of their columns, whatever their order", () => {
  const csv = "validity,start_utc,more,opacity_pct\nvalid,2026-11-23T02:30:00Z,x,46.1\ndark,2026-11-23T02:30:15Z,x,\n";
  const [first, second] = parseReadings(csv);
  assert.equal(first.opacity, 46.1);
  assert.equal(first.atMs, Date.parse("2026-11-23T02:30:00Z"));
  assert.equal(second.opacity, null);
  assert.equal(second.validity, "dark");
  assert.deepEqual(parseReadings("a,b\n1,2\n"), []);
  assert.deepEqual(parseReadings(""), []);
});

const SQUARE = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]];
const BOW = [[0.1, 0.1], [0.4, 0.4], [0.4, 0.1], [0.1, 0.4]];
const zone = (name, polygon = SQUARE) => ({ name, kind: "watch", polygon, owner: "", outlet: "", grade_limit: 1, violation_code: "" });

test("a polygon is what the API takes for one", () => {
  assert.equal(polygonFault([]), "zones.fault.few");
  assert.equal(polygonFault(SQUARE), null);
  assert.equal(polygonFault(BOW), "zones.fault.cross");
  assert.deepEqual(crossing(BOW), [0, 2]);
  assert.equal(crossing(BOW.slice(0, 3), false), null);
  assert.equal(polygonFault([[0, 0], [0.5, 0.5], [1, 1]]), "zones.fault.flat");
  assert.equal(polygonFault(Array.from({ length: 65 }, (_, i) => [i / 65, (i / 65) ** 2])), "zones.fault.many");
});

test("a polygon that is moved stays within the picture and keeps its shape", () => {
  assert.deepEqual(moved(SQUARE, 0.9, -0.9), [[0.7, 0], [1, 0], [1, 0.3], [0.7, 0.3]]);
});

test("every step of a draft is taken back and done again; a step that changes nothing is none", () => {
  const draft = new ZoneDraft([]);
  draft.step(() => {});
  assert.equal(draft.canUndo, false);
  draft.add(SQUARE, "区域");
  draft.set("name", "东门");
  draft.add(SQUARE, "区域");
  assert.deepEqual(draft.zones.map(({ name }) => name), ["东门", "区域 1"]);
  draft.undo();
  draft.undo();
  assert.deepEqual(draft.zones.map(({ name }) => name), ["区域 1"]);
  draft.redo();
  assert.deepEqual(draft.zones.map(({ name }) => name), ["东门"]);
  draft.undo();
  draft.undo();
  assert.equal(draft.changed, false);
});

test("a draft refuses polygons that are none and says why it cannot be saved", () => {
  const draft = new ZoneDraft([zone("a"), zone("a"), zone(" ")]);
  assert.deepEqual(draft.faults.map(({ zone: at, key }) => [at, key]), [[0, "zones.fault.twice"], [1, "zones.fault.twice"], [2, "zones.fault.name"]]);
  draft.chosen = 0;
  assert.equal(draft.reshape(BOW), "zones.fault.cross");
  assert.deepEqual(draft.zone.polygon, SQUARE);
  assert.equal(draft.insert(0), null);
  assert.deepEqual(draft.zone.polygon[1], [0.25, 0.1]);
  assert.equal(draft.drop(1), null);
  assert.equal(draft.drop(0), null);
  assert.equal(draft.drop(0), "zones.fault.few");
});

test("zones are given as configuration that names only what is set", () => {
  assert.equal(tomlOf([]), "");
  assert.equal(tomlOf([{ ...zone('东"门'), outlet: "DA001" }]), '[[cameras.zones]]\nname = "东\\"门"\nkind = "watch"\npolygon = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]\noutlet = "DA001"\n');
});

const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOT_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
const PATH_5 = ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"];
const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

test("a leaf is in the log where its path leads to the root, and nowhere else", async () => {
  const leaf = await leafHash(bytes(LEAVES[5]));
  const path = PATH_5.map(bytes);
  assert.equal(await inclusionHolds(leaf, 5, 8, path, bytes(ROOT_8)), true);
  assert.equal(await inclusionHolds(leaf, 4, 8, path, bytes(ROOT_8)), false);
  assert.equal(await inclusionHolds(leaf, 8, 8, path, bytes(ROOT_8)), false);
  assert.equal(await inclusionHolds(leaf, 5, 8, path.slice(1), bytes(ROOT_8)), false);
  assert.equal(await inclusionHolds(await leafHash(bytes(LEAVES[4])), 5, 8, path, bytes(ROOT_8)), false);
  const last = await leafHash(new Uint8Array());
  assert.equal(hex(last), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  assert.equal(await inclusionHolds(last, 0, 1, [], last), true);
});

test("a package's place in the log is checked against its signed checkpoint", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const id = "ab".repeat(32);
  const root = Buffer.from(ROOT_8, "hex");
  const checkpoint = Buffer.from(`site/${id.slice(0, 16)}\n8\n${root.toString("base64")}\n`);
  const files = {
    "SHA256SUMS": bytes(LEAVES[5]),
    "tlog.json": new TextEncoder().encode(JSON.stringify({ log_id: id, index: 5, tree_size: 8, root: ROOT_8, path: PATH_5 })),
    "checkpoint.txt": checkpoint,
    "checkpoint.sig": sign("sha256", checkpoint, privateKey),
  };
  const read = (changed) => async (name) => ({ ...files, ...changed })[name] ?? null;
  assert.equal(await checkLog(read({ "tlog.json": null })), null);
  const unsigned = await checkLog(read({}));
  assert.deepEqual([unsigned.included, unsigned.signed, unsigned.fault], [true, false, "checkpoint.sig"]);
  assert.equal((await checkLog(read({ "SHA256SUMS": bytes("ff") }))).fault, "tlog.json");
  const other = Buffer.from(checkpoint.toString().replace("\n8\n", "\n9\n"));
  assert.equal((await checkLog(read({ "checkpoint.txt": other }))).fault, "checkpoint.txt");
  const spki = publicKey.export({ type: "spki", format: "der" });
  const seq = (tag, ...parts) => {
    const body = Buffer.concat(parts);
    const length = body.length < 128 ? [body.length] : [0x81, body.length];
    return Buffer.concat([Buffer.from([tag, ...length]), body]);
  };
  const empty = seq(0x30);
  const certificate = seq(0x30, seq(0x30, seq(0x02, Buffer.from([1])), empty, empty, empty, empty, spki), empty, seq(0x03, Buffer.from([0])));
  const signed = await checkLog(read({ "log.crt": certificate }));
  assert.deepEqual([signed.index, signed.size, signed.signed, signed.fault], [5, 8, true, ""]);
});

test("the vault's room is told in bytes for people", () => {
  assert.deepEqual([0, 999, 1_000, 12_345_678, 3_200_000_000, 8e15].map(bytesInWords), ["0 B", "999 B", "1.0 kB", "12 MB", "3.2 GB", "8000 TB"]);
});

test("nothing is said of ample room, and the rest with what is left, until when and what can be done", () => {
  const room = { level: "warning", free_bytes: 3_200_000_000, total_bytes: 100_000_000_000, days_left: 12, due: 0, due_bytes: 0 };
  assert.deepEqual(roomSentences({ ...room, level: "ample" }), []);
  assert.deepEqual(roomSentences({ ...room, free_bytes: null, total_bytes: null }), []);
  assert.deepEqual(roomSentences(room).map(({ key }) => key), ["room.warning", "room.days", "room.act"]);
  assert.deepEqual(roomSentences(room)[0].values, { free: "3.2 GB", share: "3.2%" });
  assert.deepEqual(roomSentences({ ...room, level: "critical", days_left: null, due: 3, due_bytes: 1500 }).map(({ key }) => key), ["room.critical", "room.due"]);
  assert.deepEqual(roomSentences({ ...room, days_left: 0 }).map(({ key }) => key), ["room.warning", "room.soon", "room.act"]);
  assert.deepEqual(roomSentences({ ...room, level: "critical", free_bytes: 0, days_left: 0 }).map(({ key }) => key), ["room.full", "room.act"]);
});

test("what the newest scrub found is told with its time, and that there was none", () => {
  assert.deepEqual(scrubSentence(null), { key: "scrub.never", values: {}, level: "ample" });
  const sound = { started: "2026-11-23T02:30:05.120Z", faults: [], custody_faults: [], record_faults: [] };
  const { key, values, level } = scrubSentence(sound);
  assert.deepEqual([key, values.at, values.n, level], ["scrub.sound", "11-23 10:30:05", 0, "ample"]);
  const found = scrubSentence({ ...sound, faults: [{}], custody_faults: ["x"], record_faults: ["y", "z"] });
  assert.deepEqual([found.key, found.level], ["scrub.faults", "critical"]);
  assert.deepEqual(found.values, { at: "11-23 10:30:05", n: 4, files: 1, custody: 1, records: 2 });
});

test("what a clip lacks is told in words with its length, and without one where nobody measured it", () => {
  assert.equal(gapWords({ reason: "no pictures held from before", start_s: 6, end_s: 136 }), "事前画面未存 130.0 s");
  assert.equal(gapWords({ reason: "no picture of the clip could be decoded and stored", start_s: null, end_s: null }), "无法解出画面");
  assert.equal(gapWords({ reason: "no clip: error", start_s: 1, end_s: 2.5 }), "no clip: error 1.5 s");
});

test("what workers say of a stream is said in Chinese, the address as it is", () => {
  assert.equal(inChinese("rtsp://10.0.0.12:554/s1: connection refused"), "rtsp://10.0.0.12:554/s1：连接被拒绝");
  assert.equal(inChinese("rtsp://cam/1: nothing arrived for 7.5 s"), "rtsp://cam/1：7.5 秒内没有收到数据");
  assert.equal(inChinese("http://cam/1: server returned 5xx server error reply"), "http://cam/1：服务器答复 5xx");
  assert.equal(inChinese("no decoder for vvc"), "没有 vvc 的解码器");
  assert.equal(inChinese("cannot be watched: yard.mp4: no such file"), "无法监看：yard.mp4：没有这个文件");
  assert.equal(inChinese("rtsp://cam/1: something new"), "rtsp://cam/1: something new");
  assert.equal(inChinese(""), "");
});
