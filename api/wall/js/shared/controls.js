/**
 * Controls: form fields made from a description, each with its label: text, numbers, choices, days, lists, rows.
 * @module
 */
import { fill, h } from "./dom.js";
import { translate } from "./i18n.js";
import { fullTime } from "./times.js";

/**
 * @typedef {object} Field
 * @property {string} name member of the document
 * @property {string} words key of its label; those inside it add their name to it
 * @property {"text" | "area" | "number" | "whole" | "choice" | "several" | "flag" | "tick" | "day" | "moment" | "lines" | "group" | "rows"} kind
 * @property {[string, string][]} [options] of a choice or several: value and key of its words
 * @property {Field[]} [fields] of a group or of each row
 * @property {boolean} [must] whether it has to be filled in
 * @property {number} [most] characters
 * @property {string} [pattern] of a text
 * @property {string} [hint] key of a line below it
 */

/**
 * @typedef {object} Control
 * @property {HTMLElement} node
 * @property {() => any} read value; `undefined` while it is empty
 * @property {(value: any) => void} write
 * @property {() => void} focus
 */

/** Return the control of a field. @param {Field} field @returns {Control} */
export function controlOf(field) {
  return MAKERS[field.kind](field);
}

/**
 * Return controls of several fields as one, which reads and writes an object.
 * @param {Field[]} fields
 * @param {(field: Field) => Control} [make]
 * @returns {Control & {parts: Map<string, Control>}}
 */
export function groupOf(fields, make = controlOf) {
  const parts = new Map(fields.map((field) => [field.name, make(field)]));
  return {
    parts,
    node: h("div", { class: "fields" }, [...parts.values()].map((part) => part.node)),
    read() {
      const given = [...parts].map(([name, part]) => [name, part.read()]).filter(([, value]) => value !== undefined);
      return given.length ? Object.fromEntries(given) : undefined;
    },
    write(value) {
      for (const [name, part] of parts) part.write(value?.[name]);
    },
    focus() {
      parts.values().next().value?.focus();
    },
  };
}

/** Return a label around an input; `must` marks it as required. @param {Field} field @param {HTMLElement} input @param {...(Node | null)} more */
export function labelled(field, input, ...more) {
  if (field.must) input.setAttribute("aria-required", "true");
  return h("label", { class: "field", "data-field": field.name },
    h("span", {}, translate(h("span"), field.words), field.must ? h("b", { class: "must", "aria-hidden": "true" }, " *") : null),
    input, more, field.hint ? translate(h("small", { class: "note" }), field.hint) : null);
}

/** @param {Field} field @param {Record<string, unknown>} [props] */
function input(field, props = {}) {
  return /** @type {HTMLInputElement} */ (h("input", { type: "text", name: field.name, maxLength: field.most ?? 1000, spellcheck: false, ...(field.pattern ? { pattern: field.pattern } : {}), ...props }));
}

/** @param {Field} field @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} node @param {(text: string) => any} [parse] @param {(value: any) => string} [print] @returns {Control} */
function simple(field, node, parse = (text) => text, print = String) {
  return {
    node: labelled(field, node),
    read: () => (node.value.trim() === "" ? undefined : parse(node.value.trim())),
    write: (value) => { node.value = value === undefined || value === null ? "" : print(value); },
    focus: () => node.focus(),
  };
}

/** @param {Field} field */
function area(field) {
  return /** @type {HTMLTextAreaElement} */ (h("textarea", { rows: 2, name: field.name, maxLength: field.most ?? 4000 }));
}

/** Return a select; an empty choice comes first. @param {Field} field @param {[string, string][]} options value and key of its words */
function select(field, options) {
  return /** @type {HTMLSelectElement} */ (h("select", { name: field.name }, h("option", { value: "" }, "—"),
    options.map(([value, words]) => translate(h("option", { value }), words))));
}

