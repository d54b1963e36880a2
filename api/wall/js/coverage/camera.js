/**
 * Camera panel: how one camera is watched now, its budget of false leads, its file under article 41 and its recent faults.
 * @module
 */
import { troubleOf } from "../fleet/health.js";
import { leadTitle } from "../leads/codes.js";
import { isNumber, short } from "../leads/measures.js";
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { hasWords, language, onLanguage, translate, t } from "../shared/i18n.js";
import { serverClock, shortTime } from "../shared/times.js";
import { budgetParts } from "./budget.js";
import { detailWords, reasonWords } from "./gaps.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {[string, string | Node, string?]} Row label key, value, tone; a row without a value is not shown */

const EVERY_MS = 3000;
const TAMPER = "V17_DEVICE_TAMPER";
const FINDINGS_MOST = 5;
/** Clock offset beyond which a camera is flagged (domain.md 4). */
const CLOCK_LIMIT_S = 2;

export class CameraPanel {
  #id = "";
  #timer = 0;
  /** @type {any} */
  #health = undefined;
  /** @type {Lead[]} */
  #findings = [];
  /** The camera's file under article 41, as it stands today. @type {{class_today: string, lacks_today: string[]} | null} */
  #file = null;

  /** @param {{open: (leadId: string) => void}} acts */
  constructor(acts) {
    this.acts = acts;
    this.title = h("h3");
    this.now = h("dl", { class: "cov-figures camera-now" });
    this.budget = h("section", { class: "camera-budget" });
    this.file = h("section", { class: "camera-file" });
    this.findings = h("section", { class: "camera-findings" });
    this.node = h("section", { class: "camera", "aria-live": "polite", hidden: true }, this.title, this.now, this.budget, this.file, this.findings);
    onLanguage(() => this.#draw());
  }

  /** Show a camera and keep it fresh until another one is shown or `close` is called. @param {string} id @param {string} name */
  show(id, name) {
    this.node.hidden = false;
    write(this.title, name);
    if (id === this.#id) return;
    this.#id = id;
    this.#health = undefined;
    this.#findings = [];
    this.#file = null;
    this.#draw();
    void this.#ask();
    void this.#askRecords();
  }

  /** Stop asking the server. */
  close() {
    clearTimeout(this.#timer);
    this.#id = "";
  }

  async #ask() {
    clearTimeout(this.#timer);
    const id = this.#id;
    try {
      const { health } = await callJson(`/v1/cameras/${encodeURIComponent(id)}`);
      if (this.#id !== id) return;
      this.#health = health;
      this.#draw();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
    if (this.#id === id) this.#timer = window.setTimeout(() => this.#ask(), EVERY_MS);
  }

  async #askRecords() {
    const id = this.#id;
    const of = encodeURIComponent(id);
    try {
      const [{ leads }, file] = await Promise.all([callJson(`/v1/leads?camera=${of}&code=${TAMPER}&limit=${FINDINGS_MOST}`), callJson(`/v1/cameras/${of}/article41`)]);
      if (this.#id !== id) return;
      this.#findings = leads;
      this.#file = file;
      this.#draw();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  #draw() {
    const health = this.#health;
    fill(this.now, rows(health === undefined ? [] : nowRows(health)));
    fill(this.budget, budgetParts(health?.budget));
    fill(this.file, this.#file ? [h("h4", {}, translate(h("span"), "camera.file"), translate(h("span", { class: "admissibility-verdict", "data-use": this.#file.class_today }), `use.${this.#file.class_today}`)), h("ul", { class: "obstacles" }, this.#file.lacks_today.map((lack) => h("li", {}, hasWords(`obstacle.${lack}`) ? t(`obstacle.${lack}`) : lack)))] : null);
    fill(this.findings, this.#findings.length ? [translate(h("h4"), "camera.findings"), h("ol", {}, this.#findings.map((lead) => this.#finding(lead)))] : null);
  }

  /** @param {Lead} lead */
  #finding(lead) {
    const fault = lead.measure.class_name;
    return h("li", {}, h("button", { type: "button", class: "camera-finding", "data-lead": lead.lead_id, on: { click: () => this.acts.open(lead.lead_id) } },
      h("strong", {}, hasWords(`fault.${fault}`) ? t(`fault.${fault}`) : leadTitle(lead, language())),
      h("span", {}, shortTime(Date.parse(lead.event.start))), h("span", { class: "chip", "data-state": lead.state }, t(`state.${lead.state}`))));
  }
}

/** @param {any} health `null` while no worker reports it @returns {Row[]} */
function nowRows(health) {
  const trouble = troubleOf(health, serverClock.now());
  const state = trouble ? [reasonWords(trouble.reason), detailWords(trouble.detail)].filter(Boolean).join(" · ") : t("camera.watched");
  /** @type {Row[]} */
  const found = [["camera.state", state, trouble ? trouble.tone : "good"]];
  if (!health) return found;
  const { analysed_interval_s: interval, interval_limit_s: limit, gop_s: gop, clock_offset_s: offset } = health;
  return [
    ...found,
    ["camera.picture", health.picture_fault && trouble?.reason !== "unsighted" ? detailWords(health.picture_fault) : "", "bad"],
    ["camera.interval", interval ? t("camera.interval.value", { seconds: short(interval), limit: short(limit) }) : "", limit && interval > limit ? "bad" : "none"],
    ["camera.mode", health.watch_mode ? modeWords(health) : ""],
    ["camera.gop", gop ? t("age.seconds", { n: short(gop) }) : ""],
    ["camera.stream", [health.codec, health.width ? `${health.width}×${health.height}` : "", health.received_fps ? `${short(health.received_fps)} fps` : "", health.decoder].filter(Boolean).join(" · ")],
    ["camera.delay", health.analysis_delay_s ? t("age.seconds", { n: short(health.analysis_delay_s) }) : ""],
    ["camera.clock", isNumber(offset) ? t("camera.clock.value", { seconds: short(offset) }) : "", isNumber(offset) && Math.abs(offset) > CLOCK_LIMIT_S ? "bad" : "none"],
    ["camera.held", health.leads_suppressed || health.leads_merged ? t("camera.held.value", { merged: health.leads_merged ?? 0, held: health.leads_suppressed ?? 0 }) : "", health.leads_suppressed ? "mild" : "none"],
    ["camera.worker", health.worker],
    .../** @type {{kind: string, since: string | null, detail: string}[]} */ (health.findings ?? []).filter(({ kind }) => kind !== health.picture_fault && kind !== trouble?.reason).map((finding) => /** @type {Row} */ (["camera.finding", findingWords(finding), "bad"])),
  ];
}

/** @param {{kind: string, since: string | null, detail: string}} finding */
function findingWords({ kind, since, detail }) {
  return [hasWords(`fault.${kind}`) ? t(`fault.${kind}`) : kind, detail, since ? t("camera.since", { time: shortTime(Date.parse(since)) }) : ""].filter(Boolean).join(" · ");
}

/** @param {any} health */
function modeWords(health) {
  const reason = `watch.reason.${health.watch_reason}`;
  return [t(`watch.mode.${health.watch_mode === "focus" ? "focus" : "patrol"}`), hasWords(reason) ? t(reason) : ""].filter(Boolean).join(" · ");
}

/** @param {Row[]} all */
function rows(all) {
  return all.filter(([, value]) => value).flatMap(([label, value, tone]) => [translate(h("dt"), label), h("dd", { "data-tone": tone ?? "none" }, value)]);
}
