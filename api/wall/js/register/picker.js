/**
 * Picker: a form field for entries of the register, found by name and kept by key.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem } from "../shared/http.js";
import { translate, t } from "../shared/i18n.js";
import { nameOf, search } from "./lookup.js";

/** @typedef {import("../shared/controls.js").Field} Field */
/** @typedef {import("../shared/controls.js").Control} Control */

const PAUSE_MS = 200;
let made = 0;

/**
 * Return a field whose value is a key, or a list of keys where `several` may be chosen.
 * @param {Field} field
 * @param {{kind: string, several?: boolean, typed?: boolean, more?: () => Record<string, string>, prompt?: string, says?: (entry: any) => string, picked?: (entry: any) => void}} how `typed`: what the register does
 *     not know may be used as typed; `more`: further terms of the search; `prompt`: key of the words in the empty field; `says`: what is told of an entry besides its
 *     name; `picked`: called with an entry that was chosen from the list
 * @returns {Control}
 */
export function pickerOf(field, { kind, several = false, typed = false, more = () => ({}), prompt = "pick.search", says, picked = () => {} }) {
  /** @type {string[]} */
  let keys = [];
  let waiting = 0;
  let asked = 0;
  /** Whether the field is focused without the list being opened. */
  let isQuiet = false;
  const id = `picker-${++made}`;
  const chips = h("ul", { class: "picked" });
  const options = h("ul", { class: "pick-options", id, role: "listbox", hidden: true });
  const input = /** @type {HTMLInputElement} */ (h("input", { type: "search", role: "combobox", autocomplete: "off", spellcheck: false, "aria-expanded": "false", "aria-controls": id, name: field.name, maxLength: 200 }));
  translate(input, prompt, {}, "placeholder");
  if (field.must) input.setAttribute("aria-required", "true");

  const draw = () => {
    fill(chips, keys.map((key) => {
      const name = h("span", {}, key);
      const drop = h("button", { class: "quiet", type: "button", on: { click: () => { keys = keys.filter((other) => other !== key); draw(); focusQuietly(); } } }, "×");
      drop.setAttribute("aria-label", t("pick.remove", { name: key }));
      void nameOf(kind, key).then((known) => { write(name, known === key ? key : `${known} · ${key}`); drop.setAttribute("aria-label", t("pick.remove", { name: known })); });
      return h("li", { class: "picked-one", "data-key": key }, name, drop);
    }));
    chips.hidden = keys.length === 0;
    input.hidden = !several && keys.length > 0;
  };
  const focusQuietly = () => {
    isQuiet = true;
    input.focus();
    isQuiet = false;
  };
  const shut = () => {
    options.hidden = true;
    input.setAttribute("aria-expanded", "false");
  };
  const take = (/** @type {string} */ key, /** @type {any} */ entry = null) => {
    keys = several ? [...new Set([...keys, key])] : [key];
    input.value = "";
    shut();
    draw();
    if (entry) picked(entry);
    if (several) focusQuietly();
  };
  const option = (/** @type {string} */ key, /** @type {Node | string} */ words, /** @type {any} */ entry = null) =>
    h("li", {}, h("button", { type: "button", role: "option", "aria-selected": "false", "data-key": key, on: { click: () => take(key, entry) } }, words));
  const ask = async () => {
    const words = input.value.trim();
    const turn = ++asked;
    let found = [];
    try {
      found = await search(kind, words, more());
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (turn === asked) fill(options, h("li", { class: "note" }, t("pick.failed", { reason: error.message })));
      return;
    }
    if (turn !== asked || document.activeElement !== input) return;
    const rows = found.filter(({ key }) => !keys.includes(key)).map(({ key, title, entry }) => option(key, h("span", {}, h("strong", {}, title), " ", h("small", {}, [title === key ? "" : key, says?.(entry) ?? ""].filter(Boolean).join(" · "))), entry));
    if (typed && words && !found.some(({ key }) => key === words)) rows.push(option(words, t("pick.typed", { words })));
    fill(options, rows.length ? rows : h("li", { class: "note" }, t("pick.none", { words })));
    options.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const step = (/** @type {KeyboardEvent} */ event) => {
    const all = [...options.querySelectorAll("button")];
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (event.key === "ArrowDown") all[at + 1]?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? all[at - 1] : input).focus();
    else if (event.key === "Enter" && document.activeElement === input) {
      clearTimeout(waiting);
      if (all.length === 1) all[0].click();
    } else if (event.key === "Escape" && !options.hidden) {
      shut();
      focusQuietly();
      event.stopPropagation();
    } else return;
    event.preventDefault();
  };
  const soon = () => {
    if (isQuiet) return;
    clearTimeout(waiting);
    waiting = window.setTimeout(ask, PAUSE_MS);
  };
  input.addEventListener("input", soon);
  input.addEventListener("focus", soon);
  const box = h("div", { class: "picker", on: { keydown: step, focusout: (/** @type {FocusEvent} */ event) => { if (!box.contains(/** @type {Node | null} */ (event.relatedTarget))) shut(); } } }, chips, input, options);
  draw();
  return {
    node: h("div", { class: "field", "data-field": field.name, role: "group" },
      h("span", { class: "field-name" }, translate(h("span"), field.words), field.must ? h("b", { class: "must", "aria-hidden": "true" }, " *") : null), box, field.hint ? translate(h("small", { class: "note" }), field.hint) : null),
    read() {
      const all = typed && input.value.trim() ? [...keys, input.value.trim()] : keys;
      if (!all.length) return undefined;
      return several ? [...new Set(all)] : all[0];
    },
    write(value) {
      keys = value === undefined || value === null ? [] : [value].flat();
      draw();
    },
    focus: () => input.focus(),
  };
}
