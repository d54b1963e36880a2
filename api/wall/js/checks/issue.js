/**
 * Issue form: a check code is asked for: whom, why, what is checked, by which officers.
 * @module
 */
import { violationName } from "../leads/codes.js";
import { entryOf } from "../register/lookup.js";
import { pickerOf } from "../register/picker.js";
import { controlOf, groupOf } from "../shared/controls.js";
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, say, translate, t } from "../shared/i18n.js";
import { problemWords } from "./scan.js";
import { BASES } from "./words.js";

/** @typedef {import("../shared/controls.js").Field} Field */
/** @typedef {import("./words.js").Check} Check */
/** @typedef {import("../leads/store.js").Lead} Lead */

/** @param {string} name @param {Field["kind"]} [kind] @param {Partial<Field>} [more] @returns {Field} */
const field = (name, kind = "text", more = {}) => ({ name, kind, words: `visit.${name}`, most: 64, ...more });

/** @type {Field[]} */
const FIRST = [
  field("uscc", "text", { must: true }),
  field("basis", "choice", { must: true, options: BASES.map((basis) => [basis, `visit.basis.${basis}`]) }),
  field("lead_id", "text", { most: 22, hint: "visit.lead_id.hint" }),
  field("plan_id"),
  field("mode", "choice", { must: true, options: [["on_site", "visit.mode.on_site"], ["non_site", "visit.mode.non_site"]] }),
  field("items", "lines", { must: true, hint: "register.lines" }),
  field("officers", "text", { must: true, hint: "visit.officers.hint" }),
];
/** @type {Field[]} */
const LATER = [field("units"), field("valid_from", "moment", { hint: "visit.valid_from.hint" }), field("valid_to", "moment", { hint: "visit.valid_to.hint" }), field("approved_by", "text", { most: 128 }), field("approval_ref"), field("justification", "area")];

export class IssueForm {
  #busy = false;

