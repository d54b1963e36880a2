/**
 * Player: one epoch of a camera's fMP4 stream in a video element, kept near the live edge.
 * @module
 */
import { h } from "../shared/dom.js";
import { BoxTrack, MediaClock } from "./timeline.js";

/** Video kept behind the current picture, for the decoder and for a short pause. */
const BEHIND_KEPT_S = 6;
const TRIM_AT_S = 12;
/** Smallest distance from the live edge: jitter of a few frames. */
const CLOSEST_S = 0.25;
const FARTHEST_S = 2.2;
/** The player does not wait for boxes that arrive later than this after their picture. */
const LONGEST_WAIT_FOR_BOXES_S = 1.6;
const JUMP_BEYOND_S = 2.5;
const SPAN_MEMORY_MS = 8000;
const QUEUE_FRAGMENTS = 600;

/** @typedef {{epoch: number, mime: string, width: number, height: number}} LiveInit */
/**
 * @typedef {object} PlayerListener
 * @property {(mediaS: number) => void} frame called for each picture shown
 * @property {() => void} ready called when the first picture is there
 * @property {() => void} failed called when playing fails
 */

const CODECS = { avc1: "H.264", hvc1: "H.265", av01: "AV1", "video/x-mjpeg": "MJPEG", "video/x-mpeg4": "MPEG-4" };

/** Return the usual name of a stream's codec. @param {string} mime @returns {string} */
export function codecName(mime) {
  const codec = mime.replace(/^.*codecs="?([^".]*).*$/, "$1");
  return CODECS[/** @type {keyof CODECS} */ (codec)] ?? codec.replace("video/x-", "").toUpperCase();
}

/** True if this browser can play a stream. @param {string} mime */
export function canPlay(mime) {
  return "MediaSource" in window && MediaSource.isTypeSupported(mime);
}

export class Player {
  #source = new MediaSource();
  /** @type {SourceBuffer | null} */
  #buffer = null;
  /** @type {ArrayBuffer[]} */
  #queue;
  #address;
  #closed = false;
  #placed = false;
  /** @type {{at: number, s: number}[]} recent pauses between fragments */
  #spans = [];
  #lastAppendMs = 0;
  #boxDelayS = 0;

