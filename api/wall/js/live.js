/**
 * Live: one camera's fMP4 over a WebSocket into a video element, kept at the live edge.
 * @module
 */
import { socketAddress } from "./http.js";
import { LastingSocket } from "./socket.js";
import { BoxTrack, MediaClock } from "./timeline.js";

/** Pictures kept behind the one shown, for the decoder and for a short pause. */
const BEHIND_KEPT_S = 6;
const TRIM_AT_S = 12;
/** Never closer to the live edge than this: one or two frames of jitter. */
const CLOSEST_S = 0.25;
/** Boxes that arrive later than this behind their picture are not waited for. */
const LONGEST_WAIT_FOR_BOXES_S = 1.6;
const JUMP_BEYOND_S = 2.5;
const SPAN_MEMORY_MS = 8000;
const QUEUE_FRAGMENTS = 600;

/**
 * @typedef {object} LiveListener
 * @property {() => void} changed something about the feed changed
 * @property {(codec: string) => void} unplayable the browser cannot play the stream
 */

export class LiveFeed {
  /** @type {MediaSource | null} */
  #source = null;
  /** @type {SourceBuffer | null} */
  #buffer = null;
  /** @type {ArrayBuffer[]} */
  #queue = [];
  #address = "";
  #awaitsSegment = false;
  #placed = false;
  /** @type {{mime: string, epoch: number, width: number, height: number} | null} */
  #init = null;
  /** @type {{at: number, s: number}[]} */
  #spans = [];
  #lastAppendMs = 0;
  #boxDelayS = 0;
  #jumps = 0;

