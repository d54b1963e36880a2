/**
 * Values: members of entries in words, and what differs between two versions of one.
 * @module
 */
import { h } from "../shared/dom.js";
import { hasWords, t } from "../shared/i18n.js";
import { dayOf, fullTime, serverClock } from "../shared/times.js";

/** @typedef {import("./kinds.js").Kind} Kind */

/** Return the span that holds on a day, as days in Beijing. @param {{valid_from: string, valid_to: string | null}[]} spans by first day @param {string} day */
export function holdingOn(spans, day) {
  const begun = (spans ?? []).filter((span) => span.valid_from <= day);
  const last = begun[begun.length - 1];
  return last && (!last.valid_to || day <= last.valid_to) ? last : null;
}

/** Return a member of an entry as a list shows it. @param {Kind} kind @param {string} column @param {any} entry @returns {Node | string} */
export function shownOf(kind, column, entry) {
  const today = dayOf(serverClock.now());
  if (column === "risk_now") {
    const colour = holdingOn(entry.risk, today)?.colour ?? "";
    return colour ? h("span", { class: "risk", "data-risk": colour }, t(`risk.${colour}`)) : "—";
  }
  if (column === "listed_now") return holdingOn(entry.positive_list, today) ? t("yes") : "—";
  const value = entry[column];
  if (value === null || value === undefined || value === "") return "—";
  const field = kind.fields.find(({ name }) => name === column);
  const words = field?.options?.find(([known]) => known === value)?.[1];
  if (words && hasWords(words)) return t(words);
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (field?.kind === "moment") return fullTime(value).slice(0, 16);
  return Array.isArray(value) ? value.join("、") : String(value);
}

/** Return the labels of what differs between two versions of an entry. @param {Kind} kind @param {any} before @param {any} after @returns {string[]} */
export function changedFields(kind, before, after) {
  return kind.fields.filter(({ name }) => JSON.stringify(before[name] ?? null) !== JSON.stringify(after[name] ?? null)).map(({ words }) => t(words));
}
