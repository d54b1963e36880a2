/**
 * System panel: the workers with their load, and the vault with its space.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { onLanguage, translate, t } from "../shared/i18n.js";
import { ageWords } from "../shared/times.js";
import { loadOf } from "./load.js";
import { bytesInWords, scrubSentence, SOON_DAYS } from "./vault.js";

/** Shares from which a bar shows a warning and an alarm. */
const HIGH = 0.75;
const FULL = 0.92;

export class FleetPanel {
  /** @type {{workers: any[], bus: boolean}} */
  #told = { workers: [], bus: true };
  /** @type {any} */
  #room = null;

  constructor() {
    this.list = h("ul", { class: "fleet-list" });
    this.vault = h("div", { class: "vault", hidden: true });
    this.node = h("section", { class: "fleet" }, translate(h("h3"), "fleet.title"), this.list, this.vault);
    onLanguage(() => this.#draw());
  }

  /** @param {{workers: any[], bus: boolean}} told the answer of `/v1/workers` @param {any} room the answer of `/v1/vault` */
  show(told, room) {
    this.#told = told;
    this.#room = room;
    this.#draw();
  }

  #draw() {
    this.vault.hidden = !this.#room;
    if (this.#room) fill(this.vault, vaultCard(this.#room));
    const { workers, bus } = this.#told;
    if (!bus) fill(this.list, translate(h("li", { class: "panel-error" }), "fleet.nobus"));
    else if (!workers.length) fill(this.list, translate(h("li", { class: "note" }), "fleet.none"));
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

/** @param {any} room */
function vaultCard({ packages, free_bytes: free, total_bytes: total, days_left: days, level, last_scrub: scrubbed }) {
  const used = total ? 1 - free / total : null;
  const line = free === null ? t("room.line.open", { n: packages }) : t("room.line", { n: packages, free: bytesInWords(free) });
  const scrub = scrubSentence(scrubbed);
  return [
    h("div", { class: "worker-head" }, h("strong", {}, t("room.title")), h("span", { class: "worker-cameras" }, used === null ? "" : t("room.used", { share: `${Math.round(used * 100)}%` }))),
    h("p", { class: "worker-facts", "data-level": level }, [line, days === null ? "" : t(days < SOON_DAYS ? "room.line.soon" : "room.line.days", { age: ageWords(days * 86_400) })].filter(Boolean).join(" · ")),
    h("p", { class: "worker-facts scrub", "data-level": scrub.level }, t(scrub.key, scrub.values)),
  ];
}

/** @param {string} key @param {number} share @param {string} words */
function bar(key, share, words) {
  const filled = h("i");
  filled.style.setProperty("--share", String(Math.min(1, share)));
  return h("div", { class: "bar-line", "data-tone": share >= FULL ? "bad" : share >= HIGH ? "warn" : "calm" },
    h("span", {}, t(key)), h("span", { class: "bar-track" }, filled), h("span", { class: "bar-words" }, words));
}
