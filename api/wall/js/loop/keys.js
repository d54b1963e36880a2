/**
 * Keys: single keys for the next lead, the moves and the list of keys; none of them while somebody types.
 * @module
 */
import { h } from "../shared/dom.js";
import { translate } from "../shared/i18n.js";

const LIST = /** @type {[string[], string][]} */ ([[["J"], "keys.next"], [["K"], "keys.prev"], [["1", "…", "9"], "keys.moves"], [["Ctrl", "Enter"], "keys.submit"], [["Esc"], "keys.undo"], [["Esc"], "keys.close"], [["?"], "keys.help"]]);
const TYPED = "input:not([type=radio]):not([type=checkbox]):not([type=file]), textarea, select, [contenteditable]";

export class Keys {
  /** @param {{step: (step: 1 | -1) => void, choose: (place: number) => void}} acts */
  constructor(acts) {
    this.acts = acts;
    this.help = /** @type {HTMLDialogElement} */ (h("dialog", { class: "keys-help", "aria-labelledby": "keys-title" },
      h("header", {}, translate(h("h2", { id: "keys-title" }), "keys.title"), translate(h("button", { class: "quiet", type: "button", on: { click: () => this.help.close() } }), "close")),
      h("dl", {}, LIST.map(([keys, words]) => [h("dt", {}, keys.map((key) => (key === "…" ? " … " : h("kbd", {}, key)))), translate(h("dd"), words)]))));
    this.help.addEventListener("click", (event) => { if (event.target === this.help) this.help.close(); });
    this.button = translate(h("button", { class: "quiet keys-button", type: "button", on: { click: () => this.show() } }), "keys.button");
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Show the list of keys. */
  show() {
    if (!this.help.open) this.help.showModal();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target instanceof Element && target.closest(TYPED)) return;
    if (key === "?") this.show();
    else if (this.help.open) return;
    else if (key === "j" || key === "J") this.acts.step(1);
    else if (key === "k" || key === "K") this.acts.step(-1);
    else if (/^[1-9]$/.test(key)) this.acts.choose(Number(key));
    else return;
    event.preventDefault();
  }
}
