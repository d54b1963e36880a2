/**
 * Timeline: converts the media time of a live tile to capture time, and keeps boxes until their picture is shown.
 * @module
 */

/** @typedef {{type: "clock", epoch: number, media_s: number, utc: string, clock_source: string, uncertainty_s: number}} LiveClock */
/** @typedef {{xyxy: [number, number, number, number], class_name: string, confidence: number, track: number | null, state: string}} OverlayBox */
/** @typedef {{type: "overlay", epoch: number, media_s: number, utc: string, width: number, height: number, boxes: OverlayBox[]}} OverlayMessage */
/** @typedef {{boxes: OverlayBox[], width: number, height: number}} Shown */

const KEPT_S = 20;
const KEPT = 200;
/** Boxes stay for this many analysis intervals after their picture: one, and a quarter for jitter. */
const HOLD_INTERVALS = 1.25;
const LONGEST_HOLD_S = 2;

/** The clock of one epoch. */
export class MediaClock {
  /** @type {LiveClock | null} */
  #clock = null;

  /** @param {LiveClock} clock */
  set(clock) {
    this.#clock = clock;
  }

  /** Clear it for a new epoch. */
  clear() {
    this.#clock = null;
  }

  /** @returns {string} where UTC comes from; empty before the first clock */
  get source() {
    return this.#clock?.clock_source ?? "";
  }

  /** @returns {number} half-width of the true time's interval in seconds */
  get uncertaintyS() {
    return this.#clock?.uncertainty_s ?? 0;
  }

  /**
   * Return the capture time of the picture at `mediaS` in milliseconds since 1970; `null` before the first clock.
   * @param {number} mediaS
   */
  captureMs(mediaS) {
    if (!this.#clock) return null;
    return Date.parse(this.#clock.utc) + (mediaS - this.#clock.media_s) * 1000;
  }
}

/** The boxes of one epoch by media time. */
export class BoxTrack {
  /** @type {OverlayMessage[]} */
  #messages = [];

  /** @param {OverlayMessage} message */
  add(message) {
    let at = this.#messages.length;
    while (at > 0 && this.#messages[at - 1].media_s > message.media_s) at -= 1;
    this.#messages.splice(at, 0, message);
    const newest = this.#messages[this.#messages.length - 1].media_s;
    while (this.#messages.length > KEPT || this.#messages[0].media_s < newest - KEPT_S) this.#messages.shift();
  }

  /** Clear them for a new epoch. */
  clear() {
    this.#messages = [];
  }

  /** @returns {number} seconds between analysed frames: median of the last few; 0.5 before two are known */
  get intervalS() {
    const last = this.#messages.slice(-9);
    const steps = last.slice(1).map((message, i) => message.media_s - last[i].media_s).filter((s) => s > 0).sort((a, b) => a - b);
    return steps.length ? steps[Math.floor(steps.length / 2)] : 0.5;
  }

  /**
   * Return the boxes that belong to the picture at `mediaS`; `null` if no analysed frame is near enough. Between two
   * analysed frames a track's box is interpolated; after the last one it stays for one interval.
   * @param {number} mediaS
   * @returns {Shown | null}
   */
  at(mediaS) {
    const slack = 0.005;
    let before = null;
    let after = null;
    for (const message of this.#messages) {
      if (message.media_s <= mediaS + slack) before = message;
      else {
        after = message;
        break;
      }
    }
    if (!before || mediaS - before.media_s > Math.min(LONGEST_HOLD_S, this.intervalS * HOLD_INTERVALS)) return null;
    const boxes = after ? between(before, after, mediaS) : before.boxes;
    return { boxes, width: before.width, height: before.height };
  }
}

/**
 * @param {OverlayMessage} before
 * @param {OverlayMessage} after
 * @param {number} mediaS
 * @returns {OverlayBox[]}
 */
function between(before, after, mediaS) {
  const part = Math.min(1, Math.max(0, (mediaS - before.media_s) / (after.media_s - before.media_s)));
  return before.boxes.map((box) => {
    const next = box.track === null ? undefined : after.boxes.find((other) => other.track === box.track && other.class_name === box.class_name);
    if (!next) return box;
    const xyxy = /** @type {OverlayBox["xyxy"]} */ (box.xyxy.map((edge, i) => edge + (next.xyxy[i] - edge) * part));
    return { ...box, xyxy };
  });
}
