/**
 * Live: one camera's feed over a WebSocket. A new epoch gets a player of its own, which takes over when it has its first
 * picture: until then the last picture of the old epoch stays, growing old in full view.
 * @module
 */
import { Backoff } from "../shared/backoff.js";
import { socketAddress } from "../shared/http.js";
import { LastingSocket } from "../shared/socket.js";
import { canPlay, codecName, Player } from "./player.js";

/** A camera that plays sends several pictures a second: silence for so long is the connection's. */
const QUIET_MS = 15_000;
/** Players in a row that may fail before their first picture. */
const FAILURES_MOST = 3;
/** A browser whose decoder failed, as when its graphics process died, may do better after this. */
const REST_MS = 300_000;
/** A player that has shown pictures for so long works. */
const SOUND_MS = 10_000;

/**
 * @typedef {object} LiveListener
 * @property {() => void} changed something about the feed changed
 * @property {(video: HTMLVideoElement) => void} mount put this video under those that are there already
 * @property {(mediaS: number) => void} frame a picture is shown
 * @property {(codec: string, forMs: number) => void} unplayable the browser cannot play the stream of this codec, and need not try for so long
 */

export class LiveFeed {
  /** @type {Player | null} the one that is shown */
  #shown = null;
  /** @type {Player | null} the one that fragments go to: the one shown, or the next */
  #fed = null;
  /** @type {import("./player.js").LiveInit | null} an initialisation segment follows */
  #awaited = null;
  #backoff = new Backoff();
  /** Players that failed since one had a first picture. */
  #failures = 0;
  #shownAt = 0;

  /**
   * @param {string} cameraId
   * @param {LiveListener} listener
   */
  constructor(cameraId, listener) {
    this.listener = listener;
    /** @type {string} why the stream ended; empty while it runs */
    this.ended = "";
    this.socket = new LastingSocket(() => socketAddress(`/v1/cameras/${encodeURIComponent(cameraId)}/live`), {
      message: (data) => {
        if (typeof data === "string") this.#takeMessage(JSON.parse(data));
        else this.#takeBytes(data);
      },
      state: () => listener.changed(),
    });
  }

  /** Begin. */
  open() {
    this.socket.open();
  }

  /** End it and free the decoders. */
  close() {
    this.socket.close();
    this.#drop();
  }

  /** @returns {Player | null} the player whose picture is shown */
  get player() {
    return this.#shown;
  }

  /** Stay near the live edge; to be called a few times a second. */
  steer() {
    this.#shown?.steer();
    if (this.#fed !== this.#shown) this.#fed?.steer();
  }

  /** Connect anew where nothing has come for long; to be called a few times a second while the camera is said to play. */
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
   * Start over with a new feed, after a pause that grows: a picture could not be decoded, or the decoder fell behind
   * without end. What never gives a picture cannot be played, whatever the browser says of its type.
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