  /**
   * @param {string} cameraId
   * @param {HTMLVideoElement} video
   * @param {LiveListener} listener
   */
  constructor(cameraId, video, listener) {
    this.video = video;
    this.clock = new MediaClock();
    this.boxes = new BoxTrack();
    /** @type {string} why the stream ended; empty while it runs */
    this.ended = "";
    this.listener = listener;
    this.socket = new LastingSocket(() => socketAddress(`/v1/cameras/${encodeURIComponent(cameraId)}/live`), {
      message: (data) => this.#take(data),
      state: () => listener.changed(),
    });
    video.addEventListener("error", this.#onError);
  }

  /** Begin. */
  open() {
    this.socket.open();
  }

  /** End it and free the decoder. */
  close() {
    this.socket.close();
    this.video.removeEventListener("error", this.#onError);
    this.#drop();
  }

  /** @returns {{width: number, height: number} | null} */
  get size() {
    return this.#init;
  }

  /** @returns {number} seconds between the newest picture received and the one shown; NaN before there is one */
  get behindS() {
    const { buffered } = this.video;
    return buffered.length ? buffered.end(buffered.length - 1) - this.video.currentTime : NaN;
  }

  /** @returns {number} how often the picture had to jump to the live edge */
  get jumps() {
    return this.#jumps;
  }

  /** @returns {number} seconds behind the live edge that keep the picture steady and its boxes in time */
  get targetS() {
    const horizon = performance.now() - SPAN_MEMORY_MS;
    this.#spans = this.#spans.filter((span) => span.at > horizon);
    const steady = CLOSEST_S + Math.max(0, ...this.#spans.map((span) => span.s));
    return Math.min(2.2, Math.max(steady, Math.min(LONGEST_WAIT_FOR_BOXES_S, this.#boxDelayS + 0.1)));
  }

  /** Stay near the live edge; to be called a few times a second. */
  steer() {
    const { video } = this;
    const { buffered } = video;
    if (!buffered.length || video.readyState < 1) return;
    const start = buffered.start(buffered.length - 1);
    const behind = this.behindS;
    const target = this.targetS;
    if (video.currentTime < start || behind > target + JUMP_BEYOND_S) {
      video.currentTime = Math.max(start, video.currentTime + behind - target);
      if (this.#placed) this.#jumps += 1;
      this.#placed = true;
      video.playbackRate = 1;
    } else if (behind > target + 0.35) video.playbackRate = behind > target + 1 ? 1.25 : 1.1;
    else if (behind < target - 0.25 && behind > 0) video.playbackRate = 0.95;
    else if (video.playbackRate !== 1 && Math.abs(behind - target) < 0.1) video.playbackRate = 1;
    if (video.paused) video.play().catch(() => {});
    this.#trim();
  }

  /** @param {string | ArrayBuffer} data */
  #take(data) {
    if (typeof data === "string") this.#takeMessage(JSON.parse(data));
    else if (this.#awaitsSegment) {
      this.#awaitsSegment = false;
      this.#start(data);
    } else this.#append(data);
  }

  /** @param {any} message */
  #takeMessage(message) {
    if (message.type === "init") {
      this.#init = message;
      this.#awaitsSegment = true;
      this.ended = "";
      this.clock.clear();
      this.boxes.clear();
    } else if (message.epoch === this.#init?.epoch) {
      if (message.type === "clock") this.clock.set(message);
      else if (message.type === "overlay") this.#takeBoxes(message);
      else if (message.type === "end") this.ended = message.reason || "end";
    }
    this.listener.changed();
  }

  /** @param {import("./timeline.js").OverlayMessage} message */
  #takeBoxes(message) {
    this.boxes.add(message);
    const { buffered } = this.video;
    if (!buffered.length) return;
    const late = buffered.end(buffered.length - 1) - message.media_s;
    if (late >= 0 && late < 5) this.#boxDelayS += (late - this.#boxDelayS) * (late > this.#boxDelayS ? 0.3 : 0.03);
  }

  /** @param {ArrayBuffer} segment */
  #start(segment) {
    this.#drop();
    const mime = this.#init?.mime ?? "";
    if (!("MediaSource" in window) || !MediaSource.isTypeSupported(mime)) {
      this.listener.unplayable(mime.replace(/^.*codecs="?([^"]*)"?.*$/, "$1"));
      return;
    }
    const source = new MediaSource();
    this.#source = source;
    this.#placed = false;
    this.#queue = [segment];
    this.#address = URL.createObjectURL(source);
    source.addEventListener("sourceopen", () => {
      if (this.#source !== source) return;
      URL.revokeObjectURL(this.#address);
      source.duration = Infinity;
      this.#buffer = source.addSourceBuffer(mime);
      this.#buffer.mode = "segments";
      this.#buffer.addEventListener("updateend", () => this.#pump());
      this.#pump();
    }, { once: true });
    this.video.src = this.#address;
    this.video.play().catch(() => {});
    this.listener.changed();
  }

  /** @param {ArrayBuffer} fragment */
  #append(fragment) {
    if (!this.#source) return;
    const now = performance.now();
    if (this.#lastAppendMs) this.#spans.push({ at: now, s: Math.min(2, (now - this.#lastAppendMs) / 1000) });
    this.#lastAppendMs = now;
    this.#queue.push(fragment);
    if (this.#queue.length > QUEUE_FRAGMENTS) this.#again();
    else this.#pump();
  }

  #pump() {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || !this.#queue.length || this.#source?.readyState !== "open") return;
    const data = this.#queue.length === 1 ? this.#queue[0] : joined(this.#queue);
    this.#queue = [];
    try {
      buffer.appendBuffer(data);
    } catch (error) {
      if (error instanceof DOMException && error.name === "QuotaExceededError") {
        this.#queue.unshift(data);
        this.#trim(true);
      } else this.#again();
    }
    if (!this.#placed) this.steer();
  }

  /** @param {boolean} [hard] */
  #trim(hard = false) {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || !buffer.buffered.length) return;
    const start = buffer.buffered.start(0);
    const shown = this.video.currentTime;
    if (hard || shown - start > TRIM_AT_S) buffer.remove(start, Math.max(start + 0.1, shown - (hard ? 1 : BEHIND_KEPT_S)));
  }

  /** Start over with a new feed: the picture could not be decoded or fell behind without end. */
  #again() {
    this.#drop();
    this.socket.close();
    this.socket.open();
  }

  #onError = () => {
    if (this.#source) this.#again();
  };

  #drop() {
    this.#source = null;
    this.#buffer = null;
    this.#queue = [];
    this.#spans = [];
    this.#lastAppendMs = 0;
    if (this.#address) {
      URL.revokeObjectURL(this.#address);
      this.#address = "";
      this.video.removeAttribute("src");
      this.video.load();
    }
  }
}

/** @param {ArrayBuffer[]} parts @returns {ArrayBuffer} */
function joined(parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return all.buffer;
}
