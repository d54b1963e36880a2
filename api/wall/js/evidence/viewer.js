/**
 * Viewer: the clip and the pictures of a package, one of them shown large.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { translate } from "../shared/i18n.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {import("./files.js").PackageFile} PackageFile */

const PICTURE = /\.(jpe?g|png)$/i;
const CLIP = /\.(mp4|ts)$/i;
/** The clip starts this long before the first sighting. */
const LEAD_IN_S = 2;

/** @typedef {{file: string, isClip: boolean}} Shown the file of the package that is shown large */

export class Viewer {
  /** @type {Shown | null} `null` while a covered copy is shown */
  shown = null;
  /** @type {(() => void)[]} */
  #listeners = [];
  #clipAddress = "";

  /** @param {Lead} lead @param {any} manifest `null` if it cannot be read @param {PackageFile[]} files */
  constructor(lead, manifest, files) {
    const folder = `/v1/evidence/${encodeURIComponent(lead.lead_id)}/files/`;
    const clip = files.find((file) => CLIP.test(file.name));
    const pictures = files.filter((file) => PICTURE.test(file.name)).sort((a, b) => Number(isOverlay(b)) - Number(isOverlay(a)));
    this.video = /** @type {HTMLVideoElement} */ (h("video", { controls: true, muted: true, playsInline: true, preload: "metadata" }));
    this.image = /** @type {HTMLImageElement} */ (h("img", { alt: "", hidden: true }));
    this.fault = translate(h("p", { class: "viewer-fault", hidden: true }), "evidence.clip.failed");
    this.badge = translate(h("p", { class: "viewer-badge", hidden: true }), "copies.badge");
    this.video.addEventListener("error", () => { this.fault.hidden = !this.video.getAttribute("src"); });
    this.image.addEventListener("load", () => this.#tell());
    this.strip = h("div", { class: "strip", role: "group" });
    if (clip) {
      const firstMs = Date.parse(manifest?.time?.first_utc ?? "");
      const starts = Math.max(0, (Date.parse(lead.event.start) - firstMs) / 1000 - LEAD_IN_S);
      this.video.addEventListener("loadedmetadata", () => { if (starts > 0 && starts < this.video.duration) this.video.currentTime = starts; }, { once: true });
      this.#clipAddress = folder + encodeURIComponent(clip.name);
      this.video.src = this.#clipAddress;
      this.shown = { file: clip.name, isClip: true };
      this.strip.append(this.#choice("evidence.clip", {}, () => this.#showClip(this.#clipAddress, clip.name), null));
    }
    this.copies = h("div", { class: "strip-copies" });
    this.strip.append(this.copies);
    for (const file of pictures) {
      const address = folder + encodeURIComponent(file.name);
      this.strip.append(this.#choice(file.name, {}, () => this.#showPicture(address, file.name), address));
    }
    this.screen = h("div", { class: "screen" }, this.video, this.image, this.badge, this.fault);
    this.node = h("section", { class: "viewer" }, this.screen, this.strip);
    this.#mark(this.strip.querySelector("button"));
    if (!clip && pictures.length) this.#showPicture(folder + encodeURIComponent(pictures[0].name), pictures[0].name);
  }

  /** Call `listener` whenever another file is shown. @param {() => void} listener */
  onShow(listener) {
    this.#listeners.push(listener);
  }

  /** @returns {{width: number, height: number}} of the picture shown, in its own pixels; 0 until known */
  get size() {
    return this.image.hidden ? { width: this.video.videoWidth, height: this.video.videoHeight } : { width: this.image.naturalWidth, height: this.image.naturalHeight };
  }

  /** Offer the covered copies of the clip beside it. @param {import("./redactionlist.js").Copy[]} clips */
  offer(clips) {
    fill(this.copies, clips.map((copy, i) => this.#choice("copies.clip", { n: i + 1 }, () => this.#showClip(copy.address, null), null)));
  }

  /** Stop the video and its download. */
  close() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** @param {string} label @param {Record<string, number>} values @param {() => void} act @param {string | null} address of a thumbnail, `null` for none */
  #choice(label, values, act, address) {
    const words = address ? h("span", {}, label) : translate(h("span"), label, values);
    const button = h("button", { class: "strip-choice", type: "button", on: { click: () => { act(); this.#mark(button); } } },
      address ? h("img", { src: address, alt: "", loading: "lazy" }) : h("span", { class: "strip-clip" }, "▶"), words);
    return button;
  }

  /** @param {Element | null} chosen */
  #mark(chosen) {
    for (const button of this.strip.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === chosen));
  }

  /** @param {string} address @param {string | null} file of the package; `null`: a copy */
  #showClip(address, file) {
    this.image.hidden = true;
    this.video.hidden = false;
    this.badge.hidden = file !== null;
    if (this.video.getAttribute("src") !== address) {
      this.fault.hidden = true;
      this.video.src = address;
    }
    this.shown = file === null ? null : { file, isClip: true };
    this.#tell();
  }

  /** @param {string} address @param {string} file */
  #showPicture(address, file) {
    this.video.pause();
    this.video.hidden = true;
    this.fault.hidden = true;
    this.badge.hidden = true;
    this.image.src = address;
    this.image.hidden = false;
    this.shown = { file, isClip: false };
    this.#tell();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

/** @param {PackageFile} file */
function isOverlay(file) {
  return file.name.startsWith("overlay");
}
