/**
 * Times: the server's clock, times in Beijing time, and ages in words.
 * @module
 */
import { language, t } from "./i18n.js";

const ZONE = "Asia/Shanghai";
const CLOCK = new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, hour12: false, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = {
  zh: new Intl.DateTimeFormat("zh-CN", { timeZone: ZONE, month: "long", day: "numeric", weekday: "long" }),
  en: new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, month: "long", day: "numeric", weekday: "short" }),
};
const DATE = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE, year: "numeric", month: "2-digit", day: "2-digit" });

/**
 * The server's clock. A wall whose own clock is wrong must not show wrong ages, so the offset is taken from the `Date` of
 * the answers. That has whole seconds: an offset below 1.5 s counts as none.
 */
export class ServerClock {
  #offsetMs = 0;

  /**
   * @param {string | null} date the answer's `Date`
   * @param {number} askedMs local time before the call
   * @param {number} answeredMs local time after it
   */
  learn(date, askedMs, answeredMs) {
    const stated = date ? Date.parse(date) : NaN;
    if (Number.isNaN(stated) || answeredMs - askedMs > 1000) return;
    const offset = stated + 500 - (askedMs + answeredMs) / 2;
    this.#offsetMs = Math.abs(offset) < 1500 ? 0 : offset;
  }

  /** @returns {number} the server's time in milliseconds since 1970 */
  now() {
    return Date.now() + this.#offsetMs;
  }
}

export const serverClock = new ServerClock();

/** Return `10:30:05`, Beijing time. @param {number} ms */
export function clockTime(ms) {
  return CLOCK.format(ms);
}

/** Return the day with its weekday, Beijing time. @param {number} ms */
export function dayName(ms) {
  return DAY[language()].format(ms).replace(/(日)(星)/, "$1 $2");
}

/** Return `2026-11-23 10:30:05.120`, Beijing time. @param {string | number} moment */
export function fullTime(moment) {
  const ms = typeof moment === "number" ? moment : Date.parse(moment);
  if (Number.isNaN(ms)) return String(moment);
  return `${DATE.format(ms)} ${CLOCK.format(ms)}.${String(Math.floor(((ms % 1000) + 1000) % 1000)).padStart(3, "0")}`;
}

/** Return the day as `2026-11-23`, Beijing time. @param {number} ms */
export function dayOf(ms) {
  return DATE.format(ms);
}

/** Return the time, preceded by the date unless it is today. @param {number} ms */
export function shortTime(ms) {
  const day = dayOf(ms);
  return day === dayOf(serverClock.now()) ? clockTime(ms) : `${day.slice(5)} ${clockTime(ms)}`;
}

/** Return an age in words: `3 分钟`, `3 min`. @param {number} seconds */
export function ageWords(seconds) {
  const s = Math.max(0, seconds);
  if (s < 60) return t("age.seconds", { n: Math.floor(s) });
  if (s < 3600) return t("age.minutes", { n: Math.floor(s / 60) });
  if (s < 86400) return t("age.hours", { n: Math.floor(s / 3600) });
  return t("age.days", { n: Math.floor(s / 86400) });
}

/** Return how long ago: `刚刚`, `3 分钟前`. @param {number} seconds */
export function agoWords(seconds) {
  return seconds < 5 ? t("age.now") : t("age.ago", { age: ageWords(seconds) });
}

/** Return the age of a picture, with tenths below ten seconds. @param {number} seconds */
export function pictureAge(seconds) {
  return seconds < 9.95 ? t("age.seconds", { n: Math.max(0, seconds).toFixed(1) }) : ageWords(seconds);
}