  /** @param {{issued: (check: Check) => void, join: (code: string, leadId: string) => void}} acts `join` is called with an open code that the check should join @param {{username?: string}} [who] the operator, whose own certificate is chosen at first */
  constructor(acts, { username = "" } = {}) {
    this.acts = acts;
    this.username = username;
    this.first = groupOf(FIRST, (each) => this.#make(each));
    this.later = groupOf(LATER, (each) => this.#make(each));
    this.reason = /** @type {HTMLInputElement} */ (h("input", { type: "text", name: "reason", maxLength: 2000, "aria-required": "true" }));
    this.message = h("p", { class: "review-message", role: "status", tabIndex: -1 });
    this.joining = h("div", { class: "issue-join" });
    this.node = h("form", { class: "entry-form issue-form", noValidate: true, on: { submit: (event) => void this.#send(event) } },
      this.first.node,
      h("details", { class: "move-more" }, translate(h("summary"), "visit.more"), this.later.node),
      h("label", { class: "field", "data-field": "reason" }, h("span", {}, translate(h("span"), "visit.reason"), h("b", { class: "must", "aria-hidden": "true" }, " *")), this.reason),
      translate(h("button", { class: "primary", type: "submit", "data-act": "issue" }), "visit.issue"),
      this.message, this.joining);
    const basis = /** @type {HTMLSelectElement} */ (this.first.node.querySelector('[name="basis"]'));
    basis.addEventListener("change", () => this.#follow());
    this.first.write({ mode: "on_site" });
    this.#follow();
    if (username) void this.#chooseOwn();
  }

  /** Fill in what is known from a lead. @param {Lead} lead */
  about(lead) {
    const code = lead.violation_code;
    const handling = /** @type {any} */ (lead.handling) ?? {};
    const planned = handling.plan_match?.basis === "plan";
    const known = { uscc: lead.target?.uscc || undefined, basis: "lead", lead_id: lead.lead_id, plan_id: planned ? handling.plan_match.plan_id : undefined, mode: "on_site", items: [violationName(code, language())], officers: handling.officers?.length ? handling.officers : undefined };
    for (const [name, value] of Object.entries(known)) if (value !== undefined) this.first.parts.get(name)?.write(value);
    if (handling.approval_ref) this.later.parts.get("approval_ref")?.write(handling.approval_ref);
    this.reason.value = t("visit.reason.lead");
    this.#follow();
  }

  /** @param {Field} of */
  #make(of) {
    if (of.name === "uscc") return pickerOf({ ...of, words: "visit.company" }, { kind: "enterprise", typed: true, says: (entry) => entry?.address ?? "" });
    if (of.name === "officers") return pickerOf(of, { kind: "officer", several: true, typed: true, says: (entry) => (entry?.valid_to ? t("visit.cert.until", { day: entry.valid_to }) : "") });
    if (of.name === "units") return pickerOf(of, { kind: "unit", several: true, typed: true });
    if (of.name === "plan_id") return pickerOf(of, { kind: "plan", typed: true, more: () => this.#ofCompany(), says: (entry) => [entry?.year, ...(entry?.items ?? [])].filter(Boolean).join(" ") });
    return controlOf(of);
  }

  /** @returns {Record<string, string>} */
  #ofCompany() {
    const uscc = this.first.parts.get("uscc")?.read();
    return uscc ? { uscc } : {};
  }

  /** Choose the operator's own certificate, as far as the register knows whose it is. */
  async #chooseOwn() {
    const officers = this.first.parts.get("officers");
    try {
      const { entries } = await callJson(`/v1/registry/officers?${new URLSearchParams({ q: this.username })}`);
      const own = entries.find((/** @type {any} */ { entry }) => entry.username === this.username)?.entry;
      if (own && officers && !officers.read()) officers.write([own.cert_no]);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  /** Show the fields that the basis asks for. */
  #follow() {
    const basis = this.first.parts.get("basis")?.read();
    const show = (/** @type {string} */ name, /** @type {boolean} */ is) => { const part = this.first.parts.get(name); if (part) part.node.hidden = !is; };
    show("lead_id", !basis || basis === "lead" || Boolean(this.first.parts.get("lead_id")?.read()));
    show("plan_id", basis === "plan");
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    if (this.#busy) return;
    const given = { ...this.first.read(), ...this.later.read() };
    const missing = FIRST.find(({ name, must }) => must && given[name] === undefined);
    if (missing) {
      say(this.message, "bad", "register.missing", { field: t(missing.name === "uscc" ? "visit.company" : missing.words) });
      this.first.parts.get(missing.name)?.focus();
      return;
    }
    const reason = this.reason.value.trim();
    if (!reason) {
      say(this.message, "bad", "register.why.missing");
      this.reason.focus();
      return;
    }
    if (given.basis !== "plan") delete given.plan_id;
    this.#busy = true;
    fill(this.joining);
    try {
      this.acts.issued(await callJson("/v1/check-codes", { method: "POST", json: { ...given, reason } }));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      say(this.message, "bad", "visit.refused", { reason: problemWords(error) });
      const { join } = error.members;
      if (typeof join === "string") fill(this.joining, h("button", { class: "button", type: "button", "data-act": "issue-join", on: { click: () => this.acts.join(join, given.lead_id ?? "") } }, t("visit.join.instead", { code: join })));
      if (error.slug === "approval-required") /** @type {HTMLDetailsElement} */ (this.node.querySelector("details")).open = true;
      this.message.focus();
    } finally {
      this.#busy = false;
    }
  }
}

/** Return an enterprise's place, `null` if the register knows none. @param {string} uscc @returns {Promise<{lon: number, lat: number, address: string, name: string} | null>} */
export async function placeOf(uscc) {
  const entry = uscc ? await entryOf("enterprise", uscc) : null;
  return entry ? { lon: entry.lon, lat: entry.lat, address: entry.address, name: entry.name } : null;
}
