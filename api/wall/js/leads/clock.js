/**
 * Clock: until when a lead should leave its state, in words.
 * @module
 */
import { t } from "../shared/i18n.js";
import { ageWords } from "../shared/times.js";

/** @typedef {import("./store.js").Lead} Lead */

/** Limits that the system watches: nobody is late because of them. */
const SYSTEMS = new Set(["package_by", "watched_until", "archived_at"]);
const NEAR_MS = 30 * 60_000;

/** @typedef {{name: string, ms: number, isSystems: boolean}} Due */

/** Return the limit of the lead's state, `null` where there is none. @param {Lead} lead @returns {Due | null} */
export function dueOf(lead) {
  const all = Object.entries(lead.timers ?? {}).map(([name, moment]) => ({ name, ms: Date.parse(moment), isSystems: SYSTEMS.has(name) }));
  all.sort((a, b) => a.ms - b.ms);
  return all[0] ?? null;
}

/** Return what is left of a limit, or how long it is over. @param {Due} due @param {number} nowMs @returns {{text: string, tone: "bad" | "warn" | "calm"}} */
export function leftWords({ ms, isSystems }, nowMs) {
  const left = (ms - nowMs) / 1000;
  if (isSystems) return { text: left > 0 ? t("clock.left", { time: ageWords(left) }) : "", tone: "calm" };
  if (left <= 0) return { text: t("clock.over", { time: ageWords(-left) }), tone: "bad" };
  return { text: t("clock.left", { time: ageWords(left) }), tone: left * 1000 < NEAR_MS ? "warn" : "calm" };
}
