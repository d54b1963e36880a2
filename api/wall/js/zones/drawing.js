/**
 * Drawing: the polygons over a camera's picture, drawn and edited with pointer or keyboard.
 * @module
 */
import { t } from "../shared/i18n.js";
import { crossing, MOST_POINTS, moved, polygonFault, within } from "./geometry.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {{xyxy: number[], words: string, tone: string}} Mark a box over the picture, in its pixels */

const SVG = "http://www.w3.org/2000/svg";
const HANDLE_PX = 7;
const LETTERS_REM = 1.02;
const STEP = 0.002;
const BIG_STEP = 0.02;
const ARROWS = /** @type {Record<string, Point>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });

export class Drawing {
  /** @type {Point[] | null} points of the unfinished polygon */
  #begun = null;
  /** @type {Point | null} position of the pointer */
  #at = null;
  /** @type {{points: Point[], from: Point, handle: number} | null} what is being dragged */
  #drag = null;
  /** @type {Mark[]} */
  #marks = [];
  #size = { width: 1600, height: 900 };

  /**
   * @param {() => import("./draft.js").ZoneDraft} draft
   * @param {{changed: () => void, say: (key: string | null) => void, drawn: (polygon: Point[]) => void}} acts
   *   `changed`: the draft has changed; `say`: shows a message by its key, `null` clears it
   */
  constructor(draft, acts) {
    this.draft = draft;
    this.acts = acts;
    this.node = svg("svg", { class: "zone-drawing", preserveAspectRatio: "xMidYMid meet", tabindex: "0", role: "group" });
    this.node.addEventListener("pointerdown", (event) => this.#down(event));
    this.node.addEventListener("pointermove", (event) => this.#move(event));
    this.node.addEventListener("pointerup", () => this.#up());
    this.node.addEventListener("pointercancel", () => this.#up());
    this.node.addEventListener("dblclick", (event) => { event.preventDefault(); this.finish(); });
    this.node.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.render()).observe(this.node);
    this.resize(this.#size.width, this.#size.height);
  }

  /** Set the size of the picture. @param {number} width @param {number} height */
  resize(width, height) {
    this.#size = { width, height };
    this.node.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.render();
  }

  /** @returns {boolean} true while a polygon is being drawn */
  get drawing() {
    return this.#begun !== null;
  }

  /** Begin a polygon: each click adds a point. */
  begin() {
    this.#begun = [];
    this.acts.say("zones.draw.how");
    this.render();
    /** @type {any} */ (this.node).focus();
  }

  /** Close the polygon; it stays open if it would not be a valid zone. */
  finish() {
    if (!this.#begun) return;
    const fault = polygonFault(this.#begun);
    if (fault) return void this.acts.say(fault);
    const polygon = this.#begun;
    this.#begun = null;
    this.acts.say(null);
    this.acts.drawn(polygon);
  }

  /** Discard the unfinished polygon. */
  cancel() {
    this.#begun = null;
    this.#drag = null;
    this.acts.say(null);
    this.render();
  }

  /** Draw boxes over the picture. @param {Mark[]} marks */
  mark(marks) {
    this.#marks = marks;
    this.render();
  }

  /** Redraw everything; the focused handle keeps the focus. */
  render() {
    const active = document.activeElement;
    const focused = active && this.node.contains(active) ? active.getAttribute("data-point") : null;
    const { zones, chosen } = this.draft();
    const parts = zones.flatMap((zone, i) => this.#zone(zone, i, i === chosen));
    this.node.replaceChildren(...parts, ...this.#marks.flatMap((mark) => this.#box(mark)), ...this.#line());
    this.node.setAttribute("aria-label", t("zones.canvas"));
    this.node.classList.toggle("busy", this.drawing);
    if (focused !== null) /** @type {any} */ (this.node.querySelector(`[data-point="${focused}"]`))?.focus();
  }

  /** Picture pixels per screen pixel. */
  get #scale() {
    const ratio = /** @type {any} */ (this.node).getScreenCTM?.()?.a;
    return ratio ? 1 / ratio : 1;
  }

  /** Height of letters in pixels of the picture. */
  get #letters() {
    return LETTERS_REM * parseFloat(getComputedStyle(document.documentElement).fontSize) * this.#scale;
  }

  /** @param {import("./draft.js").Zone} zone @param {number} number @param {boolean} isChosen */
  #zone(zone, number, isChosen) {
    const points = isChosen && this.#drag ? this.#drag.points : zone.polygon;
    const bad = polygonFault(points) !== null;
    const shape = svg("polygon", { class: `zone-shape${isChosen ? " chosen" : ""}${bad ? " bad" : ""}`, "data-kind": zone.kind, "data-zone": number, points: points.map((point) => this.#px(point).join(",")).join(" ") });
    const [x, y] = this.#px([points.reduce((sum, [px]) => sum + px, 0) / points.length, points.reduce((sum, [, py]) => sum + py, 0) / points.length]);
    const name = svg("text", { class: "zone-name", x, y, "font-size": this.#letters, "text-anchor": "middle" });
    name.textContent = zone.name;
    if (!isChosen || this.drawing) return [shape, name];
    const handles = points.map((point, i) => {
      const [cx, cy] = this.#px(point);
      return svg("circle", { class: "zone-point", cx, cy, r: HANDLE_PX * this.#scale, tabindex: 0, role: "button", "data-point": i, "aria-label": t("zones.point", { n: i + 1, x: percent(point[0]), y: percent(point[1]) }) });
    });
    const edges = points.length < MOST_POINTS && !this.#drag ? points.map((point, i) => {
      const next = points[(i + 1) % points.length];
      const [cx, cy] = this.#px([(point[0] + next[0]) / 2, (point[1] + next[1]) / 2]);
      return svg("circle", { class: "zone-edge", cx, cy, r: 0.7 * HANDLE_PX * this.#scale, "data-edge": i });
    }) : [];
    return [shape, name, ...edges, ...handles];
  }

  /** The unfinished polygon. */
  #line() {
    if (!this.#begun) return [];
    const points = this.#at ? [...this.#begun, this.#at] : this.#begun;
    const bad = points.length > 2 && crossing(points, false) !== null;
    return [
      svg("polyline", { class: `zone-line${bad ? " bad" : ""}`, points: points.map((point) => this.#px(point).join(",")).join(" ") }),
      ...this.#begun.map((point, i) => {
        const [cx, cy] = this.#px(point);
        return svg("circle", { class: "zone-point", cx, cy, r: HANDLE_PX * this.#scale, "data-begun": i });
      }),
    ];
  }

  /** @param {Mark} mark */
  #box({ xyxy: [left, top, right, bottom], words, tone }) {
    const label = svg("text", { class: "mark-words", "data-tone": tone, x: left, y: Math.max(1.1 * this.#letters, top - 5 * this.#scale), "font-size": this.#letters });
    label.textContent = words;
    return [svg("rect", { class: "mark", "data-tone": tone, x: left, y: top, width: right - left, height: bottom - top }), label];
  }

  /** @param {Point} point @returns {Point} in pixels of the picture */
  #px([x, y]) {
    return [x * this.#size.width, y * this.#size.height];
  }

  /** @param {MouseEvent} event @returns {Point} */
  #where(event) {
    const node = /** @type {any} */ (this.node);
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(node.getScreenCTM().inverse());
    return within(at.x / this.#size.width, at.y / this.#size.height);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    const at = this.#where(event);
    const target = /** @type {Element} */ (event.target);
    if (this.#begun) {
      if (target.getAttribute("data-begun") === "0" && this.#begun.length > 2) return this.finish();
      return this.#append(at);
    }
    const draft = this.draft();
    const edge = target.getAttribute("data-edge");
    if (edge !== null) {
      this.acts.say(draft.insert(Number(edge)));
      this.acts.changed();
      return undefined;
    }
    const handle = target.getAttribute("data-point");
    const zone = target.getAttribute("data-zone");
    if (handle === null && zone === null) return undefined;
    if (zone !== null && Number(zone) !== draft.chosen) {
      draft.chosen = Number(zone);
      this.acts.changed();
      return undefined;
    }
    this.#drag = { points: draft.zone?.polygon ?? [], from: at, handle: handle === null ? -1 : Number(handle) };
    this.node.setPointerCapture(event.pointerId);
    return undefined;
  }

  /** @param {Point} at */
  #append(at) {
    const points = [...(this.#begun ?? []), at];
    if (points.length > MOST_POINTS) return void this.acts.say("zones.fault.many");
    if (crossing(points, false)) return void this.acts.say("zones.fault.refused");
    this.#begun = points;
    this.acts.say(points.length < 3 ? "zones.draw.how" : "zones.draw.close");
    this.render();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (this.#begun) {
      this.#at = this.#where(event);
      this.render();
    } else if (this.#drag) {
      const at = this.#where(event);
      const { handle, from } = this.#drag;
      const whole = this.draft().zone?.polygon ?? [];
      this.#drag.points = handle < 0 ? moved(whole, at[0] - from[0], at[1] - from[1]) : whole.map((point, i) => (i === handle ? at : point));
      this.acts.say(polygonFault(this.#drag.points));
      this.render();
    }
  }

  #up() {
    if (!this.#drag) return;
    const { points } = this.#drag;
    this.#drag = null;
    this.#try(points);
  }

  /** Set the polygon of the chosen zone, or show why it is invalid and leave it. @param {Point[]} points */
  #try(points) {
    this.acts.say(this.draft().reshape(points) ? "zones.fault.refused" : null);
    this.acts.changed();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.#begun) {
      if (event.key === "Enter") this.finish();
      else if (event.key === "Escape") this.cancel();
      else if (event.key === "Backspace") {
        this.#begun = this.#begun.slice(0, -1);
        this.render();
      } else return;
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const draft = this.draft();
    if (!draft.zone) return;
    const point = /** @type {Element} */ (event.target).getAttribute("data-point");
    const arrow = ARROWS[event.key];
    const step = event.shiftKey ? BIG_STEP : STEP;
    if (arrow) {
      const { polygon } = draft.zone;
      this.#try(point === null ? moved(polygon, arrow[0] * step, arrow[1] * step) : polygon.map(([x, y], i) => (i === Number(point) ? within(x + arrow[0] * step, y + arrow[1] * step) : [x, y])));
    } else if ((event.key === "Delete" || event.key === "Backspace") && point !== null) {
      this.acts.say(draft.drop(Number(point)));
      this.acts.changed();
    } else if ((event.key === "Insert" || event.key === "+") && point !== null) {
      this.acts.say(draft.insert(Number(point)));
      this.acts.changed();
    } else return;
    event.preventDefault();
  }
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(share * 100)}%`;
}

/** @param {string} tag @param {Record<string, string | number>} attributes @returns {SVGElement} */
function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return /** @type {SVGElement} */ (node);
}
