/**
 * Grid: the tiles of the cameras, arranged for the largest pictures that fit the screen.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { translate } from "../shared/i18n.js";
import { arrangement, pictureWidth } from "./arrangement.js";
import { Tile } from "./tile.js";

/** @typedef {import("../fleet/cameras.js").Camera} Camera */
/** @typedef {"auto" | "1" | "4" | "9" | "16"} Layout */

export const LAYOUTS = /** @type {Layout[]} */ (["auto", "1", "4", "9", "16"]);
const STORED = "plumewatch.layout";
const AUTO_MOST = 25;
/** Height of a tile's strip and of the gap between tiles, in rem; as in wall.css. */
const STRIP_REM = 2.1;
const GAP_REM = 0.5;

export class Grid {
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  /** @type {Camera[]} */
  #cameras = [];
  /** @type {Layout} */
  #layout;
  #page = 0;
  #reached = true;
  /** @type {Map<string, import("../fleet/cameras.js").Health | null>} */
  #health = new Map();
  /** @type {string | null} camera shown alone */
  #focus = null;
  #observer;

  /** @param {{openLead: (id: string) => void, zones: (camera: Camera) => void, camera: (camera: Camera) => void, changed: () => void}} acts */
  constructor(acts) {
    this.acts = acts;
    const stored = /** @type {Layout} */ (localStorage.getItem(STORED));
    this.#layout = LAYOUTS.includes(stored) ? stored : "auto";
    this.node = h("section", { class: "grid" });
    this.empty = h("div", { class: "empty large", hidden: true });
    this.node.append(this.empty);
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (target instanceof HTMLElement) target.dataset.onscreen = isIntersecting ? "yes" : "no";
      }
      this.#see();
    });
    new ResizeObserver(() => this.#arrange()).observe(this.node);
    document.addEventListener("visibilitychange", () => this.#see());
  }

  /** @param {Camera[]} cameras */
  show(cameras) {
    this.#cameras = cameras;
    const known = new Set(cameras.map((camera) => camera.id));
    for (const [id, tile] of this.#tiles) {
      if (!known.has(id)) {
        tile.remove();
        this.#tiles.delete(id);
      }
    }
    for (const camera of cameras) this.#tiles.get(camera.id)?.describe(camera);
    this.#mount();
  }

  /** Explain an empty grid. @param {string | null} reason why cameras could not be loaded; `null` if there are none */
  explain(reason) {
    this.empty.hidden = this.#cameras.length > 0;
    fill(this.empty, reason === null
      ? [translate(h("strong"), "grid.empty"), translate(h("p"), "grid.empty.how")]
      : [translate(h("p"), "grid.failed", { reason })]);
  }

  /** @returns {Layout} */
  get layout() {
    return this.#layout;
  }

  set layout(layout) {
    this.#layout = layout;
    localStorage.setItem(STORED, layout);
    this.#focus = null;
    this.#page = 0;
    this.#mount();
  }

  /** @returns {{page: number, pages: number}} counted from 1 */
  get pages() {
    return { page: this.#page + 1, pages: Math.max(1, Math.ceil(this.#cameras.length / this.#slots)) };
  }

  /** Go forward or back by some pages, from the last to the first. @param {number} step */
  turn(step) {
    const { pages } = this.pages;
    this.#page = (this.#page + step + pages) % pages;
    this.#mount();
  }

  /** Show one camera alone, or all again. @param {string | null} id */
  focus(id) {
    this.#focus = this.#focus === id ? null : id;
    this.#mount();
  }

  /** @returns {boolean} true while one camera is shown alone */
  get focused() {
    return this.#focus !== null;
  }

  /** Set whether the server can be reached: while it cannot, missing reports are not the workers' fault. @param {boolean} is */
  reach(is) {
    this.#reached = is;
    for (const tile of this.#tiles.values()) tile.reach(is);
  }

  /** @param {string} id @param {import("../fleet/cameras.js").Health | null} health */
  report(id, health) {
    this.#health.set(id, health);
    this.#tiles.get(id)?.report(health);
  }

  /** @returns {{playing: number, lost: number}} of all cameras; those on other pages by their workers' reports */
  get counts() {
    let playing = 0;
    let lost = 0;
    for (const camera of this.#cameras.filter((one) => one.enabled)) {
      const tile = this.#tiles.get(camera.id);
      const health = this.#health.get(camera.id);
      const state = tile?.node.isConnected ? tile.shown : health === null ? "lost" : health?.state;
      if (state === "playing") playing += 1;
      else if (state === "lost" || state === "ended") lost += 1;
    }
    return { playing, lost };
  }

  /** @returns {Iterable<Tile>} tiles on this page */
  get mounted() {
    return [...this.#tiles.values()].filter((tile) => tile.node.isConnected);
  }

  /** Update the tiles on this page. */
  tick() {
    for (const tile of this.mounted) tile.tick();
  }

  get #slots() {
    return this.#layout === "auto" ? AUTO_MOST : Number(this.#layout);
  }

  #mount() {
    this.#page = Math.min(this.#page, this.pages.pages - 1);
    const focused = this.#cameras.filter((camera) => camera.id === this.#focus);
    const wanted = focused.length ? focused : this.#cameras.slice(this.#page * this.#slots, (this.#page + 1) * this.#slots);
    const nodes = wanted.map((camera) => this.#tileOf(camera).node);
    for (const tile of this.#tiles.values()) {
      if (!nodes.includes(tile.node) && tile.node.isConnected) {
        this.#observer.unobserve(tile.node);
        tile.node.dataset.onscreen = "no";
        tile.node.remove();
      }
    }
    nodes.forEach((node, i) => {
      // moving a video in the document pauses it: move only what is out of order
      if (this.node.children[i + 1] !== node) this.node.insertBefore(node, this.node.children[i + 1] ?? null);
      this.#observer.observe(node);
    });
    this.empty.hidden = this.#cameras.length > 0;
    this.#arrange();
    this.#see();
    this.acts.changed();
  }

  /** @param {Camera} camera */
  #tileOf(camera) {
    let tile = this.#tiles.get(camera.id);
    if (!tile) {
      tile = new Tile(camera, { focus: (id) => this.focus(id), openLead: this.acts.openLead, zones: this.acts.zones, camera: this.acts.camera });
      tile.reach(this.#reached);
      if (this.#health.has(camera.id)) tile.report(this.#health.get(camera.id) ?? null);
      this.#tiles.set(camera.id, tile);
    }
    return tile;
  }

  #see() {
    for (const tile of this.#tiles.values()) {
      tile.see(!document.hidden && tile.node.isConnected && tile.node.dataset.onscreen !== "no");
    }
  }

  #arrange() {
    const count = this.node.children.length - 1;
    if (!count) return;
    const fixed = this.#layout === "auto" || this.focused ? count : this.#slots;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const strip = STRIP_REM * rem;
    const gap = GAP_REM * rem;
    const style = getComputedStyle(this.node);
    const width = this.node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = this.node.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const square = { columns: Math.sqrt(fixed), rows: Math.sqrt(fixed), big: 1 };
    const { columns, big, picture } = this.#layout === "auto" || this.focused
      ? arrangement(count, width, height, strip, gap)
      : { ...square, picture: pictureWidth(square, width, height, strip, gap) };
    this.node.style.setProperty("--columns", String(columns));
    this.node.style.setProperty("--tile-width", `${Math.max(80, Math.floor(picture))}px`);
    this.node.style.setProperty("--big", String(big));
    this.node.classList.toggle("with-big", big > 1);
  }
}
