/**
 * Tile: one camera on the wall with its picture, boxes, state and the picture's age.
 * @module
 */
import { detailWords, reasonWords } from "../coverage/gaps.js";
import { troubleOf, watchOf } from "../fleet/health.js";
import { h, write } from "../shared/dom.js";
import { untranslate, onLanguage, translate, t } from "../shared/i18n.js";
import { SnapshotFeed } from "../shared/snapshot.js";
import { clockTime, pictureAge, serverClock, shortTime } from "../shared/times.js";
import { LiveFeed } from "./live.js";
import { drawBoxes } from "./overlay.js";

/** @typedef {import("../fleet/cameras.js").Camera} Camera */
/** @typedef {import("../fleet/cameras.js").Health} Health */

const OLD_S = 5;
const STALE_S = 15;
/** A file whose times are further from now than this counts as a recording. */
const RECORDING_S = 3600;
/** A clock ahead by more than this is shown as such. */
const AHEAD_S = 1;

export class Tile {
  /** @type {Health | null | undefined} `null`: no worker reads it; `undefined`: not asked yet */
  #health = undefined;
  /** @type {LiveFeed | null} */
  #live = null;
  /** @type {SnapshotFeed | null} */
  #snapshots = null;
  #seen = false;
  #reached = true;
  #shownMediaS = NaN;
  /** @type {import("./player.js").Player | null} the player of that picture */
  #shownBy = null;
  #advancedAt = 0;
  #unplayable = "";
  /** The worker's name of the codec that could not be played; another codec is tried again. */
  #refused = "";
  #retryAtMs = Infinity;
  #stopLanguage;

