/**
 * Dry run: the draft zones tried on the camera's recent pictures or on a clip, and the leads they would have made.
 * @module
 */
import { leadTitle } from "../leads/codes.js";
import { keyFigure, short } from "../leads/measures.js";
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, call, callJson } from "../shared/http.js";
import { hasWords, language, translate, t } from "../shared/i18n.js";
import { shortTime } from "../shared/times.js";

/** @typedef {import("./draft.js").Zone} Zone */
/** @typedef {{first_s: number, confirmed_s: number, last_s: number, peak_s: number, has_picture: boolean, lead: import("../leads/store.js").Lead}} DryLead */
/**
 * @typedef {object} Report
 * @property {"waiting" | "running" | "done" | "failed"} state
 * @property {string} worker
 * @property {string} model
 * @property {string[]} rules
 * @property {number} analysed_s
 * @property {number} looks analysed pictures of the hour, 0 for a clip
 * @property {number | null} duration_s
 * @property {boolean} is_cut
 * @property {number} width
 * @property {number} height
 * @property {DryLead[]} leads
 * @property {number} more
 * @property {string | null} fault
 * @property {string} detail
 */
/** @typedef {{id: string, source: string, zones: Zone[], max_s: number, report: Report}} Run */
/** @typedef {{abort: AbortController, answer: Promise<Run> | null}} Sending */

const EVERY_MS = 1000;
const UNDER_WAY = ["waiting", "running"];

/** Time to wait for the answer to a request before it is aborted: the answer holds the id of the run to cancel. */
const GRACE_MS = 2000;

export class DryRunPanel {
  /** @type {Run | null} */
  #run = null;
  #path = "";
  #timer = 0;
  #chosen = -1;
  /** True once the zones are loaded; before that the draft is empty. */
  #isReady = false;
  /** The request that is under way, with its answer once it was sent. @type {Sending | null} */
  #sending = null;
  /** Settled once the last run is cancelled: a worker tries one draft at a time. @type {Promise<unknown>} */
  #ended = Promise.resolve();

