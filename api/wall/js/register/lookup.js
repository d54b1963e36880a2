/**
 * Lookup: entries of the register, searched by words, shown by key, and what they are called.
 * @module
 */
import { ApiProblem, callJson } from "../shared/http.js";
import { kindOf } from "./kinds.js";

/** @typedef {{key: string, title: string, entry: any}} Found */

/** Names that were asked for, by kind and key. @type {Map<string, Promise<string>>} */
const names = new Map();

/**
 * Return entries in whose name, code or address every word occurs.
 * @param {string} kind
 * @param {string} words
 * @param {Record<string, string>} [more] further terms of the search
 * @returns {Promise<Found[]>}
 */
export async function search(kind, words, more = {}) {
  const of = kindOf(kind);
  const query = new URLSearchParams({ q: words, limit: "8", ...more });
  const page = await callJson(`${of.path}?${query}`);
  return page.entries.map((/** @type {any} */ view) => ({ key: view.entry[of.key], title: of.title(view.entry), entry: view.entry }));
}

/** Return an entry as it stands, `null` where there is none. @param {string} kind @param {string} key @returns {Promise<any>} */
export async function entryOf(kind, key) {
  try {
    return (await callJson(`${kindOf(kind).path}/${encodeURIComponent(key)}`)).entry;
  } catch (error) {
    if (error instanceof ApiProblem) return null;
    throw error;
  }
}

/** Return what an entry is called, its key where the register does not know it. @param {string} kind @param {string} key */
export function nameOf(kind, key) {
  const at = `${kind}/${key}`;
  let name = names.get(at);
  if (!name) {
    name = entryOf(kind, key).then((entry) => (entry ? kindOf(kind).title(entry) : key));
    names.set(at, name);
  }
  return name;
}
