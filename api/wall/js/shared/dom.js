/**
 * DOM: elements built from values. Text always becomes a text node, so no value can become markup.
 * @module
 */

/** Address of the system's mark. */
export const MARK = new URL("../../mark.svg", import.meta.url).href;

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Return a new element.
 * @param {string} tag
 * @param {Record<string, unknown>} [props] `class`, `on` (listeners by event), properties and attributes
 * @param {...(Child | Child[] | Child[][])} children may be nested
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = String(value);
    else if (name === "on") {
      for (const [event, listener] of Object.entries(/** @type {object} */ (value))) node.addEventListener(event, listener);
    } else if (name.includes("-") || name === "role" || name === "for" || name === "list") {
      node.setAttribute(name, value === true ? "" : String(value));
    } else node[name] = value;
  }
  node.append(...children.flat(Infinity).filter(isShown).map(asNode));
  return node;
}

/**
 * Replace what `node` holds.
 * @param {Element} node
 * @param {...(Child | Child[])} children
 */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(isShown).map(asNode));
}

/**
 * Set the text only if it differs, so that screen readers announce changes and not every update.
 * @param {Node} node
 * @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Child} child */
function isShown(child) {
  return child !== null && child !== undefined && child !== false;
}

/** @param {Child} child */
function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}