  /**
   * @param {Camera} camera
   * @param {{focus: (id: string) => void, openLead: (id: string) => void, zones: (camera: Camera) => void, camera: (camera: Camera) => void}} acts
   */
  constructor(camera, acts) {
    this.camera = camera;
    this.screen = h("span", { class: "tile-screen" });
    this.image = /** @type {HTMLImageElement} */ (h("img", { alt: "", hidden: true }));
    this.canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { "aria-hidden": "true" }));
    this.notice = h("div", { class: "tile-notice" });
    this.noticeWhat = h("strong");
    this.noticeWhy = h("span");
    this.noticeLast = h("span", { class: "tile-last" });
    this.notice.append(this.noticeWhat, this.noticeWhy, this.noticeLast);
    this.dot = h("span", { class: "dot" });
    this.name = h("span", { class: "tile-name" });
    this.lead = h("button", { class: "tile-lead", type: "button", hidden: true });
    this.size = h("span", { class: "tile-size" });
    this.watch = h("button", { class: "tile-watch", type: "button", hidden: true, on: { click: () => acts.camera(this.camera) } });
    this.zones = translate(h("button", { class: "tile-zones", type: "button", on: { click: () => acts.zones(this.camera) } }), "zones.open");
    this.state = h("button", { class: "tile-state", type: "button", on: { click: () => acts.camera(this.camera) } });
    this.age = h("span", { class: "tile-age" });
    this.frame = h("button", { class: "tile-picture", type: "button", on: { click: () => acts.focus(camera.id) } }, this.screen, this.image, this.canvas, this.notice);
    this.node = h("article", { class: "tile", "data-camera": camera.id, "data-state": "connecting" }, this.frame,
      h("footer", { class: "tile-strip" }, this.dot, this.name, this.lead, this.size, this.watch, this.state, this.age, this.zones));
    this.lead.addEventListener("click", () => { if (this.lead.dataset.lead) acts.openLead(this.lead.dataset.lead); });
    this.#stopLanguage = onLanguage(() => this.describe(this.camera));
    this.describe(camera);
  }

  /** @param {Camera} camera */
  describe(camera) {
    this.camera = camera;
    const name = camera.name || camera.id;
    write(this.name, name);
    this.name.title = name;
    this.frame.setAttribute("aria-label", t("tile.focus", { name }));
    translate(this.zones, "zones.open.title", { name }, "title");
    this.tick();
  }

  /** @param {Health | null} health the worker's last report; `null` if no worker reads the camera */
  report(health) {
    this.#health = health;
    if (this.#snapshots && health?.codec && (health.codec !== this.#refused || performance.now() > this.#retryAtMs)) {
      this.#close();
      this.#unplayable = "";
      this.#open();
    }
    this.tick();
  }

  /** @param {boolean} is true if the server can be reached */
  reach(is) {
    if (is === this.#reached) return;
    this.#reached = is;
    this.tick();
  }

  /** Set whether the tile is visible: a hidden tile loads no pictures. @param {boolean} seen */
  see(seen) {
    if (seen === this.#seen) return;
    this.#seen = seen;
    if (seen) this.#open();
    else this.#close();
    this.tick();
  }

  /** Remove the tile and free its resources. */
  remove() {
    this.see(false);
    this.#stopLanguage();
    this.node.remove();
  }

  /** Mark the tile with an open lead. @param {{id: string, words: string} | null} lead @param {boolean} alarmed */
  mark(lead, alarmed) {
    this.node.classList.toggle("alarmed", alarmed);
    this.lead.hidden = !lead;
    this.lead.dataset.lead = lead?.id ?? "";
    write(this.lead, lead?.words ?? "");
  }

  /** @returns {"connecting" | "playing" | "lost" | "ended" | "stopped"} what the tile shows */
  get shown() {
    return /** @type {any} */ (this.node.dataset.state);
  }

  /** Update state and age, and keep the video near the live edge; to be called a few times a second. */
  tick() {
    if (this.#live && this.#seen) {
      this.#live.steer();
      if (this.#health?.state === "playing") this.#live.insist();
    }
    const picture = this.#pictureAge();
    const { state, what, why } = this.#judge(picture?.staleS ?? null);
    this.node.dataset.state = state;
    this.node.dataset.age = picture === null ? "none" : picture.staleS > STALE_S ? "stale" : picture.staleS > OLD_S ? "old" : "fresh";
    const troubled = what !== "";
    this.notice.hidden = !troubled;
    if (troubled) {
      if (what.startsWith("tile.")) translate(this.noticeWhat, what);
      else {
        untranslate(this.noticeWhat);
        write(this.noticeWhat, what);
      }
      this.#reason(why);
      const last = this.#lastSeenMs();
      this.noticeLast.hidden = state === "connecting" && last === null;
      if (last === null) translate(this.noticeLast, "tile.never");
      else translate(this.noticeLast, "tile.last", { time: shortTime(last) });
    }
    this.#describeState(state);
    this.#describeWatch();
    this.#describeAge(picture);
    const size = this.#live?.player?.init ?? (this.#health?.width ? this.#health : null);
    write(this.size, size ? `${size.width}×${size.height}` : "");
  }

  /** @param {string} why a key, or a reason as the worker reported it */
  #reason(why) {
    this.noticeWhy.hidden = why === "";
    if (why.startsWith("tile.")) translate(this.noticeWhy, why, { codec: this.#unplayable });
    else {
      untranslate(this.noticeWhy);
      write(this.noticeWhy, why);
    }
  }

  /** Show the state: a reason why the camera is not watched takes precedence over how its picture is shown. @param {string} state */
  #describeState(state) {
    const trouble = this.camera.enabled ? troubleOf(this.#health, serverClock.now()) : null;
    this.node.dataset.trouble = trouble?.tone ?? "none";
    if (trouble && !(trouble.reason === "unreported" && !this.#reached)) {
      untranslate(this.state);
      write(this.state, reasonWords(trouble.reason));
      this.state.title = detailWords(trouble.detail);
      this.state.hidden = false;
      return;
    }
    const key = state === "playing" && this.#snapshots ? "tile.snapshot" : state === "connecting" ? "tile.connecting" : `tile.${state}`;
    translate(this.state, key, { codec: this.#unplayable });
    this.state.hidden = state === "playing" && !this.#snapshots;
    this.state.title = this.#snapshots ? t("tile.snapshot.why", { codec: this.#unplayable }) : "";
  }

  #describeWatch() {
    const watch = watchOf(this.#health);
    this.watch.hidden = watch === null || this.node.dataset.trouble === "bad";
    if (watch === null) return;
    const { watch_mode: mode, interval_limit_s: limit, gop_s: gop, decoder } = /** @type {Health} */ (this.#health);
    this.watch.dataset.mode = mode;
    translate(this.watch, watch.key, { seconds: watch.seconds });
    this.watch.title = t("watch.title", { how: this.watch.textContent ?? "", seconds: watch.seconds, limit: limit ?? "–", gop: gop ? gop.toFixed(1) : "–", decoder: decoder || "–" });
  }

  /** @param {{ageS: number | null, staleS: number, captureMs: number | null} | null} picture */
  #describeAge(picture) {
    if (picture === null) write(this.age, "");
    else if (picture.ageS === null) write(this.age, picture.captureMs === null ? "" : t("tile.recording", { time: clockTime(picture.captureMs) }));
    else if (picture.ageS < -AHEAD_S) write(this.age, t("tile.ahead", { age: pictureAge(-picture.ageS) }));
    else write(this.age, t("tile.age", { age: pictureAge(picture.ageS) }));
  }

  /**
   * Return the age of the picture: `ageS` by its capture time (`null` for a recording), `staleS` the larger of that and of
   * the seconds since the picture last changed.
   */
  #pictureAge() {
    if (this.#snapshots) {
      const { captureMs } = this.#snapshots;
      if (captureMs === null) return null;
      const ageS = (serverClock.now() - captureMs) / 1000;
      return { ageS, staleS: ageS, captureMs };
    }
    const clock = this.#live?.player?.clock;
    if (!clock || Number.isNaN(this.#shownMediaS)) return null;
    const captureMs = this.#captureMs();
    const still = (performance.now() - this.#advancedAt) / 1000;
    if (captureMs === null) return { ageS: null, staleS: still, captureMs };
    const ageS = (serverClock.now() - captureMs) / 1000;
    if (clock.source === "file" && Math.abs(ageS) > RECORDING_S) return { ageS: null, staleS: still, captureMs };
    return { ageS, staleS: Math.max(ageS, still), captureMs };
  }

  /**
   * Return when the picture was taken. A player that has just taken over has the clock of another epoch, which must not be
   * applied to the picture of the player before: it would be minutes off.
   * @returns {number | null}
   */
  #captureMs() {
    const player = this.#live?.player ?? null;
    return player === null || player !== this.#shownBy ? null : player.clock.captureMs(this.#shownMediaS);
  }

  /** @returns {number | null} */
  #lastSeenMs() {
    const shown = this.#captureMs();
    const reported = this.#health?.last_frame_utc ? Date.parse(this.#health.last_frame_utc) : null;
    return reported === null ? shown : Math.max(reported, shown ?? 0);
  }

  /**
   * Decide what the tile shows: first by the worker's report, then by what arrives here.
   * @param {number | null} staleS
   * @returns {{state: string, what: string, why: string}}
   */
  #judge(staleS) {
    const health = this.#health;
    if (!this.camera.enabled) return { state: "stopped", what: "tile.stopped", why: "" };
    const trouble = troubleOf(health, serverClock.now());
    if (trouble?.reason === "unreported") {
      return this.#reached ? { state: "lost", what: reasonWords("unreported"), why: "tile.noworker" } : { state: "lost", what: "tile.lost", why: "tile.server" };
    }
    if (health && health.state !== "playing") {
      const state = health.state;
      return { state, what: state === "lost" ? reasonWords("stream_lost") : `tile.${state}`, why: detailWords(health.error ?? "") };
    }
    const moving = staleS !== null && staleS <= STALE_S;
    if (moving) return { state: "playing", what: "", why: "" };
    if (this.#live?.socket.state === "waiting") return { state: "lost", what: "tile.lost", why: "tile.server" };
    if (staleS !== null) return { state: "lost", what: "tile.stalled", why: this.#live?.ended ?? "" };
    return { state: "connecting", what: health === undefined ? "tile.connecting" : "tile.starting", why: this.#unplayable ? "tile.snapshot.why" : "" };
  }

  #open() {
    if (this.#unplayable) return this.#openSnapshots();
    this.#live = new LiveFeed(this.camera.id, {
      changed: () => this.tick(),
      mount: (video) => this.screen.prepend(video),
      frame: (mediaS) => this.#onFrame(mediaS),
      unplayable: (codec, forMs) => {
        this.#unplayable = codec;
        this.#retryAtMs = performance.now() + forMs;
        this.#refused = this.#health?.codec ?? "";
        this.#close();
        this.#openSnapshots();
      },
    });
    this.#live.open();
    return undefined;
  }

  #openSnapshots() {
    this.image.hidden = false;
    this.#snapshots = new SnapshotFeed(this.camera.id, this.image, () => this.tick());
    this.#snapshots.open();
  }

  #close() {
    this.#live?.close();
    this.#snapshots?.close();
    this.#live = null;
    this.#snapshots = null;
    this.#shownMediaS = NaN;
    this.#shownBy = null;
    drawBoxes(this.canvas, null);
  }

  /** Draw the boxes of a picture that is shown. @param {number} mediaS */
  #onFrame(mediaS) {
    this.image.hidden = true;
    if (mediaS !== this.#shownMediaS) this.#advancedAt = performance.now();
    this.#shownMediaS = mediaS;
    this.#shownBy = this.#live?.player ?? null;
    drawBoxes(this.canvas, this.#live?.player?.boxes.at(mediaS) ?? null);
  }
}
