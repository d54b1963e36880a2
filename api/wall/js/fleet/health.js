/**
 * Health: the worst fault of a camera, from its worker's report and the report's age, and how the camera is watched.
 * @module
 */

/**
 * @typedef {object} Reported
 * @property {string} state
 * @property {string} [reported]
 * @property {string | null} [trouble]
 * @property {string} [trouble_detail]
 * @property {string} [error]
 * @property {string} [watch_mode]
 * @property {number} [analysed_interval_s]
 * @property {{kind: string, detail: string}[]} [findings]
 */

/** A report older than this no longer counts. */
export const SILENT_S = 10;

/** Faults that are short and usual, and are no alarm. */
const MILD = new Set(["starting", "stream_ended", "worker_stopped"]);

/**
 * Return the reason (a key under `gap.` or `fault.`), its tone and its detail; `null` while nothing is wrong.
 * @param {Reported | null | undefined} health `null`: no worker reports it; `undefined`: not asked yet
 * @param {number} nowMs the server's time
 * @returns {{reason: string, tone: "mild" | "bad", detail: string} | null}
 */
export function troubleOf(health, nowMs) {
  if (health === undefined) return null;
  if (health === null) return { reason: "unreported", tone: "bad", detail: "" };
  const age = health.reported ? (nowMs - Date.parse(health.reported)) / 1000 : 0;
  if (age > SILENT_S) return { reason: "unreported", tone: "bad", detail: "" };
  if (!health.trouble) {
    // watched, but somebody should look: too many leads, a wrong clock
    const finding = health.findings?.[0];
    return finding ? { reason: finding.kind, tone: "mild", detail: finding.detail } : null;
  }
  return { reason: health.trouble, tone: MILD.has(health.trouble) ? "mild" : "bad", detail: health.trouble_detail || health.error || "" };
}

/**
 * Return how a camera is watched: the key of its mode and the measured seconds between analysed pictures.
 * @param {Reported | null | undefined} health
 * @returns {{key: string, seconds: string} | null} `null` until two pictures were analysed
 */
export function watchOf(health) {
  const interval = health?.analysed_interval_s ?? 0;
  if (!health || !interval || !health.watch_mode) return null;
  return { key: `watch.${health.watch_mode === "focus" ? "focus" : "patrol"}`, seconds: interval < 9.95 ? interval.toFixed(1) : String(Math.round(interval)) };
}