  /**
   * @param {() => Zone[]} zones as drafted
   * @param {(shown: {address: string | null, lead: DryLead, run: Run} | null) => void} show shows a lead, over its own picture if there is one; `null` shows the live picture
   */
  constructor(zones, show) {
    this.zones = zones;
    this.show = show;
    this.recent = translate(h("button", { class: "button", type: "button", "data-act": "dryrun-recent", on: { click: () => this.#start(null, "recent") } }), "dryrun.recent");
    this.hour = translate(h("button", { class: "button", type: "button", "data-act": "dryrun-hour", on: { click: () => this.#start(null, "hour") } }), "dryrun.hour");
    this.file = /** @type {HTMLInputElement} */ (h("input", { type: "file", accept: "video/*,.ts,.flv,.mkv", class: "unseen", "data-field": "clip", on: { change: () => this.#chose() } }));
    this.upload = h("label", { class: "button", "data-act": "dryrun-upload" }, translate(h("span"), "dryrun.upload"), this.file);
    this.stop = translate(h("button", { class: "button", type: "button", "data-act": "dryrun-stop", hidden: true, on: { click: () => this.end() } }), "dryrun.stop");
    this.bar = /** @type {HTMLProgressElement} */ (h("progress", { max: 1, hidden: true }));
    translate(this.bar, "dryrun.progress", {}, "aria-label");
    this.message = h("p", { class: "dryrun-message", role: "status", "aria-live": "polite" });
    this.stale = translate(h("p", { class: "note dryrun-stale", hidden: true }), "dryrun.stale");
    this.list = h("ol", { class: "dryrun-leads" });
    this.back = translate(h("button", { class: "quiet", type: "button", "data-act": "dryrun-back", hidden: true, on: { click: () => this.#choose(-1) } }), "dryrun.back");
    this.node = h("section", { class: "dryrun" }, h("h3", {}, translate(h("span"), "dryrun.title"), this.back),
      translate(h("p", { class: "note" }), "dryrun.why"), h("div", { class: "dryrun-acts" }, this.hour, this.recent, this.upload, this.stop), this.bar, this.message, this.stale, this.list);
  }

  /** Switch to another camera. @param {string} cameraId @param {boolean} isAllowed */
  open(cameraId, isAllowed) {
    this.#path = `/v1/cameras/${encodeURIComponent(cameraId)}/dry-runs`;
    this.node.hidden = !isAllowed;
    this.#isReady = false;
    this.end();
    this.render();
  }

  /** Enable the panel: the camera's zones are loaded. */
  begin() {
    this.#isReady = true;
    this.render();
  }

  /** Cancel the run, drop its result and delete the uploaded clip. */
  end() {
    clearTimeout(this.#timer);
    const [sending, run, path] = [this.#sending, this.#run, this.#path];
    this.#sending = null;
    this.#run = null;
    this.#choose(-1);
    if (sending?.answer) this.#ended = endSending(path, sending, sending.answer);
    else if (run) this.#ended = callOff(path, run.id);
    this.render();
  }

  /** Show progress and result. */
  render() {
    const run = this.#run;
    const isBusy = this.#sending !== null || (run !== null && UNDER_WAY.includes(run.report.state));
    for (const button of [this.recent, this.hour]) /** @type {HTMLButtonElement} */ (button).disabled = isBusy || !this.#isReady;
    this.file.disabled = isBusy || !this.#isReady;
    this.upload.classList.toggle("disabled", isBusy);
    this.stop.hidden = !isBusy;
    this.stale.hidden = !run || isBusy || JSON.stringify(run.zones) === JSON.stringify(this.zones());
    this.#renderBar(isBusy);
    if (run) this.#renderReport(run);
    else fill(this.list);
    this.back.hidden = this.#chosen < 0;
  }

  /** @param {boolean} isBusy */
  #renderBar(isBusy) {
    this.bar.hidden = !isBusy;
    const report = this.#run?.report;
    const whole = Math.min(report?.duration_s ?? Infinity, this.#run?.max_s ?? Infinity);
    if (report?.state === "running" && report.duration_s && whole > 0) this.bar.value = Math.min(1, report.analysed_s / whole);
    else this.bar.removeAttribute("value");
  }

  /** @param {Run} run */
  #renderReport({ report }) {
    const leads = report.leads.length + report.more;
    const seconds = short(report.analysed_s, 0);
    if (report.state === "failed") this.#say("bad", `dryrun.fault.${report.fault ?? "broken"}`, { detail: report.detail });
    else if (report.state === "waiting") this.#say("none", "dryrun.waiting", { worker: report.worker });
    else if (report.state === "running") this.#say("none", "dryrun.running", { seconds, leads });
    else if (report.looks) this.#say(leads ? "warn" : "good", leads ? "dryrun.hour.done" : "dryrun.hour.nothing", { minutes: short(report.analysed_s / 60, 0), looks: report.looks, leads });
    else if (leads) this.#say("warn", report.is_cut ? "dryrun.done.cut" : "dryrun.done", { seconds, leads });
    else this.#say("good", report.is_cut ? "dryrun.nothing.cut" : "dryrun.nothing", { seconds });
    fill(this.list, report.leads.map((lead, i) => this.#item(lead, i)), report.more ? translate(h("li", { class: "note" }), "dryrun.more", { n: report.more }) : null);
  }

  /** @param {DryLead} dry @param {number} number */
  #item(dry, number) {
    const { lead } = dry;
    const owner = lead.target?.name ?? "";
    const unknown = lead.disposition?.reasons.includes("unregistered") ? t("target.unregistered") : "";
    const where = [lead.measure.zone || t("dryrun.nowhere"), owner, unknown].filter(Boolean).join(" · ");
    const figure = keyFigure(lead.measure);
    return h("li", {}, h("button", { type: "button", class: "dryrun-lead", "data-lead": number, disabled: !dry.has_picture && this.#run?.source !== "hour", "aria-pressed": String(number === this.#chosen), on: { click: () => this.#choose(number) } },
      h("strong", {}, leadTitle(lead, language())), h("b", { title: figure.title }, figure.value),
      dry.has_picture ? null : h("span", {}, shortTime(Date.parse(lead.event.start))),
      h("span", {}, t("dryrun.span", { from: short(dry.first_s), to: short(dry.last_s), confirmed: short(dry.confirmed_s) })),
      h("span", {}, where), h("span", { class: "mono" }, lead.rule.id)));
  }

  /** @param {number} number */
  #choose(number) {
    this.#chosen = number;
    const run = this.#run;
    const lead = run?.report.leads[number];
    this.show(run && lead ? { address: lead.has_picture ? `${this.#path}/${run.id}/pictures/${number}.jpg` : null, lead, run } : null);
    this.render();
  }

  #chose() {
    const file = this.file.files?.[0];
    if (file) void this.#start(file, "upload");
    this.file.value = "";
  }

  /** @param {File | null} clip @param {"hour" | "recent" | "upload"} source */
  async #start(clip, source) {
    this.end();
    const form = new FormData();
    const zones = JSON.parse(JSON.stringify(this.zones()));
    form.append("draft", JSON.stringify({ zones, source }));
    if (clip) form.append("clip", clip);
    /** @type {Sending} */
    const sending = { abort: new AbortController(), answer: null };
    this.#sending = sending;
    this.#say("none", clip ? "dryrun.sending" : "dryrun.asking", { name: clip?.name ?? "" });
    this.render();
    await this.#ended;
    if (this.#sending !== sending) return;
    try {
      sending.answer = callJson(this.#path, { method: "POST", body: form, signal: sending.abort.signal });
      const run = await sending.answer;
      if (this.#sending !== sending) return;
      // the tried zones in the draft's own form, to be compared with the draft later: the server writes them differently
      this.#run = { ...run, zones };
      this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
    } catch (error) {
      if (this.#sending !== sending) return;
      this.#explain(error);
    }
    this.#sending = null;
    this.render();
  }

  async #ask() {
    const run = this.#run;
    if (!run) return;
    try {
      const { report } = await callJson(`${this.#path}/${run.id}`);
      if (this.#run?.id !== run.id) return;
      this.#run = { ...run, report };
      if (UNDER_WAY.includes(report.state)) this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
    } catch (error) {
      if (this.#run?.id !== run.id) return;
      if (error instanceof ApiProblem && error.status === 404) this.#run = null;
      else this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
      this.#explain(error);
    }
    this.render();
  }

  /** @param {unknown} error */
  #explain(error) {
    if (!(error instanceof ApiProblem)) throw error;
    const key = `dryrun.problem.${error.status === 0 ? "unreachable" : error.slug}`;
    this.#say("bad", hasWords(key) ? key : "dryrun.problem", { reason: error.message });
  }

  /** @param {"good" | "bad" | "warn" | "none"} tone @param {string} key @param {Record<string, string | number>} values */
  #say(tone, key, values = {}) {
    this.message.dataset.tone = tone;
    if (hasWords(key)) translate(this.message, key, values);
    else write(this.message, String(values.detail ?? key));
  }
}

/**
 * @param {string} path of the camera's dry runs
 * @param {string} id
 */
function callOff(path, id) {
  return call(`${path}/${id}`, { method: "DELETE" }).catch(() => null);
}

/**
 * Cancel a request that is being sent or not answered yet: a worker may have started it already.
 * @param {string} path of the camera's dry runs
 * @param {Sending} sending
 * @param {Promise<Run>} answer
 */
function endSending(path, sending, answer) {
  const late = setTimeout(() => sending.abort.abort(), GRACE_MS);
  return answer.then((run) => callOff(path, run.id), () => null).finally(() => clearTimeout(late));
}
