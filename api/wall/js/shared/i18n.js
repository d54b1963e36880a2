/**
 * Language: Chinese first, English on request; every spoken node changes in place.
 * @module
 */
import { WORDS } from "./words.js";

/** @typedef {"zh" | "en"} Language */
/** @typedef {Record<string, string | number>} Values */

const STORED = "plumewatch.language";
/** @type {WeakMap<Element, {key: string, values: Values, attribute: string | null}[]>} */
const spoken = new WeakMap();
/** @type {Set<() => void>} */
const listeners = new Set();

/** @type {Language} */
let current = localStorage.getItem(STORED) === "en" ? "en" : "zh";
document.documentElement.lang = current === "zh" ? "zh-CN" : "en";

/** @returns {Language} the language in use */
export function language() {
  return current;
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
  return pair[current === "zh" ? 0 : 1].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * Put words into a node and keep them in the language in use.
 * @template {Element} N
 * @param {N} node
 * @param {string} key
 * @param {Values} [values]
 * @param {string | null} [attribute] an attribute instead of the text
 * @returns {N} the node
 */
export function speak(node, key, values = {}, attribute = null) {
  const said = (spoken.get(node) ?? []).filter((entry) => entry.attribute !== attribute);
  said.push({ key, values, attribute });
  spoken.set(node, said);
  node.setAttribute("data-said", "");
  tell(node, key, values, attribute);
  return node;
}

/** Forget what a node says, before other text is written into it. @param {Element} node */
export function hush(node) {
  spoken.delete(node);
  node.removeAttribute("data-said");
}

/** @param {Language} wanted */
export function setLanguage(wanted) {
  current = wanted;
  localStorage.setItem(STORED, wanted);
  document.documentElement.lang = wanted === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-said]")) {
    for (const { key, values, attribute } of spoken.get(node) ?? []) tell(node, key, values, attribute);
  }
  for (const listener of listeners) listener();
}

/**
 * Call `listener` after each change of language.
 * @param {() => void} listener
 * @returns {() => void} ends it
 */
export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @param {Element} node @param {string} key @param {Values} values @param {string | null} attribute */
function tell(node, key, values, attribute) {
  const text = t(key, values);
  if (attribute) node.setAttribute(attribute, text);
  else if (node.textContent !== text) node.textContent = text;
}
