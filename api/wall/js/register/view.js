/**
 * Register view: the register by kind: search and list, one entry's form and history, tables in and out.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { onLanguage, translate } from "../shared/i18n.js";
import { EntryPanel } from "./entry.js";
import { kindOf, KINDS } from "./kinds.js";
import { EntryList } from "./list.js";
import { Importer, tableLinks } from "./tables.js";

export class RegisterView {
  #kind = kindOf("enterprise");
  #mayChange;

  /** @param {{go: (hash: string) => void}} acts `go` writes the page's address @param {{role: string}} operator only admins change the register */
  constructor(acts, { role }) {
    this.acts = acts;
    this.#mayChange = role === "admin";
    this.list = new EntryList({ choose: (key) => acts.go(`#register/${this.#kind.name}/${encodeURIComponent(key)}`) });
    this.kinds = [...KINDS.keys()].map((name) => translate(h("button", { class: "segment", type: "button", "data-kind": name, on: { click: () => acts.go(`#register/${name}`) } }), `kind.${name}`));
    this.tables = h("div", { class: "register-tables" });
    this.add = translate(h("button", { class: "button", type: "button", "data-act": "register-add", on: { click: () => this.#beside(this.#panel(null), true) } }), "register.add");
    this.import = translate(h("button", { class: "button", type: "button", "data-act": "register-import", on: { click: () => this.#beside(new Importer(this.#kind, { entered: () => void this.list.ask(), close: () => this.#toList() }).node) } }), "register.import");
    this.side = h("div", { class: "register-side" });
    this.node = /** @type {HTMLDialogElement} */ (h("dialog", { class: "desk register", "aria-labelledby": "register-title" },
      h("header", { class: "desk-head" }, translate(h("h2", { id: "register-title" }), "register.page"),
        translate(h("div", { class: "segments", role: "group" }, this.kinds), "register.kinds", {}, "aria-label"),
        translate(h("button", { class: "quiet", type: "button", "data-act": "register-close", on: { click: () => this.node.close() } }), "close")),
      h("div", { class: "desk-body" }, h("div", { class: "desk-main" }, h("div", { class: "register-acts" }, this.add, this.import, this.tables), this.list.node), this.side)));
    this.add.hidden = !this.#mayChange;
    this.import.hidden = !this.#mayChange;
    onLanguage(() => fill(this.tables, tableLinks(this.#kind)));
  }

  /** Show a kind, and one of its entries. @param {string[]} path kind and key, as in the page's address */
  open([name = "enterprise", key]) {
    this.#kind = KINDS.get(name) ?? kindOf("enterprise");
    for (const button of this.kinds) button.setAttribute("aria-pressed", String(button.dataset.kind === this.#kind.name));
    fill(this.tables, tableLinks(this.#kind));
    if (!this.node.open) this.node.showModal();
    this.list.show(this.#kind);
    this.list.mark(key ?? "");
    if (key) this.#beside(this.#panel(key));
    else this.#clear();
  }

  /** @param {string | null} key */
  #panel(key) {
    return new EntryPanel(this.#kind, key, {
      mayChange: this.#mayChange,
      changed: (changed) => {
        void this.list.ask();
        if (changed === null) this.#toList();
        else this.list.mark(changed);
      },
      close: () => this.#toList(),
    }).node;
  }

  #toList() {
    this.#clear();
    this.acts.go(`#register/${this.#kind.name}`);
  }

  #clear() {
    fill(this.side);
    this.node.classList.remove("with-side");
  }

  /** @param {HTMLElement} node @param {boolean} [isEntered] whether its first field gets the focus */
  #beside(node, isEntered = false) {
    fill(this.side, node);
    this.side.scrollTop = 0;
    this.node.classList.add("with-side");
    if (isEntered) /** @type {HTMLElement | null} */ (node.querySelector("input:not([readonly])"))?.focus();
  }
}
