/**
 * Hints: what is known beside a lead and may help to decide: planned checks, other authorities, leniency, recurrence.
 * @module
 */
import { h } from "../shared/dom.js";
import { hasWords, language, t } from "../shared/i18n.js";
import { fullTime } from "../shared/times.js";

/** @typedef {import("../leads/store.js").Lead} Lead */

const minute = (/** @type {string} */ moment) => fullTime(moment).slice(0, 16);
const listed = (/** @type {(string | false)[]} */ parts) => parts.filter(Boolean).join(language() === "zh" ? "，" : ", ");

/** Return what the no-penalty list proposes, or that it is no first violation; empty where there is nothing to say. @param {Lead} lead */
export function leniencyWords({ penalty_hint: hint }) {
  if (!hint || (!hint.list_item && hint.first_in_24_months)) return "";
  return listed([
    hint.list_item ? t("hint.leniency", { item: hint.list_item, version: hint.list_version }) : t("hint.leniency.none"),
    t(hint.first_in_24_months ? "hint.first" : "hint.repeated"),
    Boolean(hint.correct_by) && t("hint.correct_by", { time: minute(hint.correct_by ?? "") }),
    Boolean(hint.corrected_by) && t("hint.corrected", { time: minute(hint.corrected_by ?? "") }),
  ]);
}

/** Return whether it happened again after it was rectified, in words; empty before that is known. @param {Lead} lead */
export function recurrenceWords({ handling }) {
  const seen = handling?.recurrence;
  return seen ? listed([t(`recurrence.${seen.seen}`), t("recurrence.share", { share: Math.round(seen.watched_share * 100) }), seen.leads.join(" ")]) : "";
}

/**
 * Return planned checks that a dispatch can be merged with, and authorities that could come along.
 * @param {{planned?: {id: string, items: string[]}[], joint_hint?: string[]}} moves
 * @param {(planId: string) => void} take is called with the row that is chosen
 */
export function dispatchHints({ planned = [], joint_hint: joint = [] }, take) {
  const units = joint.map((one) => (hasWords(`authority.${one}`) ? t(`authority.${one}`) : one)).join(language() === "zh" ? "、" : ", ");
  return [
    ...planned.map((plan) => h("li", {}, t("hint.plan", { plan: plan.id, items: plan.items.join("、") }), " ",
      h("button", { class: "link", type: "button", "data-plan": plan.id, on: { click: () => take(plan.id) } }, t("hint.plan.take")))),
    ...(units ? [h("li", {}, t("hint.joint", { units }))] : []),
  ];
}
