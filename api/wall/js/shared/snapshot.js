/**
 * Snapshot: the newest still of a camera with its capture time, loaded again every two seconds.
 * @module
 */
import { ApiProblem, call, received } from "./http.js";

const EVERY_MS = 2000;

export class SnapshotFeed {
  #timer = 0;
  #address = "";
  #running = false;
  /** @type {number | null} capture time of the picture shown, milliseconds since 1970 */
  captureMs = null;

  /**
   * @param {string} cameraId
   * @param {HTMLImageElement} image
   * @param {() => void} changed
   */
  constructor(cameraId, image, changed) {
    this.path = `/v1/cameras/${encodeURIComponent(cameraId)}/snapshot.jpg`;
    this.image = image;
    this.changed = changed;
  }

  /** Start loading. */
  open() {
    if (this.#running) return;
    this.#running = true;
    this.#ask();
  }

  /** Stop and free the picture. */
  close() {
    this.#running = false;
    clearTimeout(this.#timer);
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = "";
  }

  async #ask() {
    try {
      const answer = await call(this.path);
      const picture = await received(answer.blob());
      if (!this.#running) return;
      const taken = answer.headers.get("X-Capture-Utc") ?? answer.headers.get("Last-Modified");
      this.captureMs = taken ? Date.parse(taken) : null;
      const old = this.#address;
      this.#address = URL.createObjectURL(picture);
      this.image.src = this.#address;
      if (old) URL.revokeObjectURL(old);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
    this.changed();
    if (this.#running) this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
  }
}
