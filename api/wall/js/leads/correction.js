/**
 * Correction: form to correct a wrong fact of a lead, with a reason, and the list of corrections so far.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, say, translate, t } from "../shared/i18n.js";
import { fullTime, shortTime } from "../shared/times.js";
import { VIOLATION_CODES, violationName } from "./codes.js";

/** @typedef {import("./store.js").Lead} Lead */

/** Fields that may be corrected, with their value in a lead. @type {Record<string, (lead: Lead) => string | number | null | undefined>} */
const FIELDS = {
  "target.name": (lead) => lead.target?.name,
  "target.uscc": (lead) => lead.target?.uscc,
  "target.outlet": (lead) => lead.target?.outlet,
  "place.town": (lead) => lead.place.town,
  "place.division": (lead) => lead.place.division,
  "place.lon": (lead) => lead.place.lon,
  "place.lat": (lead) => lead.place.lat,
  "violation_code": (lead) => lead.violation_code,
};
const CODE = "violation_code";

export class CorrectionPanel {
  #busy = false;
  /** Value of the control before anybody changed it. */
  #offered = "";

  /** @param {Lead} lead @param {(lead: Lead) => void} changed called with the newest lead after a correction or a conflict */
  constructor(lead, changed) {
    this.lead = lead;
    this.changed = changed;
    this.list = h("ol", { class: "moves" });
    this.field = /** @type {HTMLSelectElement} */ (h("select", { on: { change: () => this.#choose() } }, Object.keys(FIELDS).map((name) => translate(h("option", { value: name }), `correct.${name}`))));
    this.text = /** @type {HTMLInputElement} */ (h("input", { type: "text", maxLength: 200 }));
    this.code = /** @type {HTMLSelectElement} */ (h("select", {}, VIOLATION_CODES.map((code) => h("option", { value: code }, `${code.split("_", 1)[0]} ${violationName(code, language())}`))));
    this.slot = h("div", {}, this.text);
    this.reason = /** @type {HTMLTextAreaElement} */ (h("textarea", { rows: 2, maxLength: 2000 }));
    this.message = h("p", { class: "correction-message", role: "status" });
    const send = translate(h("button", { class: "button", type: "button", "data-act": "correct", on: { click: () => this.#send() } }), "correct.send");
    this.details = h("details", {}, translate(h("summary"), "correct.title"),
      h("div", { class: "correction" },
        h("label", { class: "field" }, translate(h("span"), "correct.field"), this.field),
        h("label", { class: "field" }, translate(h("span"), "correct.value"), this.slot),
        h("label", { class: "field" }, translate(h("span"), "correct.reason"), this.reason),
        translate(h("p", { class: "note" }), "correct.note"), send, this.message));
    this.node = h("section", { class: "history corrections" }, this.list, this.details);
    this.#choose();
  }

  /** Show a newer version of the lead and its corrections. @param {Lead} lead */
  async load(lead) {
    this.lead = lead;
    this.details.hidden = !lead.evidence;
    // a newer version must not overwrite what somebody is typing
    if (lead.evidence && this.#control.value === this.#offered) this.#choose();
    const answer = await callJson(this.#address).catch((error) => {
      if (error instanceof ApiProblem) return { corrections: [] };
      throw error;
    });
    fill(this.list, answer.corrections.map((/** @type {any} */ each) => h("li", {},
      h("time", { datetime: each.at, title: fullTime(each.at) }, shortTime(Date.parse(each.at))),
      h("span", { class: "move-what" }, t("correct.done", { field: t(`correct.${each.field}`) })),
      h("span", { class: "move-who" }, each.user),
      h("span", { class: "move-why" }, t("correct.change", { before: each.before || "—", after: each.after || "—", reason: each.reason })))));
  }

  get #address() {
    return `/v1/leads/${encodeURIComponent(this.lead.lead_id)}/corrections`;
  }

  /** @returns {HTMLInputElement | HTMLSelectElement} the control that holds the value */
  get #control() {
    return this.field.value === CODE ? this.code : this.text;
  }

  #choose() {
    const name = this.field.value || "target.name";
    const value = String(FIELDS[name]?.(this.lead) ?? "");
    // one control at a time: a label belongs to the first control inside it
    fill(this.slot, name === CODE ? this.code : this.text);
    this.text.value = name === CODE ? "" : value;
    if (name === CODE) this.code.value = value;
    this.#offered = this.#control.value;
  }

  async #send() {
    if (this.#busy) return;
    const reason = this.reason.value.trim();
    if (!reason) {
      say(this.message, "bad", "decide.empty");
      this.reason.focus();
      return;
    }
    const field = this.field.value;
    this.#busy = true;
    try {
      const lead = await callJson(this.#address, {
        method: "POST",
        json: { field, value: this.#control.value, reason },
        headers: { "If-Match": `"${this.lead.version}"` },
      });
      this.reason.value = "";
      this.#offered = this.#control.value;
      say(this.message, "good", "correct.sent");
      this.changed(lead);
    } catch (error) {
      await this.#explain(error);
    } finally {
      this.#busy = false;
    }
  }

  /** @param {unknown} error */
  async #explain(error) {
    if (!(error instanceof ApiProblem)) throw error;
    if (error.status !== 412) {
      say(this.message, "bad", "decide.failed", { reason: error.message });
      return;
    }
    const lead = await callJson(`/v1/leads/${encodeURIComponent(this.lead.lead_id)}`).catch(() => null);
    if (lead) this.changed(lead);
    say(this.message, "bad", "decide.stale");
  }
}
