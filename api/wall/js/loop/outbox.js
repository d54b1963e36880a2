/**
 * Outbox: moves that were submitted and are sent a little later, so that they can be taken back.
 * @module
 */
import { randomKey } from "../shared/hash.js";
import { ApiProblem, callJson } from "../shared/http.js";

/** A move can be taken back for this long. */
export const UNDO_MS = 10_000;

/** @typedef {import("../leads/store.js").Lead} Lead */
/**
 * @typedef {object} Entry a move that is on its way
 * @property {string} leadId
 * @property {number} version of the lead as the operator saw it
 * @property {"move" | "propose" | "confirm" | "decline"} act
 * @property {Record<string, any>} body
 * @property {string} key of idempotency: however often it is sent, it is made once
 * @property {number} until when it is sent, milliseconds since 1970 of this browser
 * @property {"waiting" | "sending" | "failed"} state
 * @property {ApiProblem | null} problem why it failed
 */

export class Outbox {
  /** @type {Map<string, Entry & {timer: number}>} one a lead */
  #entries = new Map();
  /** @type {Set<(entry: Entry, outcome: "put" | "sending" | "sent" | "failed" | "taken" | "dropped") => void>} */
  #listeners = new Set();

  /** @param {import("../leads/store.js").LeadStore} store */
  constructor(store) {
    this.store = store;
    const now = () => this.#sendAll(true);
    // a phone may freeze a page in the background and never run its timers again
    addEventListener("pagehide", now);
    document.addEventListener("freeze", now);
  }

  /** @returns {Entry[]} the newest last */
  get entries() {
    return [...this.#entries.values()];
  }

  /** @param {string} leadId @returns {Entry | undefined} */
  of(leadId) {
    return this.#entries.get(leadId);
  }

  /** Submit a move; it is sent when its time to be taken back is over. @param {Lead} lead @param {Entry["act"]} act @param {Record<string, any>} body */
  put(lead, act, body) {
    if (this.#entries.has(lead.lead_id)) throw new RangeError(`a move of ${lead.lead_id} is on its way already`);
    const entry = { leadId: lead.lead_id, version: lead.version, act, body, key: randomKey(), until: Date.now() + UNDO_MS, state: /** @type {"waiting"} */ ("waiting"), problem: null, timer: 0 };
    entry.timer = window.setTimeout(() => void this.#send(entry), UNDO_MS);
    this.#entries.set(lead.lead_id, entry);
    this.store.await(lead.lead_id, { act, to: body.to });
    this.#tell(entry, "put");
  }

  /** Take a move back that is not sent yet; the newest one if none is named. @param {string} [leadId] @returns {boolean} whether there was one */
  takeBack(leadId) {
    const entry = [...this.#entries.values()].reverse().find((each) => each.state === "waiting" && (leadId === undefined || each.leadId === leadId));
    if (!entry) return false;
    this.#remove(entry);
    this.#tell(entry, "taken");
    return true;
  }

  /** Forget a move that failed. @param {string} leadId */
  drop(leadId) {
    const entry = this.#entries.get(leadId);
    if (entry?.state !== "failed") return;
    this.#remove(entry);
    this.#tell(entry, "dropped");
  }

  /** Send a move at once, or again. @param {string} leadId */
  async hurry(leadId) {
    const entry = this.#entries.get(leadId);
    if (entry && entry.state !== "sending") await this.#send(entry);
  }

  /** Send everything that waits and return when all is answered: before somebody signs out. */
  async flush() {
    await this.#sendAll(false);
  }

  /** @param {(entry: Entry, outcome: "put" | "sending" | "sent" | "failed" | "taken" | "dropped") => void} listener @returns {() => void} removes the listener */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param {boolean} keepalive whether the page may be gone before the answer */
  async #sendAll(keepalive) {
    await Promise.all([...this.#entries.values()].filter((entry) => entry.state === "waiting").map((entry) => this.#send(entry, keepalive)));
  }

  /** @param {Entry & {timer: number}} entry @param {boolean} [keepalive] */
  async #send(entry, keepalive = false) {
    clearTimeout(entry.timer);
    entry.state = "sending";
    entry.problem = null;
    this.#tell(entry, "sending");
    try {
      const lead = await callJson(`/v1/leads/${encodeURIComponent(entry.leadId)}/transitions`, {
        method: "POST", json: entry.body, headers: { "If-Match": `"${entry.version}"`, "Idempotency-Key": entry.key }, keepalive,
      });
      this.#remove(entry);
      this.store.take(lead);
      this.#tell(entry, "sent");
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      entry.state = "failed";
      entry.problem = error;
      this.store.await(entry.leadId, null);
      this.#tell(entry, "failed");
    }
  }

  /** @param {Entry & {timer: number}} entry */
  #remove(entry) {
    clearTimeout(entry.timer);
    this.#entries.delete(entry.leadId);
    this.store.await(entry.leadId, null);
  }

  /** @param {Entry} entry @param {"put" | "sending" | "sent" | "failed" | "taken" | "dropped"} outcome */
  #tell(entry, outcome) {
    for (const listener of [...this.#listeners]) listener(entry, outcome);
  }
}
