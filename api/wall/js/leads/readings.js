/**
 * Readings: the 15-second readings of an outlet (`readings.csv` of a package) as a chart.
 * @module
 */
import { t } from "../shared/i18n.js";
import { clockTime } from "../shared/times.js";
import { isNumber, reasonInWords, short } from "./measures.js";

/** @typedef {{atMs: number, opacity: number | null, sd: number | null, grade: number | null, validity: string}} Reading */

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 600;
const TALL = 132;
const LEFT = 30;
const RIGHT = 6;
const TOP = 8;
const BOTTOM = 18;
const STEP_S = 15;
/** Percentage points of opacity for one grade of black smoke (domain.md 1.1). */
const GRADE_PCT = 20;
/** Readings of one day, more than any lead has; further ones are not drawn. */
const MOST = 5760;

/**
 * Parse a CSV with a header row; columns are found by name, in any order, others are ignored. Returns no readings if the
 * columns are missing.
 * @param {string} csv
 * @returns {Reading[]}
 */
export function parseReadings(csv) {
  const [head = "", ...lines] = csv.split(/\r?\n/);
  const names = head.split(",").map((name) => name.trim());
  const column = (/** @type {string[]} */ ...wanted) => names.findIndex((name) => wanted.includes(name));
  const [at, opacity, sd, grade, validity] = [column("start_utc", "utc"), column("opacity_pct"), column("opacity_sd_pct"), column("grade"), column("validity")];
  if (at < 0 || opacity < 0) return [];
  const number = (/** @type {string[]} */ cells, /** @type {number} */ i) => (i < 0 || !cells[i] || !Number.isFinite(Number(cells[i])) ? null : Number(cells[i]));
  return lines.filter((line) => line.trim()).slice(0, MOST).map((line) => line.split(",").map((cell) => cell.trim())).map((cells) => ({
    atMs: Date.parse(cells[at] ?? ""),
    opacity: number(cells, opacity),
    sd: number(cells, sd),
    grade: number(cells, grade),
    validity: validity < 0 ? "" : cells[validity] ?? "",
  })).filter(({ atMs }) => !Number.isNaN(atMs));
}

/**
 * Return the chart: a bar for each valid reading, a mark on the axis for each other one.
 * @param {Reading[]} readings in order @param {number | null} limit limit as a grade, drawn as a line
 * @returns {SVGElement}
 */
export function readingChart(readings, limit) {
  const valid = readings.filter((reading) => isNumber(reading.opacity));
  const most = valid.length ? `${short(Math.max(...valid.map((reading) => Number(reading.opacity))))}%` : "–";
  const first = readings[0]?.atMs ?? 0;
  const spanS = Math.max(STEP_S * 8, ((readings.at(-1)?.atMs ?? 0) - first) / 1000 + STEP_S);
  const x = (/** @type {number} */ ms) => LEFT + ((ms - first) / 1000 / spanS) * (WIDE - LEFT - RIGHT);
  const y = (/** @type {number} */ pct) => TOP + (1 - Math.min(100, Math.max(0, pct)) / 100) * (TALL - TOP - BOTTOM);
  const wide = Math.max(1.5, (STEP_S / spanS) * (WIDE - LEFT - RIGHT) - 1.5);
  const chart = svg("svg", { class: "readings", viewBox: `0 0 ${WIDE} ${TALL}`, role: "img", "aria-label": t("finding.readings.chart", { all: readings.length, valid: valid.length, most }) });
  for (const pct of [0, 50, 100]) {
    chart.append(svg("line", { class: "axis", x1: LEFT, x2: WIDE - RIGHT, y1: y(pct), y2: y(pct) }), text(LEFT - 4, y(pct) + 4, `${pct}%`, "end"));
  }
  for (const reading of readings) {
    const { atMs, opacity, sd, validity } = reading;
    const time = clockTime(atMs);
    if (isNumber(opacity)) {
      const over = isNumber(limit) && isNumber(reading.grade) && reading.grade > limit;
      const bar = svg("rect", { class: over ? "reading over" : "reading", x: x(atMs), y: y(opacity), width: wide, height: Math.max(1, y(0) - y(opacity)) });
      bar.append(title(t("finding.readings.one", { time, opacity: `${short(opacity)}%${isNumber(sd) ? ` ± ${short(sd)}` : ""}` })));
      chart.append(bar);
      const middle = x(atMs) + wide / 2;
      if (isNumber(sd) && sd > 0) chart.append(svg("line", { class: "spread", x1: middle, x2: middle, y1: y(opacity - sd), y2: y(opacity + sd) }));
    } else {
      const mark = svg("rect", { class: "reading void", x: x(atMs), y: y(0) - 5, width: wide, height: 5 });
      mark.append(title(t("finding.readings.void", { time, why: reasonInWords(validity) })));
      chart.append(mark);
    }
  }
  if (isNumber(limit)) {
    const level = y(limit * GRADE_PCT);
    chart.append(svg("line", { class: "limit", x1: LEFT, x2: WIDE - RIGHT, y1: level, y2: level }), text(WIDE - RIGHT, TOP + 10, t("finding.readings.limit", { limit: short(limit, 2) }), "end", "limit-name"));
  }
  if (readings.length) chart.append(text(LEFT, TALL - 4, clockTime(first), "start"), text(WIDE - RIGHT, TALL - 4, clockTime(first + spanS * 1000), "end"));
  return chart;
}

/** @param {number} x @param {number} y @param {string} words @param {string} anchor @param {string} [kind] */
function text(x, y, words, anchor, kind = "") {
  const node = svg("text", { x, y, "text-anchor": anchor, class: kind });
  node.textContent = words;
  return node;
}

/** @param {string} words */
function title(words) {
  const node = svg("title", {});
  node.textContent = words;
  return node;
}

/** @param {string} tag @param {Record<string, string | number>} attributes @returns {SVGElement} */
function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(typeof value === "number" ? Number(value.toFixed(2)) : value));
  return /** @type {SVGElement} */ (node);
}