  /**
   * @param {LiveInit} init
   * @param {ArrayBuffer} segment the initialisation segment
   * @param {PlayerListener} listener
   */
  constructor(init, segment, listener) {
    this.init = init;
    this.clock = new MediaClock();
    this.boxes = new BoxTrack();
    this.listener = listener;
    this.#queue = [segment];
    this.video = /** @type {HTMLVideoElement} */ (h("video", { muted: true, autoplay: true, playsInline: true, disableRemotePlayback: true, disablePictureInPicture: true, tabIndex: -1, "aria-hidden": "true" }));
    this.video.addEventListener("error", () => this.#fail());
    this.video.addEventListener("loadeddata", () => { if (!this.#closed) listener.ready(); }, { once: true });
    this.#watchFrames();
    this.#address = URL.createObjectURL(this.#source);
    this.#source.addEventListener("sourceopen", () => this.#onOpen(), { once: true });
    this.video.src = this.#address;
  }

  /** Free the decoder. */
  close() {
    this.#closed = true;
    this.#queue = [];
    URL.revokeObjectURL(this.#address);
    this.video.removeAttribute("src");
    this.video.load();
    this.video.remove();
  }

  /** @returns {number} seconds between the newest picture received and the one shown; NaN before there is one */
  get behindS() {
    const { buffered } = this.video;
    return buffered.length ? buffered.end(buffered.length - 1) - this.video.currentTime : NaN;
  }

  /**
   * Distance from the live edge in seconds: long enough for the longest recent pause between fragments, and for the boxes
   * of the analysis to arrive in time.
   */
  get targetS() {
    const horizon = performance.now() - SPAN_MEMORY_MS;
    this.#spans = this.#spans.filter((span) => span.at > horizon);
    const steady = CLOSEST_S + Math.max(0, ...this.#spans.map((span) => span.s));
    return Math.min(FARTHEST_S, Math.max(steady, Math.min(LONGEST_WAIT_FOR_BOXES_S, this.#boxDelayS + 0.1)));
  }

  /** Add a media fragment. @param {ArrayBuffer} fragment */
  append(fragment) {
    const now = performance.now();
    if (this.#lastAppendMs) this.#spans.push({ at: now, s: Math.min(2, (now - this.#lastAppendMs) / 1000) });
    this.#lastAppendMs = now;
    this.#queue.push(fragment);
    if (this.#queue.length > QUEUE_FRAGMENTS) this.#fail();
    else this.#pump();
  }

  /** Add the boxes of an analysed frame. @param {import("./timeline.js").OverlayMessage} message */
  overlay(message) {
    this.boxes.add(message);
    const { buffered } = this.video;
    if (!buffered.length) return;
    const late = buffered.end(buffered.length - 1) - message.media_s;
    // rise fast, fall slowly: constant changes of pace are worse than a picture half a second older
    if (late >= 0 && late < 5) this.#boxDelayS += (late - this.#boxDelayS) * (late > this.#boxDelayS ? 0.3 : 0.03);
  }

  /** Stay near the live edge; to be called a few times a second. */
  steer() {
    const { video } = this;
    const { buffered } = video;
    if (this.#closed || !buffered.length || video.readyState < 1) return;
    const start = buffered.start(buffered.length - 1);
    const behind = this.behindS;
    const target = this.targetS;
    if (video.currentTime < start || behind > target + JUMP_BEYOND_S || !this.#placed) {
      video.currentTime = Math.max(start, video.currentTime + behind - target);
      this.#placed = true;
      video.playbackRate = 1;
    } else if (behind > target + 0.35) video.playbackRate = behind > target + 1 ? 1.25 : 1.1;
    else if (behind < target - 0.25 && behind > 0) video.playbackRate = 0.95;
    else if (video.playbackRate !== 1 && Math.abs(behind - target) < 0.1) video.playbackRate = 1;
    if (video.paused) video.play().catch(() => {});
    this.#trim(false);
  }

  #onOpen() {
    if (this.#closed) return;
    this.#source.duration = Infinity;
    try {
      this.#buffer = this.#source.addSourceBuffer(this.init.mime);
    } catch {
      this.#fail();
      return;
    }
    this.#buffer.addEventListener("updateend", () => this.#pump());
    this.#pump();
  }

  #pump() {
    const buffer = this.#buffer;
    if (this.#closed || !buffer || buffer.updating || this.#source.readyState !== "open") return;
    if (!this.#placed && buffer.buffered.length) this.steer();
    if (!this.#queue.length) return;
    const data = this.#queue.length === 1 ? this.#queue[0] : joined(this.#queue);
    this.#queue = [];
    try {
      buffer.appendBuffer(data);
    } catch (error) {
      if (error instanceof DOMException && error.name === "QuotaExceededError") {
        this.#queue.unshift(data);
        this.#trim(true);
      } else this.#fail();
    }
  }

  /** @param {boolean} hard true if the browser's buffer is full */
  #trim(hard) {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || !buffer.buffered.length) return;
    const start = buffer.buffered.start(0);
    const shown = this.video.currentTime;
    if (hard || shown - start > TRIM_AT_S) buffer.remove(start, Math.max(start + 0.1, shown - (hard ? 1 : BEHIND_KEPT_S)));
  }

  #watchFrames() {
    const { video } = this;
    if (!("requestVideoFrameCallback" in video)) {
      video.addEventListener("timeupdate", () => { if (!this.#closed) this.listener.frame(video.currentTime); });
      return;
    }
    const next = () => {
      video.requestVideoFrameCallback((_, { mediaTime }) => {
        if (this.#closed) return;
        this.listener.frame(mediaTime);
        next();
      });
    };
    next();
  }

  #fail() {
    if (!this.#closed) this.listener.failed();
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
