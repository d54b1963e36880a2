/**
 * Language: Chinese by default, English on request; translated nodes change in place when the language does, and
 * components that called `t` are drawn anew.
 * @module
 */
import { signal } from "../../vendor/signals-core.js";
import { WORDS } from "./words.js";

/** @typedef {"zh" | "en"} Language */
/** @typedef {Record<string, string | number>} Values */

const STORED = "plumewatch.language";
/** @type {WeakMap<Element, {key: string, values: Values, attribute: string | null}[]>} */
const translations = new WeakMap();
/** @type {Set<() => void>} */
const listeners = new Set();

const current = signal(/** @type {Language} */ (localStorage.getItem(STORED) === "en" ? "en" : "zh"));
document.documentElement.lang = current.value === "zh" ? "zh-CN" : "en";

/** @returns {Language} the language in use */
export function language() {
  return current.value;
}

/** True if there are words for `key`. @param {string} key */
export function hasWords(key) {
  return Object.hasOwn(WORDS, key);
}

/**
 * Return the words of `key` with `{name}` places filled from `values`.
 * @param {string} key
 * @param {Values} [values]
 */
export function t(key, values = {}) {
  const pair = hasWords(key) ? WORDS[key] : undefined;
  if (!pair) throw new Error(`no words for ${key}`);
  return pair[current.value === "zh" ? 0 : 1].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * Set the text of a node by key, and again whenever the language changes.
 * @template {Element} N
 * @param {N} node
 * @param {string} key
 * @param {Values} [values]
 * @param {string | null} [attribute] set this attribute instead of the text
 * @returns {N} the node
 */
export function translate(node, key, values = {}, attribute = null) {
  const entries = (translations.get(node) ?? []).filter((entry) => entry.attribute !== attribute);
  entries.push({ key, values, attribute });
  translations.set(node, entries);
  node.setAttribute("data-translated", "");
  apply(node, key, values, attribute);
  return node;
}

/** Write a message in the operator's language, with the tone that its colour follows. @param {HTMLElement} node @param {"good" | "bad" | "busy"} tone @param {string} key @param {Record<string, string | number>} [values] */
export function say(node, tone, key, values) {
  node.dataset.tone = tone;
  translate(node, key, values);
}

/** Stop translating a node, before other text is written into it. @param {Element} node */
export function untranslate(node) {
  translations.delete(node);
  node.removeAttribute("data-translated");
}

/** @param {Language} wanted */
export function setLanguage(wanted) {
  current.value = wanted;
  localStorage.setItem(STORED, wanted);
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-translated]")) {
    for (const { key, values, attribute } of translations.get(node) ?? []) apply(node, key, values, attribute);
  }
  for (const listener of listeners) listener();
}

/**
 * Call `listener` after each change of language.
 * @param {() => void} listener
 * @returns {() => void} removes the listener
 */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @param {Element} node @param {string} key @param {Values} values @param {string | null} attribute */
function apply(node, key, values, attribute) {
  const text = t(key, values);
  if (attribute) node.setAttribute(attribute, text);
  else if (node.textContent !== text) node.textContent = text;
}
