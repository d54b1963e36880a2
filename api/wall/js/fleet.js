/**
 * Fleet: the workers as a compact panel: who is there, how many cameras each carries, and how hard it works.
 * @module
 */
import { fill, h } from "./dom.js";
import { onLanguage, speak, t } from "./i18n.js";
import { loadOf } from "./loads.js";
import { ageWords } from "./times.js";

/** Shares from which a bar warns and alarms. */
const HIGH = 0.75;
const FULL = 0.92;

export class FleetPanel {
  /** @type {{workers: any[], bus: boolean}} */
  #told = { workers: [], bus: true };

  constructor() {
    this.list = h("ul", { class: "fleet-list" });
    this.node = h("section", { class: "fleet" }, speak(h("h3"), "fleet.title"), this.list);
    onLanguage(() => this.#draw());
  }

  /** @param {{workers: any[], bus: boolean}} told the answer of `/v1/workers` */
  show(told) {
    this.#told = told;
    this.#draw();
  }

  #draw() {
    const { workers, bus } = this.#told;
    if (!bus) fill(this.list, speak(h("li", { class: "panel-error" }), "fleet.nobus"));
    else if (!workers.length) fill(this.list, speak(h("li", { class: "note" }), "fleet.none"));
    else fill(this.list, workers.map(workerCard));
  }
}

/** @param {any} worker */
function workerCard({ name, health, member }) {
  const load = loadOf(health, member);
  const up = health ? (Date.parse(health.reported) - Date.parse(health.started)) / 1000 : 0;
  return h("li", { class: "worker", "data-draining": member?.draining ? "yes" : "no" },
    h("div", { class: "worker-head" }, h("strong", {}, name),
      h("span", { class: "worker-cameras" }, h("b", {}, String(load.cameras)), load.room ? ` / ${load.room}` : "", " ", t("fleet.cameras"))),
    load.cpu === null ? null : bar("fleet.cpu", load.cpu, `${Math.round(load.cpu * 100)}%`),
    load.late === null ? null : bar("fleet.late", load.late, `${Math.round(load.late * 100)}%`),
    h("p", { class: "worker-facts" }, [
      load.memory === null ? "" : `${load.memory.toFixed(1)} GB`,
      health ? t("fleet.up", { age: ageWords(up) }) : t("fleet.silent"),
      member?.draining ? t("fleet.draining") : "",
      load.waiting ? t("fleet.waiting", { n: load.waiting }) : "",
      load.stuck ? t("fleet.stuck", { n: load.stuck }) : "",
    ].filter(Boolean).join(" · ")));
}

/** @param {string} key @param {number} share @param {string} words */
function bar(key, share, words) {
  const filled = h("i");
  filled.style.setProperty("--share", String(Math.min(1, share)));
  return h("div", { class: "bar-line", "data-tone": share >= FULL ? "bad" : share >= HIGH ? "warn" : "calm" },
    h("span", {}, t(key)), h("span", { class: "bar-track" }, filled), h("span", { class: "bar-words" }, words));
}
