/**
 * Live: one camera's feed over a WebSocket. Each epoch has its own player, which takes over with its first picture; until
 * then the last picture of the old epoch stays, with its age shown.
 * @module
 */
import { Backoff } from "../shared/backoff.js";
import { socketAddress } from "../shared/http.js";
import { LastingSocket } from "../shared/socket.js";
import { canPlay, codecName, Player } from "./player.js";

/** A playing camera sends several pictures a second: after this silence the connection must be dead. */
const QUIET_MS = 15_000;
/** Players in a row that may fail before their first picture until the stream counts as unplayable. */
const FAILURES_MOST = 3;
/** Pause before another attempt with a decoder that failed, e.g. because the graphics process died. */
const REST_MS = 300_000;
/** A player that has shown pictures for this long counts as working. */
const SOUND_MS = 10_000;

/**
 * @typedef {object} LiveListener
 * @property {() => void} changed something about the feed changed
 * @property {(video: HTMLVideoElement) => void} mount put this video below those already mounted
 * @property {(mediaS: number) => void} frame a picture is shown
 * @property {(codec: string, forMs: number) => void} unplayable the browser cannot play this codec, and should not retry for `forMs`
 */

export class LiveFeed {
  /** @type {Player | null} the player that is visible */
  #shown = null;
  /** @type {Player | null} the player that receives fragments: the visible one or its successor */
  #fed = null;
  /** @type {import("./player.js").LiveInit | null} announced: its initialisation segment comes next */
  #awaited = null;
  #backoff = new Backoff();
  /** Players that failed since the last first picture. */
  #failures = 0;
  #shownAt = 0;

  /**
   * @param {string} cameraId
   * @param {LiveListener} listener
   */
  constructor(cameraId, listener) {
    this.listener = listener;
    /** @type {string} why the stream ended; empty while it is running */
    this.ended = "";
    this.socket = new LastingSocket(() => socketAddress(`/v1/cameras/${encodeURIComponent(cameraId)}/live`), {
      message: (data) => {
        if (typeof data === "string") this.#takeMessage(JSON.parse(data));
        else this.#takeBytes(data);
      },
      state: () => listener.changed(),
    });
  }

  /** Connect. */
  open() {
    this.socket.open();
  }

  /** Disconnect and free the decoders. */
  close() {
    this.socket.close();
    this.#drop();
  }

  /** @returns {Player | null} the player that is visible */
  get player() {
    return this.#shown;
  }

  /** Stay near the live edge; to be called a few times a second. */
  steer() {
    this.#shown?.steer();
    if (this.#fed !== this.#shown) this.#fed?.steer();
  }

  /** Reconnect after a long silence; to be called a few times a second while the camera is reported as playing. */
  insist() {
    if (this.socket.quietMs > QUIET_MS) this.socket.renew();
  }

  /** @param {any} message */
  #takeMessage(message) {
    if (message.type === "init") {
      this.#awaited = message;
      this.ended = "";
    } else if (message.epoch === this.#fed?.init.epoch) {
      if (message.type === "clock") this.#fed?.clock.set(message);
      else if (message.type === "overlay") this.#fed?.overlay(message);
      else if (message.type === "end") this.ended = String(message.reason);
    }
    this.listener.changed();
  }

  /** @param {ArrayBuffer} data */
  #takeBytes(data) {
    const init = this.#awaited;
    if (!init) {
      this.#fed?.append(data);
      return;
    }
    this.#awaited = null;
    if (!canPlay(init.mime)) {
      this.listener.unplayable(codecName(init.mime), Infinity);
      return;
    }
    if (this.#fed !== this.#shown) this.#fed?.close();
    const player = new Player(init, data, {
      frame: (mediaS) => { if (player === this.#shown) this.listener.frame(mediaS); },
      ready: () => this.#takeOver(player),
      failed: () => this.#again(player),
    });
    this.#fed = player;
    this.listener.mount(player.video);
  }

  /** @param {Player} player */
  #takeOver(player) {
    if (player !== this.#fed) return;
    const before = this.#shown;
    this.#shown = player;
    this.#shownAt = performance.now();
    this.#failures = 0;
    before?.close();
    this.listener.changed();
  }

  /**
   * Reconnect with a growing pause: a picture could not be decoded, or the decoder fell too far behind. A stream that
   * never gives a picture counts as unplayable, whatever the browser claims about its type.
   * @param {Player} player
   */
  #again(player) {
    if (player !== this.#fed && player !== this.#shown) return;
    if (player !== this.#shown) this.#failures += 1;
    else if (performance.now() - this.#shownAt > SOUND_MS) this.#backoff.reset();
    this.#drop();
    if (this.#failures >= FAILURES_MOST) this.listener.unplayable(codecName(player.init.mime), REST_MS);
    else this.socket.renew(this.#backoff.next());
  }

  #drop() {
    this.#shown?.close();
    if (this.#fed !== this.#shown) this.#fed?.close();
    this.#shown = null;
    this.#fed = null;
    this.#awaited = null;
  }
}
