/**
 * Budget: a camera's limit of false leads a day, its cost in recall and delay, and the days and reviews it is computed from.
 * @module
 */
import { isNumber, percent, short } from "../leads/measures.js";
import { h } from "../shared/dom.js";
import { translate, t } from "../shared/i18n.js";

/** @typedef {{day: string, watched_s: number, tracks: number, verified: number, rejected: number}} Day */
/** @typedef {[string, string, string?]} Row label key, value, tone */

const HOUR_S = 3600;

/** Return the elements of a camera's budget, none if it has no budget. @param {any} budget @returns {(Node | null)[]} */
export function budgetParts(budget) {
  if (!budget) return [];
  return [
    translate(h("h4"), "camera.budget"),
    h("dl", { class: "cov-figures" }, rows(budget).flatMap(([label, value, tone]) => [translate(h("dt"), label), h("dd", { "data-tone": tone ?? "none" }, value)])),
    translate(h("p", { class: "note" }), "camera.budget.note", { days: short(budget.days) }),
    budget.unwatched ? translate(h("p", { class: "note" }), "camera.budget.unwatched", { n: budget.unwatched }) : null,
    budget.rejected_elsewhere ? translate(h("p", { class: "note" }), "camera.budget.elsewhere", { n: budget.rejected_elsewhere }) : null,
    budget.history?.length ? history(budget.history) : null,
  ];
}

/** @param {any} budget @returns {Row[]} */
function rows(budget) {
  const isChance = budget.scale !== "confidence";
  const value = (/** @type {number} */ of) => (isChance ? percent(of) : short(of, 2));
  const { expected_false_a_day: wrong, expected_recall: recall, expected_delay_s: delay, verified = 0, rejected = 0 } = budget;
  return [
    ["camera.budget.most", t("camera.aday", { n: short(budget.most_a_day, 2) })],
    [isChance ? "camera.budget.threshold" : "camera.budget.confidence", t("camera.budget.value", { now: value(budget.probability), usual: value(budget.fitted_probability) })],
    ["camera.budget.false", isNumber(wrong) ? t("camera.aday", { n: short(wrong, 2) }) : t("camera.unknown"), isNumber(wrong) && wrong > budget.most_a_day ? "bad" : "none"],
    ["camera.budget.recall", isNumber(recall) ? percent(recall) : t("camera.unknown")],
    ["camera.budget.delay", isNumber(delay) ? t("age.seconds", { n: short(delay) }) : t("camera.unknown")],
    ["camera.budget.judged", verified || rejected ? t("camera.budget.judged.value", { verified, rejected }) : t("camera.budget.judged.none")],
  ];
}

/** @param {Day[]} days oldest first */
function history(days) {
  const heads = ["day", "watched", "tracks", "verified", "rejected"];
  return h("table", { class: "budget-days" },
    h("thead", {}, h("tr", {}, heads.map((head) => translate(h("th", { scope: "col" }), `camera.budget.${head}`)))),
    h("tbody", {}, [...days].reverse().map((day) => h("tr", { "data-day": day.day },
      h("th", { scope: "row" }, day.day.slice(5)), h("td", {}, t("camera.budget.hours", { n: short(day.watched_s / HOUR_S) })),
      h("td", {}, String(day.tracks)), h("td", {}, String(day.verified)), h("td", { "data-tone": day.rejected ? "bad" : "none" }, String(day.rejected))))));
}
