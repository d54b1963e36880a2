/**
 * Cameras: the list of cameras with the state that the workers report of each, asked for again and again.
 * @module
 */
import { ApiProblem, callJson } from "../shared/http.js";

/**
 * @typedef {object} Camera
 * @property {string} id
 * @property {string} name
 * @property {boolean} enabled
 */
/**
 * @typedef {object} Health
 * @property {"connecting" | "playing" | "lost" | "ended" | "stopped"} state
 * @property {string} error
 * @property {string} codec
 * @property {number} width
 * @property {number} height
 * @property {string | null} last_frame_utc
 * @property {import("../leads/finding.js").OpenLead[]} [open_leads]
 * @property {string} [reported]
 * @property {string | null} [trouble]
 * @property {string} [trouble_detail]
 * @property {string} [watch_mode]
 * @property {number} [analysed_interval_s]
 * @property {number} [interval_limit_s]
 * @property {number} [gop_s]
 * @property {string} [decoder]
 */
/** @typedef {{camera: Camera, health: Health | null, registered: boolean}} CameraView */

const EVERY_MS = 2500;
/** A server that has not answered by then counts as unreachable, before the workers' reports are too old to count. */
const ANSWER_WITHIN_MS = 8_000;

export class Cameras {
  #timer = 0;
  #running = false;
  #asking = false;
  /** @type {Map<string, CameraView>} */
  #known = new Map();

  /**
   * @param {object} listener
   * @param {(views: CameraView[]) => void} listener.list
   * @param {(fault: ApiProblem | null) => void} listener.fault why the list could not be loaded; `null` when it was
   */
  constructor(listener) {
    this.listener = listener;
  }

  /** Start asking. */
  open() {
    this.#running = true;
    void this.#ask();
  }

  /** Ask now, after a change. */
  renew() {
    if (this.#running && !this.#asking) void this.#ask();
  }

  /** Forget a camera that was removed. @param {string} id */
  remove(id) {
    this.#known.delete(id);
    this.renew();
  }

  async #ask() {
    clearTimeout(this.#timer);
    this.#asking = true;
    try {
      const { cameras } = await callJson("/v1/cameras", { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      this.listener.fault(null);
      this.#take(cameras);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.listener.fault(error);
    } finally {
      this.#asking = false;
      this.#timer = setTimeout(() => this.#ask(), EVERY_MS);
    }
  }

  /**
   * Merge an answer. A camera that only its worker names leaves the server's list when the worker falls silent; the wall
   * keeps it, as lost: a camera must not disappear unnoticed.
   * @param {CameraView[]} views
   */
  #take(views) {
    const listed = new Set(views.map((view) => view.camera.id));
    for (const [id, view] of this.#known) {
      if (listed.has(id)) continue;
      if (view.registered) this.#known.delete(id);
      else this.#known.set(id, { ...view, health: null });
    }
    for (const view of views) this.#known.set(view.camera.id, view);
    this.listener.list([...this.#known.values()].sort((a, b) => (a.camera.id < b.camera.id ? -1 : 1)));
  }
}
