/**
 * Strips: coverage by the hour as a row of cells, one colour for each level, and shares as text.
 * @module
 */
import { h } from "../shared/dom.js";

/** @typedef {{start: string, end: string, seconds: number, reason: string, detail: string, worker: string}} Gap */

/** Lowest share of each level, best first; a share below all of them has the worst level. */
const LEVELS = [0.999, 0.99, 0.95, 0.8];

/** Return the level of a share: 0 (watched) to 4 (hardly watched), -1 if the camera was not on duty. @param {number | null} share */
export function levelOf(share) {
  if (share === null) return -1;
  const level = LEVELS.findIndex((least) => share >= least);
  return level < 0 ? LEVELS.length : level;
}

/** Return a share as text, never rounded up to 100: `99.98%`. @param {number | null} share */
export function shareWords(share) {
  if (share === null) return "–";
  const percent = Math.floor(share * 10_000) / 100;
  return `${percent === 100 ? "100" : percent.toFixed(percent < 10 ? 1 : 2)}%`;
}

/** Return seconds as `2:05:09` or `5:09`. @param {number} seconds */
export function lengthWords(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Return one cell for each hour. @param {(number | null)[]} shares */
export function cells(shares) {
  return shares.map((share) => h("i", { class: "cov-cell", "data-level": String(levelOf(share)) }));
}

/**
 * Join gaps that touch and have the same reason and worker: the API cuts gaps at each full hour.
 * @param {Gap[]} gaps in order
 * @returns {Gap[]}
 */
export function joined(gaps) {
  /** @type {Gap[]} */
  const whole = [];
  for (const gap of gaps) {
    const last = whole.at(-1);
    if (last && last.end === gap.start && last.reason === gap.reason && last.worker === gap.worker) {
      whole[whole.length - 1] = { ...last, end: gap.end, seconds: last.seconds + gap.seconds, detail: last.detail || gap.detail };
    } else whole.push(gap);
  }
  return whole;
}
