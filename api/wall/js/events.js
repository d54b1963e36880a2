/**
 * Events: the wall's event sequence, in order, each once, resumed after every break and every reload.
 * @module
 */
import { socketAddress } from "./http.js";
import { LastingSocket } from "./socket.js";

/**
 * @typedef {object} WallEvent
 * @property {number} cursor rises, never repeats
 * @property {string} type
 * @property {string} at
 * @property {string} subject lead id or camera id
 * @property {import("./leadbook.js").Lead | null} lead
 * @property {Record<string, string | number | boolean | null>} data
 */

/** Close code for a cursor that the server's events have not reached. */
const CURSOR_AHEAD = 4409;
const STORED = "plumewatch.cursor";

/** Return the cursor up to which this window has heard events; `null` for a window that has heard none. */
export function heardCursor() {
  const text = sessionStorage.getItem(STORED);
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}

/** Forget it, e.g. when another operator logs in. */
export function forgetCursor() {
  sessionStorage.removeItem(STORED);
}

export class EventFeed {
  #cursor;

  /**
   * @param {number} cursor events after this one are delivered
   * @param {{event: (event: WallEvent) => void, state: (state: import("./socket.js").SocketState) => void, ahead: () => void}} listener `ahead`: the server has not come to this cursor, its events are others
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

  /** Begin. */
  open() {
    this.socket.open();
  }

  /** End it. */
  close() {
    this.socket.close();
  }

  /** @param {number} cursor */
  #keep(cursor) {
    this.#cursor = cursor;
    sessionStorage.setItem(STORED, String(cursor));
  }
}
