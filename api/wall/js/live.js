/**
 * Live: one camera's feed over a WebSocket. A new epoch gets a player of its own, which takes over when it has its first
 * picture: until then the last picture of the old epoch stays, growing old in full view.
 * @module
 */
import { socketAddress } from "./http.js";
import { canPlay, codecName, Player } from "./player.js";
import { LastingSocket } from "./socket.js";

/** A camera that plays sends several pictures a second: silence for so long is the connection's. */
const QUIET_MS = 15_000;

/**
 * @typedef {object} LiveListener
 * @property {() => void} changed something about the feed changed
 * @property {(video: HTMLVideoElement) => void} mount put this video under those that are there already
 * @property {(mediaS: number) => void} frame a picture is shown
 * @property {(codec: string) => void} unplayable the browser cannot play the stream of this codec
 */

export class LiveFeed {
  /** @type {Player | null} the one that is shown */
  #shown = null;
  /** @type {Player | null} the one that fragments go to: the one shown, or the next */
  #fed = null;
  /** @type {import("./player.js").LiveInit | null} an initialisation segment follows */
  #awaited = null;

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
      this.listener.unplayable(codecName(init.mime));
      return;
    }
    if (this.#fed !== this.#shown) this.#fed?.close();
    const player = new Player(init, data, {
      frame: (mediaS) => { if (player === this.#shown) this.listener.frame(mediaS); },
      ready: () => this.#takeOver(player),
      failed: () => this.#again(),
    });
    this.#fed = player;
    this.listener.mount(player.video);
  }

  /** @param {Player} player */
  #takeOver(player) {
    if (player !== this.#fed) return;
    const before = this.#shown;
    this.#shown = player;
    before?.close();
    this.listener.changed();
  }

  /** Start over with a new feed: a picture could not be decoded or the decoder fell behind without end. */
  #again() {
    this.#drop();
    this.socket.close();
    this.socket.open();
  }

  #drop() {
    this.#shown?.close();
    if (this.#fed !== this.#shown) this.#fed?.close();
    this.#shown = null;
    this.#fed = null;
    this.#awaited = null;
  }
}
