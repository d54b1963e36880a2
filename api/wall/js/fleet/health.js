/**
 * Troubles: the worst thing that is wrong with a camera, by what its worker says and by how old that is.
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

/** A worker's word older than this says nothing about now. */
export const SILENT_S = 10;

/** Troubles that last a moment in the usual course and alarm nobody. */
const MILD = new Set(["starting", "stream_ended", "worker_stopped"]);

/**
 * Return the reason (a `gap.` or `fault.` word), its tone and its detail; `null` while the camera is watched and sound.
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
    // watched, and yet something about it wants a person: too many leads, a clock that is off
    const finding = health.findings?.[0];
    return finding ? { reason: finding.kind, tone: "mild", detail: finding.detail } : null;
  }
  return { reason: health.trouble, tone: MILD.has(health.trouble) ? "mild" : "bad", detail: health.trouble_detail || health.error || "" };
}

/**
 * Return how a camera is watched: a word's key and the measured seconds between its analysed pictures.
 * @param {Reported | null | undefined} health
 * @returns {{key: string, seconds: string} | null} `null` before two pictures
 */
export function watchOf(health) {
  const interval = health?.analysed_interval_s ?? 0;
  if (!health || !interval || !health.watch_mode) return null;
  return { key: `watch.${health.watch_mode === "focus" ? "focus" : "patrol"}`, seconds: interval < 9.95 ? interval.toFixed(1) : String(Math.round(interval)) };
}