/** @type {Record<string, (field: Field) => Control>} */
const MAKERS = {
  text: (field) => simple(field, input(field)),
  area: (field) => simple(field, area(field)),
  number: (field) => simple(field, input(field, { type: "number", step: "any", inputMode: "decimal" }), Number),
  whole: (field) => simple(field, input(field, { type: "number", step: 1, inputMode: "numeric" }), Number),
  choice: (field) => simple(field, select(field, field.options ?? [])),
  flag: (field) => simple(field, select(field, [["yes", "yes"], ["no", "no"]]), (text) => text === "yes", (value) => (value ? "yes" : "no")),
  day: (field) => simple(field, input(field, { type: "date" })),
  moment(field) {
    const control = simple(field, input(field, { type: "datetime-local" }), momentOf, localOf);
    /** Seconds are not shown: a moment that nobody changed is read as it was written. @type {string | null} */
    let written = null;
    return {
      ...control,
      read() {
        const value = control.read();
        return written !== null && value !== undefined && localOf(written) === localOf(value) ? written : value;
      },
      write(value) {
        written = value ?? null;
        control.write(value);
      },
    };
  },
  lines: (field) => simple(field, area({ ...field, most: 20_000 }), (text) => text.split("\n").map((line) => line.trim()).filter(Boolean), (value) => value.join("\n")),
  several(field) {
    const boxes = (field.options ?? []).map(([value, words]) => ({ value, words, box: /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", name: field.name, value })) }));
    return {
      node: h("fieldset", { class: "field-group several", "data-field": field.name }, legendOf(field),
        boxes.map(({ box, words }) => h("label", { class: "tick" }, box, translate(h("span"), words)))),
      read() {
        const chosen = boxes.filter(({ box }) => box.checked).map(({ value }) => value);
        return chosen.length ? chosen : undefined;
      },
      write: (values) => { for (const { box, value } of boxes) box.checked = (values ?? []).includes(value); },
      focus: () => boxes[0]?.box.focus(),
    };
  },
  tick(field) {
    const box = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", name: field.name }));
    return {
      node: h("label", { class: "field tick", "data-field": field.name }, box, translate(h("span"), field.words)),
      read: () => (box.checked ? true : undefined),
      write: (value) => { box.checked = Boolean(value); },
      focus: () => box.focus(),
    };
  },
  group(field) {
    const inner = groupOf(inside(field));
    return { ...inner, node: h("fieldset", { class: "field-group", "data-field": field.name }, legendOf(field), inner.node) };
  },
  rows,
};

/** Return a list of objects that can be added to. @param {Field} field @returns {Control} */
function rows(field) {
  /** @type {Control[]} */
  let held = [];
  const list = h("div", { class: "field-rows" });
  const add = () => {
    const row = groupOf(inside(field));
    held.push(row);
    return row;
  };
  const draw = () => fill(list, held.map((row) => h("div", { class: "field-row" }, row.node,
    translate(h("button", { class: "quiet", type: "button", on: { click: () => { held = held.filter((other) => other !== row); draw(); } } }), "field.remove"))));
  const more = translate(h("button", { class: "button", type: "button", on: { click: () => { const row = add(); draw(); row.focus(); } } }), "field.add");
  return {
    node: h("fieldset", { class: "field-group", "data-field": field.name }, legendOf(field), list, more),
    read() {
      const values = held.map((row) => row.read()).filter((value) => value !== undefined);
      return values.length ? values : undefined;
    },
    write(values) {
      held = [];
      for (const value of values ?? []) add().write(value);
      draw();
    },
    focus: () => more.focus(),
  };
}

/** @param {Field} field @returns {Field[]} */
function inside(field) {
  return (field.fields ?? []).map((each) => ({ ...each, words: each.words || `${field.words}.${each.name}` }));
}

/** @param {Field} field */
function legendOf(field) {
  return h("legend", {}, translate(h("span"), field.words), field.must ? h("b", { class: "must", "aria-hidden": "true" }, " *") : null);
}

/** Return a moment in UTC from a local one in Beijing, `2026-12-03T14:00`. @param {string} local */
export function momentOf(local) {
  return new Date(`${local.slice(0, 16)}:00+08:00`).toISOString();
}

/** Return a moment as a control for local times takes it, in Beijing time. @param {string} moment */
export function localOf(moment) {
  return fullTime(moment).slice(0, 16).replace(" ", "T");
}
