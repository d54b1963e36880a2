/**
 * Socket: a WebSocket that reconnects with back-off until it is closed.
 * @module
 */
import { Backoff } from "./backoff.js";

/** Time after which an attempt to connect is given up. */
const OPEN_TIMEOUT_MS = 10_000;

/** @typedef {"connecting" | "open" | "waiting" | "closed"} SocketState */

export class LastingSocket {
  /** @type {WebSocket | null} */
  #socket = null;
  #backoff = new Backoff();
  #timer = 0;
  #heardMs = 0;
  #address;
  #listener;
  /** @type {SocketState} */
  state = "closed";

  /**
   * @param {() => string} address called before each attempt, so that the address may carry a cursor
   * @param {{message: (data: string | ArrayBuffer) => void, state?: (state: SocketState) => void, closed?: (code: number) => boolean}} listener `closed` gets the close code and returns true to stop reconnecting
   */
  constructor(address, listener) {
    this.#address = address;
    this.#listener = listener;
  }

  /** Connect, and reconnect after every loss. */
  open() {
    if (this.state === "closed") this.#connect();
  }

  /** Close for good. */
  close() {
    this.#release();
    this.#become("closed");
  }

  /** @returns {number} milliseconds since the last message of an open connection; 0 unless it is open */
  get quietMs() {
    return this.state === "open" ? performance.now() - this.#heardMs : 0;
  }

  /** Replace a connection that is dead or whose data is of no use. @param {number} [pauseMs] pause before connecting */
  renew(pauseMs = 0) {
    if (this.state === "closed") return;
    this.#release();
    this.#become("connecting");
    if (pauseMs > 0) this.#timer = setTimeout(() => this.#connect(), pauseMs);
    else this.#connect();
  }

  /** End the current pause and connect, e.g. when the network is back. */
  hurry() {
    if (this.state !== "waiting") return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #connect() {
    this.#become("connecting");
    const socket = new WebSocket(this.#address());
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    const late = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
    socket.onopen = () => {
      clearTimeout(late);
      if (this.#socket !== socket) return;
      this.#heardMs = performance.now();
      this.#become("open");
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return;
      this.#heardMs = performance.now();
      this.#backoff.reset();
      this.#listener.message(data);
    };
    socket.onclose = ({ code }) => {
      clearTimeout(late);
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.#listener.closed?.(code)) {
        this.#become("closed");
        return;
      }
      this.#become("waiting");
      this.#timer = setTimeout(() => this.#connect(), this.#backoff.next());
    };
  }

  #release() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  /** @param {SocketState} state */
  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.#listener.state?.(state);
  }
}
