/**
 * Viewer: the clip of a package and the pictures beside it, one of them shown large.
 * @module
 */
import { h } from "./dom.js";
import { speak } from "./i18n.js";

/** @typedef {import("./leadbook.js").Lead} Lead */
/** @typedef {import("./files.js").PackageFile} PackageFile */

const PICTURE = /\.(jpe?g|png)$/i;
const CLIP = /\.(mp4|ts)$/i;
/** The clip is shown from this long before the first sighting. */
const LEAD_IN_S = 2;

export class Viewer {
  /** @param {Lead} lead @param {any} manifest `null` where it cannot be read @param {PackageFile[]} files */
  constructor(lead, manifest, files) {
    const folder = `/v1/evidence/${encodeURIComponent(lead.lead_id)}/files/`;
    const clip = files.find((file) => CLIP.test(file.name));
    const pictures = files.filter((file) => PICTURE.test(file.name)).sort((a, b) => Number(isOverlay(b)) - Number(isOverlay(a)));
    this.video = /** @type {HTMLVideoElement} */ (h("video", { controls: true, muted: true, playsInline: true, preload: "metadata" }));
    this.image = /** @type {HTMLImageElement} */ (h("img", { alt: "", hidden: true }));
    this.fault = speak(h("p", { class: "viewer-fault", hidden: true }), "evidence.clip.failed");
    this.video.addEventListener("error", () => { this.fault.hidden = !this.video.getAttribute("src"); });
    this.strip = h("div", { class: "strip", role: "group" });
    if (clip) {
      const firstMs = Date.parse(manifest?.time?.first_utc ?? "");
      const starts = Math.max(0, (Date.parse(lead.event.start) - firstMs) / 1000 - LEAD_IN_S);
      this.video.addEventListener("loadedmetadata", () => { if (starts > 0 && starts < this.video.duration) this.video.currentTime = starts; }, { once: true });
      this.video.src = folder + encodeURIComponent(clip.name);
      this.strip.append(this.#choice("evidence.clip", () => this.#showClip(), null));
    }
    for (const file of pictures) {
      const address = folder + encodeURIComponent(file.name);
      this.strip.append(this.#choice(file.name, () => this.#showPicture(address), address));
    }
    this.node = h("section", { class: "viewer" }, h("div", { class: "screen" }, this.video, this.image, this.fault), this.strip);
    this.#mark(0);
    if (!clip && pictures.length) this.#showPicture(folder + encodeURIComponent(pictures[0].name));
  }

  /** Stop the download. */
  close() {
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
  }

  /** @param {string} label @param {() => void} act @param {string | null} address of a thumbnail */
  #choice(label, act, address) {
    const words = address ? h("span", {}, label) : speak(h("span"), label);
    const at = this.strip.children.length;
    return h("button", { class: "strip-choice", type: "button", on: { click: () => { act(); this.#mark(at); } } },
      address ? h("img", { src: address, alt: "", loading: "lazy" }) : h("span", { class: "strip-clip" }, "▶"), words);
  }

  /** @param {number} chosen */
  #mark(chosen) {
    [...this.strip.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen)));
  }

  #showClip() {
    this.image.hidden = true;
    this.video.hidden = false;
  }

  /** @param {string} address */
  #showPicture(address) {
    this.video.pause();
    this.video.hidden = true;
    this.fault.hidden = true;
    this.image.src = address;
    this.image.hidden = false;
  }
}

/** @param {PackageFile} file */
function isOverlay(file) {
  return file.name.startsWith("overlay");
}
