/**
 * Vault: how much space the evidence vault has left, and the banner that warns before it runs out.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, onLanguage, translate, t } from "../shared/i18n.js";
import { ageWords, shortTime } from "../shared/times.js";

/** @typedef {{level: "ample" | "warning" | "critical", free_bytes: number | null, total_bytes: number | null, days_left: number | null, due: number, due_bytes: number}} Room */

const EVERY_MS = 60_000;
const DAY_S = 86_400;
/** Below this the vault is full "within 3 hours": the API gives tenths of days. */
export const SOON_DAYS = 0.1;
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** Return a number of bytes as text: `3.2 GB`. @param {number} bytes */
export function bytesInWords(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

/**
 * Return the sentences about the vault's space, as keys and values; none while there is enough.
 * @param {Room} room
 * @returns {{key: string, values: Record<string, string | number>}[]}
 */
export function roomSentences(room) {
  if (room.level === "ample" || room.free_bytes === null || room.total_bytes === null) return [];
  const free = bytesInWords(room.free_bytes);
  const share = `${((100 * room.free_bytes) / Math.max(1, room.total_bytes)).toFixed(1)}%`;
  const said = [room.free_bytes === 0 ? { key: "room.full", values: {} } : { key: `room.${room.level}`, values: { free, share } }];
  if (room.days_left !== null && room.free_bytes > 0) said.push({ key: room.days_left < SOON_DAYS ? "room.soon" : "room.days", values: { age: ageWords(room.days_left * DAY_S) } });
  said.push({ key: room.due > 0 ? "room.due" : "room.act", values: { n: room.due, size: bytesInWords(room.due_bytes) } });
  return said;
}

/**
 * Return the sentence about the newest scrub as key and values, and how urgent it is.
 * @param {{started: string, faults: any[], custody_faults: string[], record_faults: string[]} | null} scrub
 * @returns {{key: string, values: Record<string, string | number>, level: "ample" | "critical"}}
 */
export function scrubSentence(scrub) {
  if (!scrub) return { key: "scrub.never", values: {}, level: "ample" };
  const [files, custody, records] = [scrub.faults.length, scrub.custody_faults.length, scrub.record_faults.length];
  const values = { at: shortTime(Date.parse(scrub.started)), n: files + custody + records, files, custody, records };
  return values.n ? { key: "scrub.faults", values, level: "critical" } : { key: "scrub.sound", values, level: "ample" };
}

export class VaultBanner {
  #timer = 0;
  /** @type {Room | null} */
  #room = null;
  /** Level of the banner that an operator closed; another level opens it again. */
  #seen = "";

  constructor() {
    this.words = h("p", {});
    this.hide = translate(h("button", { class: "quiet", type: "button", on: { click: () => this.#putAway() } }), "room.seen");
    this.node = h("div", { class: "room-banner", role: "alert", hidden: true }, this.words, this.hide);
    onLanguage(() => this.#draw());
  }

  /** Ask now and every minute from then on; an event reports a change of level in between. */
  async ask() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.ask(), EVERY_MS);
    try {
      this.#room = await callJson("/v1/vault");
      this.#draw();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  #putAway() {
    this.#seen = this.#room?.level ?? "";
    this.#draw();
  }

  #draw() {
    const room = this.#room;
    const said = room ? roomSentences(room) : [];
    if (room?.level !== this.#seen) this.#seen = "";
    this.node.hidden = said.length === 0 || this.#seen !== "";
    this.node.dataset.level = room?.level ?? "";
    // a critical banner cannot be closed
    this.hide.hidden = room?.level === "critical";
    fill(this.words, said.map(({ key, values }) => t(key, values)).join(language() === "zh" ? "" : " "));
  }
}
