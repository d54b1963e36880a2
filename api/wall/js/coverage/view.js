/**
 * Coverage view: the share of the last 24 hours in which each camera was watched, and the reasons for the rest.
 * @module
 */
import { FleetPanel } from "../fleet/panel.js";
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { onLanguage, translate, t } from "../shared/i18n.js";
import { clockTime, serverClock } from "../shared/times.js";
import { CameraPanel } from "./camera.js";
import { GapPanel, reasonWords } from "./gaps.js";
import { cells, levelOf, shareWords } from "./strips.js";

const HOURS = 24;
const HOUR_MS = 3_600_000;
const EVERY_MS = 20_000;
const FLEET_EVERY_MS = 3_000;

/** Return the last 24 hours as whole hours; the last one is the current hour up to now. @param {number} nowMs */
export function lastHours(nowMs) {
  const from = Math.floor(nowMs / HOUR_MS) * HOUR_MS - (HOURS - 1) * HOUR_MS;
  return { from: new Date(from).toISOString(), to: new Date(nowMs).toISOString() };
}

export class CoverageView {
  /** @type {any} */
  #told = null;
  /** @type {string | null} */
  #chosen = null;
  #byName = false;
  #timers = [0, 0];
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();

  /** @param {{share: (share: number | null) => void, open: (leadId: string) => void}} acts `share` is called with the share of all cameras after each answer */
  constructor(acts) {
    this.acts = acts;
    this.total = h("strong", { class: "cov-total" });
    this.hours = h("div", { class: "cov-hours", "aria-hidden": "true" });
    this.list = h("ol", { class: "cov-list" });
    this.fault = h("p", { class: "panel-error", role: "alert", hidden: true });
    this.order = ["worst", "name"].map((order) => translate(h("button", { class: "segment", type: "button", "data-order": order, on: { click: () => this.#sort(order === "name") } }), `cover.by.${order}`));
    this.camera = new CameraPanel({ open: (leadId) => { this.node.close(); acts.open(leadId); } });
    this.gaps = new GapPanel();
    this.fleet = new FleetPanel();
    this.csv = translate(h("a", { class: "button" }), "cover.csv");
    this.node = /** @type {HTMLDialogElement} */ (h("dialog", { class: "coverage", "aria-labelledby": "coverage-title" },
      h("header", { class: "cov-head" }, translate(h("h2", { id: "coverage-title" }), "cover.title"), this.total,
        translate(h("div", { class: "segments", role: "group" }, this.order), "cover.order", {}, "aria-label"), legend(), this.csv,
        translate(h("button", { class: "quiet", type: "button", "data-act": "coverage-close", on: { click: () => this.node.close() } }), "close")),
      h("div", { class: "cov-body" },
        h("section", { class: "cov-main" }, this.fault, this.hours, this.list),
        h("aside", { class: "cov-side" }, this.camera.node, this.gaps.node, this.fleet.node))));
    this.node.addEventListener("close", () => {
      this.#timers.forEach(clearTimeout);
      this.camera.close();
    });
    this.node.addEventListener("click", (event) => { if (event.target === this.node) this.node.close(); });
    this.list.addEventListener("keydown", (event) => this.#step(event));
    onLanguage(() => this.#draw());
    this.#markOrder();
  }

  /** Show the view. @param {{id: string, name: string}} [camera] shown first; the worst one if omitted */
  open(camera) {
    if (camera) {
      this.#chosen = camera.id;
      // a camera that was just registered has no coverage record yet, and so no row to choose
      this.camera.show(camera.id, camera.name || camera.id);
    }
    if (!this.node.open) this.node.showModal();
    void this.#ask();
    void this.#askFleet();
  }

  /** Ask for the share of all cameras without showing the view. */
  async glance() {
    await this.#load();
  }

  async #ask() {
    clearTimeout(this.#timers[0]);
    await this.#load();
    if (this.node.open) this.#timers[0] = window.setTimeout(() => this.#ask(), EVERY_MS);
  }

  async #load() {
    const { from, to } = lastHours(serverClock.now());
    const query = `?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
    try {
      this.#told = await callJson(`/v1/coverage${query}`);
      this.csv.setAttribute("href", `/v1/coverage.csv${query}`);
      this.fault.hidden = true;
      this.acts.share(this.#told.share);
      if (this.node.open) this.#draw();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.fault.hidden = false;
      translate(this.fault, "cover.failed", { reason: error.message });
    }
  }

  async #askFleet() {
    clearTimeout(this.#timers[1]);
    try {
      const [workers, room] = await Promise.all([callJson("/v1/workers"), callJson("/v1/vault")]);
      this.fleet.show(workers, room);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
    if (this.node.open) this.#timers[1] = window.setTimeout(() => this.#askFleet(), FLEET_EVERY_MS);
  }

  #draw() {
    if (!this.#told) return;
    const { share, cameras, start } = this.#told;
    write(this.total, shareWords(share));
    this.total.dataset.level = String(levelOf(share));
    const from = Date.parse(start);
    fill(this.hours, Array.from({ length: HOURS }, (_, i) => h("span", {}, i % 3 ? "" : clockTime(from + i * HOUR_MS).slice(0, 5))));
    const ordered = this.#byName ? [...cameras].sort((a, b) => a.name.localeCompare(b.name, "zh")) : cameras;
    this.#rows = new Map(ordered.map((/** @type {any} */ camera) => [camera.camera_id, this.#row(camera)]));
    const focused = this.list.contains(document.activeElement);
    fill(this.list, ordered.length ? [...this.#rows.values()] : translate(h("li", { class: "empty" }), "cover.none"));
    if (!this.#chosen || (ordered.length && !this.#rows.has(this.#chosen))) this.#chosen = ordered[0]?.camera_id ?? null;
    if (this.#chosen && this.#rows.has(this.#chosen)) this.#choose(this.#chosen, focused);
  }

  /** @param {any} camera */
  #row(camera) {
    const [reason, seconds] = Object.entries(camera.unwatched).sort((a, b) => Number(b[1]) - Number(a[1]))[0] ?? ["", 0];
    const why = reason ? reasonWords(reason) : "";
    const strip = h("span", { class: "cov-strip" }, cells(camera.shares));
    const row = h("button", { class: "cov-row", type: "button", tabIndex: -1, on: { click: () => this.#choose(camera.camera_id, true) } },
      h("span", { class: "cov-name" }, camera.name),
      strip,
      h("span", { class: "cov-share", "data-level": String(levelOf(camera.share)) }, shareWords(camera.share)),
      h("span", { class: "cov-why" }, seconds ? why : ""));
    row.setAttribute("aria-label", t("cover.row", { name: camera.name, share: shareWords(camera.share), why }));
    strip.addEventListener("pointermove", (event) => { row.title = this.#hourWords(camera, event.target, strip); });
    return h("li", {}, row);
  }

  /** @param {any} camera @param {EventTarget | null} target @param {HTMLElement} strip */
  #hourWords(camera, target, strip) {
    const index = target instanceof Element ? [...strip.children].indexOf(target) : -1;
    if (index < 0) return "";
    const from = Date.parse(this.#told.start) + index * HOUR_MS;
    return `${clockTime(from).slice(0, 5)}–${clockTime(from + HOUR_MS).slice(0, 5)}  ${shareWords(camera.shares[index] ?? null)}`;
  }

  /** @param {string} camera @param {boolean} focus */
  #choose(camera, focus) {
    this.#chosen = camera;
    for (const [id, row] of this.#rows) {
      const button = /** @type {HTMLElement} */ (row.firstElementChild);
      button.setAttribute("aria-pressed", String(id === camera));
      button.tabIndex = id === camera ? 0 : -1;
      if (id === camera && focus) button.focus({ preventScroll: true });
    }
    const shown = this.#told.cameras.find((/** @type {any} */ one) => one.camera_id === camera);
    if (this.node.open) this.camera.show(camera, shown.name);
    void this.gaps.show(camera, shown.name, this.#told.start, this.#told.end);
  }

  /** Arrow keys go from camera to camera. @param {KeyboardEvent} event */
  #step(event) {
    const ids = [...this.#rows.keys()];
    const at = ids.indexOf(this.#chosen ?? "");
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: ids.length - 1 }[event.key];
    const id = to === undefined ? undefined : ids[to];
    if (id === undefined) return;
    event.preventDefault();
    this.#choose(id, true);
    this.#rows.get(id)?.scrollIntoView({ block: "nearest" });
  }

  /** @param {boolean} byName */
  #sort(byName) {
    this.#byName = byName;
    this.#markOrder();
    this.#draw();
  }

  #markOrder() {
    for (const button of this.order) button.setAttribute("aria-pressed", String((button.dataset.order === "name") === this.#byName));
  }
}

function legend() {
  const names = ["100%", "≥99%", "≥95%", "≥80%", "<80%"];
  return h("ul", { class: "cov-legend" }, names.map((name, level) => h("li", {}, h("i", { class: "cov-cell", "data-level": String(level) }), name)));
}
