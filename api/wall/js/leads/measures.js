/**
 * Measures: the measured values of a lead as text. A missing value gives an empty text, never "null" or 0.
 * @module
 */
import { hasWords, t } from "../shared/i18n.js";

/** @typedef {import("./store.js").Lead} Lead */
/** @typedef {Lead["measure"]} Measure */

/** True for a finite number. @param {unknown} value @returns {value is number} */
export function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** Return a number with at most `decimals` decimals, without zeros at the end. @param {number} value @param {number} [decimals] */
export function short(value, decimals = 1) {
  return String(Number(value.toFixed(decimals)));
}

/** Return an opacity with its uncertainty: `46.1% ± 3.2`; empty if there is none. @param {Measure} measure */
export function opacityWords({ opacity_pct: opacity, opacity_sd_pct: sd }) {
  if (!isNumber(opacity)) return "";
  return `${short(opacity)}%${isNumber(sd) ? ` ± ${short(sd)}` : ""}`;
}

/** Return a screening grade: `2.25 级`, or its lower bound; empty if there is none. @param {Measure} measure */
export function gradeWords(measure) {
  if (!isNumber(measure.grade)) return "";
  return t(refusalWords(measure) ? "finding.grade.least" : "finding.grade.value", { grade: short(measure.grade, 2) });
}

/**
 * Return how a grade compares with its limit, which is exceeded above it and not at it (domain.md 1.2); empty if either is
 * missing.
 * @param {Measure} measure
 */
export function limitWords({ grade, grade_limit: limit }) {
  if (!isNumber(grade) || !isNumber(limit)) return "";
  return t(grade > limit ? "finding.grade.over" : "finding.grade.within", { limit: short(limit, 2) });
}

/**
 * Return the highest grade of a single reading, for a lead without a grade that lasted two minutes; otherwise empty.
 * @param {Measure} measure
 */
export function peakGradeWords({ grade, values }) {
  return isNumber(grade) || !isNumber(values?.peak_grade) ? "" : t("finding.grade.value", { grade: short(values.peak_grade, 2) });
}

/** Return why there is no number; empty if there is one, or if nothing was to be measured. @param {Measure} measure */
export function refusalWords({ validity }) {
  return !validity || validity === "valid" ? "" : reasonInWords(validity);
}

/** Return a reason of validity in words; one without words is returned as it is. @param {string} reason */
export function reasonInWords(reason) {
  const key = `valid.${reason}`;
  return hasWords(key) ? t(key) : reason;
}

/** Return a duration: `10 分 55 秒`. @param {number} seconds */
export function durationWords(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return t("finding.duration.seconds", { seconds: seconds < 9.95 ? short(seconds) : whole });
  return t("finding.duration.value", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}

/** Return a share as a percentage: `92%`. @param {number} share */
export function percent(share) {
  return `${short(share * 100, share < 0.1 ? 1 : 0)}%`;
}

/** @typedef {{reason: string, start_s: number | null, end_s: number | null}} ClipGap a part missing from a clip, by the stream's own clock */

/** Return the reason and length of a gap in a clip; a reason without words is returned as it is. @param {ClipGap} gap */
export function gapWords({ reason, start_s: start, end_s: end }) {
  const key = `clipgap.${reason}`;
  const why = hasWords(key) ? t(key) : reason;
  return isNumber(start) && isNumber(end) ? `${why} ${(end - start).toFixed(1)} s` : why;
}

/**
 * Return the figure that a list shows for a lead, with its name: the grade or opacity if measured, else the probability or
 * confidence, else the duration (a lead without a box, such as a covered camera).
 * @param {Measure} measure
 * @returns {{value: string, title: string}}
 */
export function keyFigure(measure) {
  const screening = t("finding.screening");
  if (isNumber(measure.grade)) return { value: gradeWords(measure), title: `${t("finding.grade")} · ${screening}` };
  const peak = peakGradeWords(measure);
  if (peak) return { value: peak, title: `${t("finding.grade.peak")} · ${screening}` };
  if (isNumber(measure.opacity_pct)) return { value: `${short(measure.opacity_pct, 0)}%`, title: `${t("finding.opacity")} · ${screening}` };
  if (isNumber(measure.probability)) return { value: percent(measure.probability), title: t("finding.probability") };
  if (measure.peak_confidence > 0) return { value: measure.peak_confidence.toFixed(2), title: t("leads.peak") };
  return { value: durationWords(measure.duration_s), title: t("finding.duration") };
}
