/**
 * Events: the wall's event sequence, in order, each event once, resumed after every loss and reload. A dead connection looks
 * like a quiet one, so the server is asked regularly whether there are events that did not arrive.
 * @module
 */
import { ApiProblem, callJson, socketAddress } from "../shared/http.js";
import { LastingSocket } from "../shared/socket.js";

/**
 * @typedef {object} WallEvent
 * @property {number} cursor increases, never repeats
 * @property {string} type
 * @property {string} at
 * @property {string} subject lead id or camera id
 * @property {import("../leads/store.js").Lead | null} lead
 * @property {Record<string, string | number | boolean | null>} data
 */

/** Close code for a cursor ahead of the server's newest event. */
const CURSOR_AHEAD = 4409;
const STORED = "plumewatch.cursor";
const LOOK_MS = 30_000;
/** Events that were missing at a check should have arrived by then. */
const LOOK_AGAIN_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;

/** Return the cursor of the last event that this window received; `null` if it received none. */
export function heardCursor() {
  const text = sessionStorage.getItem(STORED);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** Forget the cursor, e.g. when another operator logs in. */
export function forgetCursor() {
  sessionStorage.removeItem(STORED);
}

export class EventFeed {
  #cursor;
  #timer = 0;
  /** @type {number | null} cursor at which the last check found missing events */
  #stuckAt = null;

  /**
   * @param {number} cursor events after this one are delivered
   * @param {{event: (event: WallEvent) => void, state: (state: import("../shared/socket.js").SocketState) => void, ahead: () => void}} listener `ahead`: the cursor is ahead of the server's events, which are those of another database
   */
  constructor(cursor, listener) {
    this.#cursor = cursor;
    this.#keep(cursor);
    this.socket = new LastingSocket(() => socketAddress(`/v1/events?cursor=${this.#cursor}`), {
      message: (data) => {
        if (typeof data !== "string") return;
        const event = JSON.parse(data);
        if (!Number.isInteger(event.cursor) || event.cursor <= this.#cursor) return;
        listener.event(event);
        this.#keep(event.cursor);
      },
      state: listener.state,
      closed: (code) => {
        if (code !== CURSOR_AHEAD) return false;
        listener.ahead();
        return true;
      },
    });
  }

  /** Connect. */
  open() {
    this.socket.open();
    this.#plan(LOOK_MS);
  }

  /** Close for good. */
  close() {
    clearTimeout(this.#timer);
    this.socket.close();
  }

  /** @param {number} afterMs */
  #plan(afterMs) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), afterMs);
  }

  /** Reconnect if two checks in a row find missing events at the same cursor, or no server. */
  async #look() {
    const cursor = this.#cursor;
    const isStuck = (await this.#misses(cursor)) && cursor === this.#cursor;
    if (this.socket.state === "closed") return;
    const twice = isStuck && this.#stuckAt === cursor;
    this.#stuckAt = isStuck && !twice ? cursor : null;
    if (twice && this.socket.state === "open") this.socket.renew();
    this.#plan(this.#stuckAt === null ? LOOK_MS : LOOK_AGAIN_MS);
  }

  /** @param {number} cursor @returns {Promise<boolean>} */
  async #misses(cursor) {
    if (this.socket.state !== "open") return false;
    try {
      const { newest } = await callJson(`/v1/events?after=${cursor}&limit=1`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      return newest > cursor;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      return error.status === 0;
    }
  }

  /** @param {number} cursor */
  #keep(cursor) {
    this.#cursor = cursor;
    sessionStorage.setItem(STORED, String(cursor));
  }
}
