/**
 * Changes: what is added to a check: who joins it, its record, the enterprise's rating, a justification, or its end.
 * @module
 */
import { attachmentsControl } from "../loop/attachments.js";
import { pickerOf } from "../register/picker.js";
import { controlOf, groupOf } from "../shared/controls.js";
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { say, translate, t } from "../shared/i18n.js";
import { problemWords } from "./scan.js";
import { OPEN } from "./words.js";

/** @typedef {import("./words.js").Check} Check */
/** @typedef {import("../shared/controls.js").Control} Control */

const RATINGS = /** @type {[string, string][]} */ (["5", "4", "3", "2", "1"].map((rating) => [rating, `visit.rating.${rating}`]));

/** @type {Record<string, {is: (check: Check) => boolean, make: () => Control, body: (value: any) => unknown}>} the member of the request, when it is offered, its control, its value */
const CHANGES = {
  join: {
    is: (check) => OPEN.has(check.state),
    make: () => groupOf([
      { name: "officers", kind: "text", words: "visit.officers" }, { name: "units", kind: "text", words: "visit.units" },
      { name: "items", kind: "lines", words: "visit.items", hint: "register.lines" }, { name: "lead_id", kind: "text", words: "visit.lead_id", most: 22 },
    ], (of) => (of.name === "officers" ? pickerOf(of, { kind: "officer", several: true, typed: true }) : of.name === "units" ? pickerOf(of, { kind: "unit", several: true, typed: true }) : controlOf(of))),
    body: (value) => value,
  },
  record_sha256: {
    is: (check) => check.state === "ACTIVE",
    make: () => attachmentsControl({ name: "record", kind: "text", words: "visit.record", must: true }, { kind: "record" }),
    body: (value) => value?.[0]?.sha256,
  },
  company_rating: {
    is: (check) => check.state === "DONE" || check.state === "RATED",
    make: () => controlOf({ name: "rating", kind: "choice", words: "visit.rating", options: RATINGS, must: true }),
    body: (value) => (value === undefined ? undefined : Number(value)),
  },
  justification: {
    is: (check) => check.basis === "emergency",
    make: () => controlOf({ name: "justification", kind: "area", words: "visit.justification", must: true }),
    body: (value) => value,
  },
  ecode_record_id: {
    is: () => true,
    make: () => controlOf({ name: "ecode", kind: "text", words: "scan.ecode", most: 64, must: true }),
    body: (value) => value,
  },
  cancel: {
    is: (check) => OPEN.has(check.state),
    make: () => ({ node: translate(h("p", { class: "note" }), "visit.cancel.note"), read: () => true, write() {}, focus() {} }),
    body: () => true,
  },
};

export class ChangeForm {
  #busy = false;
  #chosen = "";
  /** @type {Control | null} */
  #control = null;

  /** @param {Check} check @param {{changed: (check: Check) => void, stale: () => void}} acts */
  constructor(check, acts) {
    this.check = check;
    this.acts = acts;
    this.reason = /** @type {HTMLInputElement} */ (h("input", { type: "text", name: "reason", maxLength: 2000, "aria-required": "true" }));
    this.slot = h("div");
    this.message = h("p", { class: "review-message", role: "status", tabIndex: -1 });
    this.choices = Object.entries(CHANGES).filter(([, change]) => change.is(check)).map(([name]) =>
      translate(h("button", { class: "button", type: "button", "data-change": name, "aria-pressed": "false", on: { click: () => this.choose(name) } }), `visit.change.${name}`));
    this.form = h("form", { class: "entry-form", noValidate: true, hidden: true, on: { submit: (event) => void this.#send(event) } }, this.slot,
      h("label", { class: "field" }, h("span", {}, translate(h("span"), "visit.reason"), h("b", { class: "must", "aria-hidden": "true" }, " *")), this.reason),
      translate(h("button", { class: "primary", type: "submit" }), "visit.change.send"));
    this.node = h("section", { class: "check-changes" }, translate(h("h4"), "visit.changes"), h("div", { class: "change-choices" }, this.choices), this.form, this.message);
  }

  /** Open the form of a change. @param {string} name @param {any} [value] filled in at first */
  choose(name, value) {
    const change = CHANGES[name];
    if (!change?.is(this.check)) return;
    this.#chosen = name;
    this.#control = change.make();
    if (value !== undefined) this.#control.write(value);
    fill(this.slot, this.#control.node);
    this.form.hidden = false;
    for (const button of this.choices) button.setAttribute("aria-pressed", String(button.dataset.change === name));
    this.#control.focus();
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    if (this.#busy || !this.#control) return;
    const value = CHANGES[this.#chosen].body(this.#control.read());
    const reason = this.reason.value.trim();
    if (value === undefined || !reason) {
      say(this.message, "bad", value === undefined ? "visit.change.empty" : "register.why.missing");
      if (value === undefined) this.#control.focus();
      else this.reason.focus();
      return;
    }
    this.#busy = true;
    try {
      this.acts.changed(await callJson(`/v1/check-codes/${this.check.check_code}/changes`, { method: "POST", json: { [this.#chosen]: value, reason }, headers: { "If-Match": `"${this.check.version}"` } }));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (error.status === 412) this.acts.stale();
      say(this.message, "bad", "visit.refused", { reason: error.status === 412 ? t("visit.stale") : problemWords(error) });
      this.message.focus();
    } finally {
      this.#busy = false;
    }
  }
}
