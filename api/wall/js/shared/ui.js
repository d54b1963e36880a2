/**
 * UI: components: Preact, its hooks and signals, and templates that need no build. Text always becomes a text node.
 * @module
 */
import htm from "../../vendor/htm.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { h, render } from "../../vendor/preact.js";
import "../../vendor/signals.js"; // components follow the signals that they read, such as the language

/** Template tag that makes elements: html`<p class="note">${words}</p>`. */
export const html = htm.bind(h);

export { render, useState };

/**
 * Ask the server when a component appears, and again when what is asked for changes.
 * @template T
 * @param {() => Promise<T>} load
 * @param {unknown[]} of what the answer depends on
 * @returns {{value: T | null, fault: Error | null, again: () => void}} the answer, or why there is none
 */
export function useAnswer(load, of) {
  const [turn, setTurn] = useState(0);
  const [answer, setAnswer] = useState(/** @type {{value: any, fault: Error | null}} */ ({ value: null, fault: null }));
  useEffect(() => {
    let isCurrent = true;
    const keep = (/** @type {{value: any, fault: Error | null}} */ found) => { if (isCurrent) setAnswer(found); };
    load().then((value) => keep({ value, fault: null }), (fault) => keep({ value: null, fault }));
    return () => { isCurrent = false; };
  }, [...of, turn]);
  return { ...answer, again: () => setTurn(turn + 1) };
}
