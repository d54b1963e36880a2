/**
 * Redaction editor: boxes drawn over the clip or picture in the viewer, from which the server makes a covered copy.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, call, callJson } from "../shared/http.js";
import { onLanguage, translate, t } from "../shared/i18n.js";
import { RegionLayer } from "./regionlayer.js";

/** @typedef {import("./regionlayer.js").Box} Box */
/** @typedef {import("./regionlayer.js").Region} Region */
/** @typedef {{id: string, report: {state: string, done_s: number, fault: string | null, detail: string}}} Order */

const EVERY_MS = 700;
const UNDER_WAY = ["waiting", "running"];

export class RedactionEditor {
  /** @type {Region[]} */
  #regions = [];
  #chosen = -1;
  /** True if the next box drawn is the end position of the chosen region. */
  #isMoving = false;
  /** @type {Order | null} */
  #order = null;
  #timer = 0;
  #isOpen = false;

  /** @param {string} leadId @param {import("./viewer.js").Viewer} viewer @param {() => void} made called when a copy is ready */
  constructor(leadId, viewer, made) {
    this.path = `/v1/evidence/${encodeURIComponent(leadId)}/redactions`;
    this.viewer = viewer;
    this.made = made;
    this.layer = new RegionLayer((box) => this.#drawn(box));
    this.opener = translate(h("button", { class: "button", type: "button", "data-act": "redact", "aria-expanded": "false", on: { click: () => (this.#isOpen ? this.close() : this.open()) } }), "redact.open");
    this.why = h("p", { class: "note" });
    this.play = h("button", { class: "button", type: "button", on: { click: () => this.#toggle() } });
    this.seek = /** @type {HTMLInputElement} */ (translate(h("input", { type: "range", min: "0", step: "0.04", value: "0", on: { input: () => { this.viewer.video.currentTime = Number(this.seek.value); } } }), "redact.seek", {}, "aria-label"));
    this.at = h("span", { class: "redact-at" });
    this.transport = h("div", { class: "redact-transport" }, this.play, this.seek, this.at);
    this.list = h("ol", { class: "redact-regions" });
    this.masks = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", checked: true }));
    this.maskLine = h("label", { class: "redact-masks" }, this.masks, translate(h("span"), "redact.masks"));
    this.reason = /** @type {HTMLInputElement} */ (h("input", { type: "text", maxLength: 500, required: true }));
    this.make = translate(h("button", { class: "primary", type: "button", "data-act": "make-copy", on: { click: () => this.#make() } }), "redact.make");
    this.stop = translate(h("button", { class: "button", type: "button", hidden: true, on: { click: () => this.#stop() } }), "redact.stop");
    this.bar = /** @type {HTMLProgressElement} */ (h("progress", { max: 1, hidden: true }));
    this.message = h("p", { class: "redact-message", role: "status" });
    this.panel = h("section", { class: "redact", hidden: true }, this.why, this.transport, this.list, this.maskLine,
      h("label", { class: "field" }, translate(h("span"), "redact.reason"), this.reason),
      h("div", { class: "redact-acts" }, this.make, this.stop, this.bar), this.message);
    this.node = h("div", { class: "redact-set" }, this.opener, this.panel);
    for (const event of ["timeupdate", "seeked", "play", "pause", "loadedmetadata"]) viewer.video.addEventListener(event, () => this.#follow());
    viewer.onShow(() => { if (this.#isOpen) this.#begin(); this.opener.hidden = !viewer.shown; });
    this.opener.hidden = !viewer.shown;
    this.unheard = onLanguage(() => this.#render());
  }

  /** Open the editor. */
  open() {
    this.#isOpen = true;
    this.panel.hidden = false;
    this.viewer.screen.append(this.layer.node);
    this.viewer.video.controls = false;
    this.opener.setAttribute("aria-expanded", "true");
    translate(this.opener, "redact.close");
    this.#begin();
  }

  /** Close the editor and drop the boxes; a copy that is being made is finished all the same. */
  close() {
    this.#isOpen = false;
    this.panel.hidden = true;
    this.layer.node.remove();
    this.viewer.video.controls = true;
    this.opener.setAttribute("aria-expanded", "false");
    translate(this.opener, "redact.open");
  }

  /** Stop timers and listeners: the evidence view is being closed. */
  end() {
    clearTimeout(this.#timer);
    this.unheard();
  }

  get #isClip() {
    return this.viewer.shown?.isClip ?? false;
  }

  get #duration() {
    const { duration } = this.viewer.video;
    return Number.isFinite(duration) ? duration : 0;
  }

  /** Start over: the viewer shows another file. */
  #begin() {
    this.#regions = [];
    this.#chosen = -1;
    this.#isMoving = false;
    if (!this.viewer.shown) return void this.close();
    translate(this.why, this.#isClip ? "redact.why.clip" : "redact.why.picture");
    this.transport.hidden = this.maskLine.hidden = !this.#isClip;
    this.#render();
  }

  /** @param {Box} box */
  #drawn(box) {
    const region = this.#regions[this.#chosen];
    const now = this.viewer.video.currentTime;
    if (this.#isMoving && region && now > region.from_s) {
      region.to_box = box;
      region.to_s = rounded(now);
    } else {
      this.#regions.push({ box, to_box: null, from_s: 0, to_s: this.#isClip ? rounded(this.#duration) : 1 });
      this.#chosen = this.#regions.length - 1;
    }
    this.#isMoving = false;
    this.#say("none", null);
    this.#render();
  }

  #toggle() {
    const { video } = this.viewer;
    if (video.paused) void video.play().catch(() => {});
    else video.pause();
  }

  /** Update the controls and the boxes to the current picture. */
  #follow() {
    if (!this.#isOpen) return;
    const { video } = this.viewer;
    this.seek.max = String(this.#duration);
    this.seek.value = String(video.currentTime);
    translate(this.play, video.paused ? "redact.play" : "redact.pause");
    write(this.at, t("redact.at", { at: video.currentTime.toFixed(2), all: this.#duration.toFixed(2) }));
    const { width, height } = this.viewer.size;
    if (width) this.layer.resize(width, height);
    this.layer.show(this.#regions, this.#isClip ? video.currentTime : 0, this.#chosen);
    if (!video.paused && this.#isClip) requestAnimationFrame(() => this.layer.show(this.#regions, video.currentTime, this.#chosen));
  }

  #render() {
    fill(this.list, this.#regions.map((region, i) => this.#row(region, i)));
    this.#renderOrder();
    this.#follow();
  }

  /** @param {Region} region @param {number} i */
  #row(region, i) {
    const remove = translate(h("button", { class: "quiet", type: "button", on: { click: () => { this.#regions.splice(i, 1); this.#chosen = -1; this.#isMoving = false; this.#render(); } } }), "redact.remove");
    const name = translate(h("button", { class: "redact-name", type: "button", "aria-pressed": String(i === this.#chosen), on: { click: () => { this.#chosen = i; this.#render(); } } }), "redact.region", { n: i + 1 });
    if (!this.#isClip) return h("li", { "data-region": i }, name, remove);
    const move = translate(h("button", { class: "quiet", type: "button", "aria-pressed": String(Boolean(region.to_box)), on: { click: () => this.#moves(i) } }), region.to_box ? "redact.still" : "redact.move");
    return h("li", { "data-region": i }, name, this.#time(region, "from_s", "redact.from"), this.#time(region, "to_s", "redact.to"), move, remove);
  }

  /** @param {Region} region @param {"from_s" | "to_s"} key @param {string} words */
  #time(region, key, words) {
    const set = (/** @type {number} */ value) => { region[key] = rounded(Math.max(0, value)); this.#render(); };
    const input = /** @type {HTMLInputElement} */ (h("input", { type: "number", min: "0", step: "0.1", value: String(region[key]), on: { change: () => set(Number(input.value) || 0) } }));
    const now = translate(h("button", { class: "quiet", type: "button", on: { click: () => set(this.viewer.video.currentTime) } }), "redact.now");
    return h("span", { class: "redact-time" }, h("label", {}, translate(h("span"), words), input), translate(now, `${words}.now`, {}, "title"));
  }

  /** @param {number} i */
  #moves(i) {
    const region = this.#regions[i];
    this.#chosen = i;
    this.#isMoving = !region.to_box;
    region.to_box = null;
    this.#say("none", this.#isMoving ? "redact.move.how" : null);
    this.#render();
  }

  async #make() {
    const shown = this.viewer.shown;
    if (!shown || this.#order) return;
    const wrong = this.#regions.findIndex((region) => region.to_s <= region.from_s);
    if (!this.#regions.length && !(shown.isClip && this.masks.checked)) return void this.#say("bad", "redact.empty.boxes");
    if (wrong >= 0) return void this.#say("bad", "redact.empty.times", { n: wrong + 1 });
    const reason = this.reason.value.trim();
    if (!reason) {
      this.#say("bad", "redact.empty.reason");
      return void this.reason.focus();
    }
    try {
      if (shown.isClip) {
        this.#order = await callJson(`${this.path}/clips`, { method: "POST", json: { file: shown.file, regions: this.#regions, masks: this.masks.checked, reason } });
        this.#timer = setTimeout(() => void this.#ask(), EVERY_MS);
      } else {
        await callJson(this.path, { method: "POST", json: { file: shown.file, boxes: this.#regions.map(({ box }) => box), reason } });
        this.#finished();
      }
    } catch (error) {
      this.#explain(error);
    }
    this.#renderOrder();
  }

  async #ask() {
    if (!this.#order) return;
    try {
      this.#order = /** @type {Order} */ (await callJson(`${this.path}/clips/${this.#order.id}`));
      const { state, fault, detail } = this.#order.report;
      if (UNDER_WAY.includes(state)) this.#timer = setTimeout(() => void this.#ask(), EVERY_MS);
      else {
        this.#order = null;
        if (state === "done") this.#finished();
        else this.#say("bad", `redact.fault.${fault ?? "broken"}`, { detail });
      }
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 0) this.#timer = setTimeout(() => void this.#ask(), EVERY_MS);
      else {
        this.#order = null;
        this.#explain(error);
      }
    }
    this.#renderOrder();
  }

  #finished() {
    this.#regions = [];
    this.#chosen = -1;
    this.reason.value = "";
    this.#say("good", "redact.done");
    this.#render();
    this.made();
  }

  async #stop() {
    const order = this.#order;
    this.#order = null;
    clearTimeout(this.#timer);
    if (order) await call(`${this.path}/clips/${order.id}`, { method: "DELETE" }).catch(() => null);
    this.#say("none", "redact.stopped");
    this.#renderOrder();
  }

  #renderOrder() {
    const report = this.#order?.report;
    /** @type {HTMLButtonElement} */ (this.make).disabled = Boolean(report);
    this.stop.hidden = this.bar.hidden = !report;
    if (!report) return;
    const all = this.#duration;
    if (report.state === "waiting" || !all) this.bar.removeAttribute("value");
    else this.bar.value = Math.min(1, report.done_s / all);
    if (report.state === "waiting") this.#say("none", "redact.waiting");
    else this.#say("none", all ? "redact.running.of" : "redact.running", { at: report.done_s.toFixed(1), all: all.toFixed(1) });
  }

  /** @param {unknown} error */
  #explain(error) {
    if (!(error instanceof ApiProblem)) throw error;
    if (error.status === 0) this.#say("bad", "login.unreachable");
    else this.#say("bad", "redact.failed", { reason: error.message });
  }

  /** @param {"good" | "bad" | "none"} tone @param {string | null} key @param {Record<string, string | number>} [values] */
  #say(tone, key, values) {
    this.message.dataset.tone = tone;
    if (key) translate(this.message, key, values);
    else fill(this.message);
  }
}

/** Round seconds to hundredths. @param {number} seconds */
function rounded(seconds) {
  return Math.round(seconds * 100) / 100;
}
