/**
 * Facts: the tables of a lead, from the lead and its manifest.
 * @module
 */
import { h } from "../shared/dom.js";
import { hasWords, language, translate, t } from "../shared/i18n.js";
import { ageWords, fullTime } from "../shared/times.js";
import { className, isCodeProposed, violationName } from "./codes.js";
import { durationWords, gapWords, gradeWords, isNumber, opacityWords, percent, reasonInWords, short } from "./measures.js";

/** @typedef {import("./store.js").Lead} Lead */
/** @typedef {[string, string | Node, string?]} Row label key, value, class */

/** Values that are shares, shown as percentages. */
const SHARES = new Set(["area_fraction", "most_news", "emission_frequency", "six_minute_mean"]);

/** Return the tables of a lead. @param {Lead} lead @param {any} manifest `null` while there is none @returns {HTMLElement[]} */
export function factTables(lead, manifest) {
  return [
    section("evidence.facts", factRows(lead)),
    section("evidence.measured", measureRows(lead), "evidence.measured.note"),
    section("evidence.time", timeRows(lead, manifest), "evidence.time.note"),
    section("evidence.rule", ruleRows(lead)),
  ];
}

/** @param {Lead} lead @returns {Row[]} */
function factRows(lead) {
  const { camera, place } = lead;
  const where = [place.town, place.division, place.lon !== null && place.lat !== null ? `${place.lon.toFixed(5)}, ${place.lat.toFixed(5)}` : ""];
  return [
    ["fact.lead", lead.lead_id, "mono"],
    ["fact.code", codeWords(lead)],
    ["fact.class", worded("fact.class", lead.class)],
    ["fact.camera", camera.name && camera.name !== camera.id ? `${camera.name} · ${camera.id}` : camera.id],
    ["fact.gb", camera.gb_id, "mono"],
    ["fact.place", where.filter(Boolean).join(" · ")],
    ["fact.node", lead.node],
  ];
}

/** Return a lead's code with its name, marked as proposed if no zone sets it. @param {Lead} lead */
function codeWords(lead) {
  const code = `${lead.violation_code} ${violationName(lead.violation_code, language())}`;
  return isCodeProposed(lead) ? t("lead.code.proposed.long", { code }) : code;
}

/** @param {Lead} lead @returns {Row[]} */
function measureRows({ measure, score }) {
  /** @type {Row[]} */
  const further = Object.entries(measure.values).map(([name, value]) => [hasWords(`value.${name}`) ? `value.${name}` : `=${name}`, valueWords(name, value), "num"]);
  return [
    ["fact.kind", worded("fact.kind", measure.kind)],
    ["fact.object", className(measure.class_name, language())],
    ["fact.peak", measure.peak_confidence > 0 ? measure.peak_confidence.toFixed(3) : t("fact.peak.none"), "num"],
    ["fact.duration", `${measure.duration_s.toFixed(1)} s`, "num"],
    ["fact.observations", String(measure.observations), "num"],
    ["fact.box", measure.peak_xyxy.map((edge) => Math.round(edge)).join(", "), "num"],
    ["fact.zone", measure.zone || t("fact.zone.whole")],
    ["fact.colour", worded("colour", measure.colour ?? "")],
    ["fact.grade", gradeWords(measure), "num"],
    ["fact.opacity", opacityWords(measure), "num"],
    ["fact.least", isNumber(measure.least_opacity_pct) ? `≥ ${short(measure.least_opacity_pct)}%` : "", "num"],
    ["fact.validity", measure.validity ? reasonInWords(measure.validity) : ""],
    ["fact.readings", measure.readings ? t("finding.readings.count", { valid: measure.readings_valid ?? 0, all: measure.readings }) : "", "num"],
    ["fact.r2", isNumber(measure.r2) ? measure.r2.toFixed(2) : "", "num"],
    ["fact.sun", isNumber(measure.sun_angle_deg) ? `${short(measure.sun_angle_deg, 0)}°` : "", "num"],
    ["fact.method", worded("method", measure.method ?? "")],
    ["fact.probability", isNumber(measure.probability) ? percent(measure.probability) : "", "num"],
    ["fact.quality", worded("fact.quality", measure.quality)],
    ["fact.score", String(score), "num"],
    ...further,
  ];
}

/** @param {Lead} lead @param {any} manifest @returns {Row[]} */
function timeRows({ event, measure }, manifest) {
  /** @type {import("./measures.js").ClipGap[] | undefined} */
  const gaps = manifest?.gaps;
  return [
    ["fact.start", fullTime(event.start), "num"],
    ["fact.peak_at", fullTime(measure.peak_utc), "num"],
    ["fact.confirmed", fullTime(event.confirmed), "num"],
    ["fact.end", fullTime(event.end), "num"],
    ["fact.clock", worded("fact.clock", event.clock_source)],
    ["fact.uncertainty", event.uncertainty_s < 60 ? `± ${event.uncertainty_s.toFixed(2)} s` : `± ${ageWords(event.uncertainty_s)}`, "num"],
    ...(gaps ? [/** @type {Row} */ (["fact.gaps", gaps.map(gapWords).join(language() === "zh" ? "；" : "; ") || t("fact.gaps.none")])] : []),
  ];
}

/** @param {Lead} lead @returns {Row[]} */
function ruleRows({ rule, model }) {
  const params = Object.entries(rule.params).map(([name, value]) => `${name}=${value}`).join("  ");
  return [
    ["fact.rule", `${rule.id} ${rule.version}`],
    ["fact.params", params, "mono"],
    ["fact.model", `${model.name} ${model.version}`],
    ["fact.model_sha", model.sha256, "mono hash"],
  ];
}

/** @param {string} title @param {Row[]} rows @param {string} [note] */
function section(title, rows, note) {
  const shown = rows.filter(([, value]) => value !== "");
  return h("section", { class: "facts" },
    h("h3", {}, translate(h("span"), title), note ? translate(h("small"), note) : null),
    h("dl", {}, shown.map(([label, value, kind]) => [
      label.startsWith("=") ? h("dt", { class: "mono" }, label.slice(1)) : translate(h("dt"), label),
      h("dd", { class: kind ?? "" }, value),
    ])));
}

/** Return the words for a value of a closed set; a value without words is returned as it is. @param {string} set @param {string} value */
function worded(set, value) {
  if (!value) return "";
  const key = `${set}.${value}`;
  return hasWords(key) ? t(key) : value;
}

/** Return another value of a measure with the unit that its name implies. @param {string} name @param {number} value */
function valueWords(name, value) {
  if (SHARES.has(name)) return percent(value);
  return name.endsWith("_s") ? durationWords(value) : number(value);
}

/** @param {number} value */
function number(value) {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4).replace(/\.?0+$/, "");
}
