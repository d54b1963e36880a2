/**
 * Region layer: boxes drawn with the pointer over a clip or picture, in pixels of that picture.
 * @module
 */
import { translate } from "../shared/i18n.js";

/** @typedef {[number, number, number, number]} Box left, top, right, bottom in pixels */
/** @typedef {{box: Box, to_box: Box | null, from_s: number, to_s: number}} Region */

const SVG = "http://www.w3.org/2000/svg";
/** A drag shorter than this counts as a click. */
const LEAST_PX = 4;

/** Return a region's box at a time in seconds, `null` outside the region's time. @param {Region} region @param {number} at @returns {Box | null} */
export function boxAt(region, at) {
  if (at < region.from_s || at >= region.to_s) return null;
  const { box, to_box: end } = region;
  if (!end) return box;
  const share = (at - region.from_s) / (region.to_s - region.from_s);
  return /** @type {Box} */ (box.map((from, i) => Math.round(from + (end[i] - from) * share)));
}

/** Return the box between two points, clipped to the picture; `null` if it is only a few pixels wide or high. @param {number[]} a @param {number[]} b @param {number} width @param {number} height @returns {Box | null} */
export function boxBetween(a, b, width, height) {
  const inside = (/** @type {number} */ value, /** @type {number} */ most) => Math.round(Math.min(most, Math.max(0, value)));
  const [left, right] = [a[0], b[0]].map((x) => inside(x, width)).sort((x, y) => x - y);
  const [top, bottom] = [a[1], b[1]].map((y) => inside(y, height)).sort((x, y) => x - y);
  return right - left < LEAST_PX || bottom - top < LEAST_PX ? null : [left, top, right, bottom];
}

export class RegionLayer {
  /** @type {number[] | null} */
  #from = null;
  /** @type {Box | null} */
  #dragged = null;
  #size = { width: 16, height: 9 };
  /** @type {{region: Region, at: number, chosen: boolean}[]} */
  #shown = [];

  /** @param {(box: Box) => void} drawn called with each new box */
  constructor(drawn) {
    this.drawn = drawn;
    this.node = /** @type {SVGSVGElement} */ (document.createElementNS(SVG, "svg"));
    this.node.setAttribute("class", "cover-layer");
    this.node.setAttribute("preserveAspectRatio", "xMidYMid meet");
    this.node.setAttribute("role", "img");
    translate(this.node, "redact.layer", {}, "aria-label");
    this.node.addEventListener("pointerdown", (event) => this.#down(event));
    this.node.addEventListener("pointermove", (event) => this.#move(event));
    this.node.addEventListener("pointerup", () => this.#up());
    this.node.addEventListener("pointercancel", () => this.#end());
  }

  /** Set the size of the picture below. @param {number} width @param {number} height */
  resize(width, height) {
    this.#size = { width, height };
    this.node.setAttribute("viewBox", `0 0 ${width} ${height}`);
  }

  /** Show regions where they are at a time in seconds. @param {Region[]} regions @param {number} at @param {number} chosen */
  show(regions, at, chosen) {
    this.#shown = regions.map((region, i) => ({ region, at, chosen: i === chosen }));
    this.#render();
  }

  #render() {
    this.node.replaceChildren();
    this.#shown.forEach(({ region, at, chosen }, i) => {
      const box = boxAt(region, at);
      const node = this.#rect(box ?? region.box, box ? "cover" : "cover idle", String(i + 1));
      if (chosen) node.classList.add("chosen");
    });
    if (this.#dragged) this.#rect(this.#dragged, "cover begun", "");
  }

  /** @param {Box} box @param {string} kind @param {string} words */
  #rect([left, top, right, bottom], kind, words) {
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", kind);
    const rect = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) rect.setAttribute(name, String(value));
    const text = document.createElementNS(SVG, "text");
    const letters = Math.max(12, this.#size.height / 24);
    for (const [name, value] of Object.entries({ x: left + letters / 3, y: top + letters, "font-size": letters })) text.setAttribute(name, String(value));
    text.textContent = words;
    group.append(rect, text);
    this.node.append(group);
    return group;
  }

  /** @param {PointerEvent} event @returns {number[]} */
  #point(event) {
    const matrix = this.node.getScreenCTM()?.inverse();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [x, y];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    this.node.setPointerCapture(event.pointerId);
    this.#from = this.#point(event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#from) return;
    this.#dragged = boxBetween(this.#from, this.#point(event), this.#size.width, this.#size.height);
    this.#render();
  }

  #up() {
    const box = this.#dragged;
    this.#end();
    if (box) this.drawn(box);
  }

  #end() {
    this.#from = null;
    this.#dragged = null;
    this.#render();
  }
}
