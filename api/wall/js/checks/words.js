/**
 * Check words: what a check, its scans and its events are called.
 * @module
 */
import { h } from "../shared/dom.js";
import { hasWords, t } from "../shared/i18n.js";

/** @typedef {{check_code: string, version: number, state: string, basis: string, mode: string, plan_id: string | null, lead_id: string | null, joined_leads: string[], uscc: string, company: string, items: string[], officers: {cert_no: string, name: string}[], units: string[], issued_at: string, issued_by: string, valid_from: string, valid_to: string, approved_by: string, approval_ref: string, justification: string, justify_by: string | null, scans: any[], record_sha256: string | null, company_rating: number | null, ecode_record_id: string | null}} Check */

export const BASES = ["lead", "plan", "complaint", "emergency", "joint"];
export const STATES = ["ISSUED", "ACTIVE", "DONE", "RATED", "EXPIRED", "CANCELLED"];
/** States in which a code can be used. */
export const OPEN = new Set(["ISSUED", "ACTIVE"]);

/** Return a code in groups that can be read aloud: `JC 110112 20261203 0001 7Q2G K`. @param {string} code */
export function spelled(code) {
  return [code.slice(0, 2), code.slice(2, 8), code.slice(8, 16), code.slice(16, 20), code.slice(20)].filter(Boolean).join(" ");
}

/** @param {Check} check */
export function stateChip(check) {
  return h("span", { class: "chip", "data-check": check.state }, t(`visit.state.${check.state}`));
}

/** Return a value of a closed set in words; one without words as it is. @param {string} set @param {string} value */
export function worded(set, value) {
  return hasWords(`${set}.${value}`) ? t(`${set}.${value}`) : value;
}

/** Return the unified social credit code in a text that was scanned or pasted, `""` if there is none. @param {string} text */
export function usccIn(text) {
  return /(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])/.exec(text.toUpperCase().replace(/\s/g, ""))?.[0] ?? "";
}
