/**
 * Draft: the zones of a camera while they are edited, with undo and redo.
 * @module
 */
import { middle, polygonFault } from "./geometry.js";

/** @typedef {import("./geometry.js").Point} Point */
/**
 * @typedef {object} Zone
 * @property {string} name
 * @property {string} kind
 * @property {Point[]} polygon
 * @property {string} owner
 * @property {string} outlet
 * @property {number} grade_limit
 * @property {number | null} distance_m
 * @property {string} violation_code
 * @property {import("./hours.js").Span[]} schedule
 */

export const KINDS = ["watch", "outlet", "vent", "premises", "road", "works", "field", "no_burn", "no_bbq", "mask"];
export const MOST_ZONES = 64;
const STEPS_MOST = 200;

export class ZoneDraft {
  /** @type {string[]} */
  #past = [];
  /** @type {string[]} */
  #future = [];
  #saved;
  /** @type {Zone[]} */
  zones;
  /** @type {number} index of the chosen zone, -1 for none */
  chosen = -1;

  /** @param {Zone[]} zones as they are saved */
  constructor(zones) {
    this.#saved = JSON.stringify(zones);
    this.zones = JSON.parse(this.#saved);
  }

  /** @returns {boolean} true if there are unsaved changes */
  get changed() {
    return JSON.stringify(this.zones) !== this.#saved;
  }

  /** Record that an earlier state was saved. @param {Zone[]} zones as they are saved */
  keptAs(zones) {
    this.#saved = JSON.stringify(zones);
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** @returns {Zone | null} */
  get zone() {
    return this.zones[this.chosen] ?? null;
  }

  /** Change the zones as one step of undo; a change without effect adds no step. @param {(zones: Zone[]) => void} change */
  step(change) {
    const before = JSON.stringify(this.zones);
    change(this.zones);
    if (JSON.stringify(this.zones) === before) return;
    this.#past = [...this.#past.slice(1 - STEPS_MOST), before];
    this.#future = [];
    this.#settle();
  }

  /** Undo the last step. */
  undo() {
    this.#go(this.#past, this.#future);
  }

  /** Redo the last undone step. */
  redo() {
    this.#go(this.#future, this.#past);
  }

  /** Add a zone and choose it. @param {Point[]} polygon @param {string} name */
  add(polygon, name) {
    if (this.zones.length >= MOST_ZONES) return;
    this.step((zones) => zones.push({ name: this.#freeName(name), kind: "watch", polygon, owner: "", outlet: "", grade_limit: 1, distance_m: null, violation_code: "", schedule: [] }));
    this.chosen = this.zones.length - 1;
  }

  /** Remove the chosen zone. */
  remove() {
    if (this.zone) this.step((zones) => zones.splice(this.chosen, 1));
  }

  /** Change a value of the chosen zone. @template {keyof Zone} K @param {K} key @param {Zone[K]} value */
  set(key, value) {
    const { zone } = this;
    if (zone) this.step(() => { zone[key] = value; });
  }

  /**
   * Set the polygon of the chosen zone; if it is invalid, change nothing and return the key of the fault.
   * @param {Point[]} polygon @returns {string | null}
   */
  reshape(polygon) {
    const fault = polygonFault(polygon);
    if (!fault) this.set("polygon", polygon);
    return fault;
  }

  /** Insert a point in the middle of an edge of the chosen zone. @param {number} edge @returns {string | null} */
  insert(edge) {
    const polygon = this.zone?.polygon;
    return polygon ? this.reshape([...polygon.slice(0, edge + 1), middle(polygon, edge), ...polygon.slice(edge + 1)]) : null;
  }

  /** Remove a point of the chosen zone. @param {number} point @returns {string | null} */
  drop(point) {
    const polygon = this.zone?.polygon;
    return polygon ? this.reshape(polygon.filter((_, i) => i !== point)) : null;
  }

  /** @returns {{zone: number, key: string}[]} faults that prevent saving: zone index and key */
  get faults() {
    return this.zones.flatMap(({ name, polygon }, zone) => {
      const others = this.zones.filter((other, i) => i !== zone && other.name.trim() === name.trim());
      const keys = [name.trim() ? null : "zones.fault.name", name.trim() && others.length ? "zones.fault.twice" : null, polygonFault(polygon)];
      return keys.filter((key) => key !== null).map((key) => ({ zone, key: String(key) }));
    });
  }

  /** Replace the draft by what was saved, without history. @param {Zone[]} zones as the server has them */
  settle(zones) {
    this.#saved = JSON.stringify(zones);
    this.zones = JSON.parse(this.#saved);
    this.#past = [];
    this.#future = [];
    this.#settle();
  }

  /** @param {string[]} from @param {string[]} to */
  #go(from, to) {
    const wanted = from.pop();
    if (wanted === undefined) return;
    to.push(JSON.stringify(this.zones));
    this.zones = JSON.parse(wanted);
    this.#settle();
  }

  #settle() {
    this.chosen = Math.min(this.chosen, this.zones.length - 1);
  }

  /** @param {string} name */
  #freeName(name) {
    const taken = new Set(this.zones.map((zone) => zone.name));
    for (let i = 1; ; i += 1) if (!taken.has(`${name} ${i}`)) return `${name} ${i}`;
  }
}

/** Return zones as TOML for a worker's configuration file. @param {Zone[]} zones */
export function tomlOf(zones) {
  return zones.map((zone) => {
    const lines = ["[[cameras.zones]]", `name = ${JSON.stringify(zone.name)}`, `kind = ${JSON.stringify(zone.kind)}`, `polygon = [${zone.polygon.map(([x, y]) => `[${x}, ${y}]`).join(", ")}]`];
    if (zone.owner) lines.push(`owner = ${JSON.stringify(zone.owner)}`);
    if (zone.outlet) lines.push(`outlet = ${JSON.stringify(zone.outlet)}`);
    if (zone.kind === "outlet" && zone.grade_limit !== 1) lines.push(`grade_limit = ${zone.grade_limit}`);
    if (zone.kind === "outlet" && zone.distance_m) lines.push(`distance_m = ${zone.distance_m}`);
    if (zone.violation_code) lines.push(`violation_code = ${JSON.stringify(zone.violation_code)}`);
    for (const { days, from, to } of zone.schedule ?? []) lines.push("", "[[cameras.zones.schedule]]", `days = ${JSON.stringify(days)}`, `from = ${JSON.stringify(from)}`, `to = ${JSON.stringify(to)}`);
    return `${lines.join("\n")}\n`;
  }).join("\n");
}
