/**
 * Fields: the control of each thing that a move may carry; which of them a move takes, the API says.
 * @module
 */
import { pickerOf } from "../register/picker.js";
import { controlOf, groupOf, labelled } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { hasWords, language, translate } from "../shared/i18n.js";
import { answersControl } from "./answers.js";
import { attachmentsControl } from "./attachments.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {import("../shared/controls.js").Field} Field */
/** @typedef {import("../shared/controls.js").Control} Control */
/** @typedef {{code: string, zh: string, en: string}} ReasonCode */

const BASES = /** @type {[string, string][]} */ (["lead", "plan", "emergency"].map((basis) => [basis, `plan_basis.${basis}`]));
const COLOURS = /** @type {[string, string][]} */ (["keep", "raise", "lower"].map((each) => [each, `feedback.${each}`]));
const LISTS = /** @type {[string, string][]} */ (["keep", "in", "out"].map((each) => [each, `feedback.${each}`]));

/** @param {string} name @param {Partial<Field>} more @returns {Field} */
const field = (name, more) => ({ name, words: `content.${name}`, kind: "text", most: 64, ...more });

/** Fields that a description is enough for. @type {Record<string, Partial<Field>>} */
const PLAIN = {
  team: { most: 128 },
  approval_ref: {},
  explanation: { kind: "area" },
  measurement: { most: 1000, hint: "content.measurement.hint" },
  crime: { kind: "flag" },
  deadline: { kind: "moment" },
  case_no: {},
  decision_no: {},
  advice: { kind: "area" },
};
const GROUPS = /** @type {Record<string, Partial<Field>[]>} */ ({
  receipt: [{ name: "ref", most: 64, must: true }, { name: "at", kind: "moment", must: true }, { name: "sums_sha256", most: 64, pattern: "[0-9a-f]{64}", must: true }],
  publicity: [{ name: "by", most: 128, must: true }, { name: "from", kind: "day", must: true }, { name: "until", kind: "day", must: true }, { name: "serious", kind: "tick" }],
  feedback: [{ name: "colour", kind: "choice", options: COLOURS, must: true }, { name: "positive_list", kind: "choice", options: LISTS, must: true }, { name: "note" }],
});

/**
 * Return the control of what a move may carry; a name that this wall does not know is a line of text.
 * @param {string} name as in `requires` and `offers` of `GET /v1/leads/{id}/moves`
 * @param {{lead: Lead, must: boolean, codes?: string[], reasons?: ReasonCode[]}} move `codes`: check codes that answer the lead; `reasons`: what is usually given as reason code
 * @returns {Control}
 */
export function contentControl(name, { lead, must, codes = [], reasons = [] }) {
  const of = field(name, { must, ...PLAIN[name] });
  const uscc = lead.target?.uscc ?? "";
  if (name === "review") return answersControl();
  if (name === "attachments") return attachmentsControl(of, { kind: lead.state === "ON_SITE" ? "record" : "document", capture: true });
  if (name === "reason_code") return reasonControl(of, reasons);
  if (name === "officers") return pickerOf(of, { kind: "officer", several: true, typed: true });
  if (name === "joint_units") return pickerOf(of, { kind: "unit", several: true, typed: true });
  if (name === "unit") return suggested(of, "unit");
  if (name === "check_code") return codeControl(of, codes);
  if (name === "plan_match") return planControl(of, uscc);
  if (GROUPS[name]) {
    const control = controlOf({ ...of, kind: "group", fields: GROUPS[name].map((each) => /** @type {Field} */ ({ kind: "text", words: `content.${name}.${each.name}`, ...each })) });
    if (name === "feedback") control.write({ colour: "keep", positive_list: "keep" });
    return control;
  }
  return controlOf(of);
}

/** Return whether a field that is only offered will be asked for all the same. @param {string} name @param {Lead} lead */
export function isNeeded(name, lead) {
  if (name === "approval_ref") return Boolean(lead.target?.positive_list || lead.disposition?.approval_required);
  if (name === "measurement") return ["V01_STACK_SMOKE", "V01B_BYPASS"].includes(lead.violation_code);
  return name === "review";
}

/** @param {Field} of @param {ReasonCode[]} reasons */
function reasonControl(of, reasons) {
  const pattern = "[A-Za-z0-9_.\\-]*";
  if (!reasons.length) return controlOf({ ...of, pattern });
  const select = /** @type {HTMLSelectElement} */ (h("select", { name: of.name }, h("option", { value: "" }, "—"), reasons.map(reasonOption)));
  return {
    node: labelled(of, select),
    read: () => select.value || undefined,
    write(/** @type {string | undefined} */ value) {
      if (value && !reasons.some(({ code }) => code === value)) select.append(h("option", { value }, value));
      select.value = value ?? "";
    },
    focus: () => select.focus(),
  };
}

/** Return a reason code as a choice. @param {ReasonCode} reason */
function reasonOption({ code, zh, en }) {
  const option = h("option", { value: code }, language() === "zh" ? zh : en);
  return hasWords(`why.${code}`) ? translate(option, `why.${code}`) : option;
}

/** Return a text with the names of register entries as suggestions. @param {Field} of @param {string} kind @returns {Control} */
function suggested(of, kind) {
  /** @type {Map<string, string>} */
  const names = new Map();
  const picker = pickerOf(of, { kind, typed: true, picked: (entry) => names.set(entry.code, entry.name) });
  return { ...picker, read: () => names.get(picker.read()) ?? picker.read() };
}

/** @param {Field} of @param {string[]} codes @returns {Control} */
function codeControl(of, codes) {
  const control = controlOf({ ...of, most: 25, pattern: "JC[0-9A-Z]{23}" });
  if (codes.length) control.write(codes[0]);
  return { ...control, read: () => control.read()?.toUpperCase().replace(/\s/g, ""), write: (value) => { if (value || !codes.length) control.write(value); } };
}

/** @param {Field} of @param {string} uscc @returns {Control} */
function planControl(of, uscc) {
  const group = groupOf([
    { name: "basis", kind: "choice", words: "content.plan_match.basis", options: BASES, must: true },
    { name: "plan_id", kind: "text", words: "content.plan_match.plan_id" },
  ], (each) => (each.name === "plan_id" ? pickerOf(each, { kind: "plan", typed: true, more: () => (uscc ? { uscc } : /** @type {Record<string, string>} */ ({})), says: (entry) => [entry?.year, ...(entry?.items ?? [])].filter(Boolean).join(" ") }) : controlOf(each)));
  const basis = /** @type {HTMLSelectElement} */ (group.node.querySelector("select"));
  const plan = /** @type {Control} */ (group.parts.get("plan_id")).node;
  const follow = () => { plan.hidden = basis.value !== "plan"; };
  basis.addEventListener("change", follow);
  group.write({ basis: "lead" });
  follow();
  return {
    ...group,
    node: h("fieldset", { class: "field-group", "data-field": of.name }, h("legend", {}, translate(h("span"), of.words)), group.node),
    read() {
      const value = group.read();
      return value?.basis === "plan" ? value : value?.basis && { basis: value.basis };
    },
    write(value) {
      group.write(value?.basis ? { ...value, plan_id: value.plan_id || undefined } : { basis: "lead" });
      follow();
    },
  };
}
