/**
 * Entry list: the entries of one kind that a search finds, page by page.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, onLanguage, translate, t } from "../shared/i18n.js";
import { shownOf } from "./values.js";

/** @typedef {import("./kinds.js").Kind} Kind */

const LIMIT = 50;
const PAUSE_MS = 250;

export class EntryList {
  /** @type {Kind | null} */
  #kind = null;
  /** @type {any[]} */
  #views = [];
  /** @type {string | null} */
  #next = null;
  #turn = 0;
  #waiting = 0;
  /** Key of the entry that is shown beside the list. */
  #chosen = "";
  #total = 0;
  #version = "";

  /** @param {{choose: (key: string) => void}} acts */
  constructor(acts) {
    this.acts = acts;
    this.search = /** @type {HTMLInputElement} */ (h("input", { type: "search", maxLength: 200, spellcheck: false, on: { input: () => { clearTimeout(this.#waiting); this.#waiting = window.setTimeout(() => void this.ask(), PAUSE_MS); } } }));
    translate(this.search, "register.search", {}, "placeholder");
    translate(this.search, "register.search", {}, "aria-label");
    this.status = /** @type {HTMLSelectElement} */ (h("select", { on: { change: () => void this.ask() } }));
    translate(this.status, "register.status", {}, "aria-label");
    this.seen = /** @type {HTMLSelectElement} */ (h("select", { on: { change: () => void this.ask() } },
      ["", "true", "false"].map((value) => translate(h("option", { value }), `register.seen.${{ true: "yes", false: "no", "": "any" }[value]}`))));
    translate(this.seen, "register.camera", {}, "aria-label");
    this.count = h("span", { class: "note", role: "status" });
    this.fault = h("p", { class: "panel-error", role: "alert", hidden: true });
    this.head = h("tr");
    this.body = h("tbody", { on: { keydown: (event) => this.#step(event) } });
    this.table = h("table", { class: "entries" }, h("thead", {}, this.head), this.body);
    this.empty = h("div", { class: "empty", hidden: true }, translate(h("p"), "register.empty"), translate(h("p", { class: "note" }), "register.empty.how"));
    this.more = translate(h("button", { class: "quiet wide", type: "button", hidden: true, on: { click: () => void this.#page(this.#next) } }), "register.more");
    this.node = h("section", { class: "entry-list" },
      h("div", { class: "entry-search field" }, this.search, this.status, this.seen), this.count, this.fault,
      h("div", { class: "entry-scroll" }, this.table, this.empty, this.more));
    onLanguage(() => this.#draw());
  }

  /** Show the entries of a kind. @param {Kind} kind */
  show(kind) {
    if (this.#kind === kind) return;
    this.#kind = kind;
    this.search.value = "";
    this.seen.value = "";
    this.seen.hidden = kind.name !== "premises";
    this.status.hidden = kind.status.length === 0;
    fill(this.status, translate(h("option", { value: "" }), "register.status.any"), kind.status.map(([value, words]) => translate(h("option", { value }), words)));
    void this.ask();
  }

  /** Mark the entry that is shown beside the list. @param {string} key */
  mark(key) {
    this.#chosen = key;
    for (const row of this.body.children) /** @type {HTMLElement} */ (row).setAttribute("aria-selected", String(/** @type {HTMLElement} */ (row).dataset.key === key));
  }

  /** Ask for the first page anew. */
  async ask() {
    await this.#page(null);
  }

  /** @param {string | null} cursor */
  async #page(cursor) {
    const kind = this.#kind;
    if (!kind) return;
    const turn = ++this.#turn;
    const query = new URLSearchParams({ limit: String(LIMIT), q: this.search.value.trim(), status: this.status.value });
    if (this.seen.value) query.set("seen", this.seen.value);
    if (cursor) query.set("cursor", cursor);
    try {
      const page = await callJson(`${kind.path}?${query}`);
      if (turn !== this.#turn) return;
      this.#views = cursor ? [...this.#views, ...page.entries] : page.entries;
      this.#next = page.next;
      this.#total = page.total;
      this.#version = page.registry_version;
      this.fault.hidden = true;
      this.#draw();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (turn !== this.#turn) return;
      this.fault.hidden = false;
      translate(this.fault, "register.failed", { reason: error.message || t("login.unreachable") });
    }
  }

  #draw() {
    const kind = this.#kind;
    if (!kind) return;
    write(this.count, [t("register.total", { n: this.#total }), this.#version ? t("register.newest", { version: this.#version }) : ""].filter(Boolean).join(language() === "zh" ? "，" : ", "));
    const label = (/** @type {string} */ column) => kind.fields.find(({ name }) => name === column)?.words ?? `register.${column}`;
    const title = kind.fields.find(({ name }) => ["name", "number", "title"].includes(name))?.words ?? "register.id";
    fill(this.head, [title, ...kind.columns.map(label)].map((words) => translate(h("th", { scope: "col" }), words)));
    fill(this.body, this.#views.map(({ entry }) => {
      const key = entry[kind.key];
      return h("tr", { "data-key": key, "aria-selected": String(key === this.#chosen) },
        h("td", {}, h("button", { class: "entry-open", type: "button", on: { click: () => this.acts.choose(key) } }, kind.title(entry))),
        kind.columns.map((column) => {
          const shown = shownOf(kind, column, entry);
          return h("td", { "data-column": column, "data-none": shown === "—" }, shown);
        }));
    }));
    this.table.hidden = this.#views.length === 0;
    this.empty.hidden = this.#views.length > 0;
    this.more.hidden = this.#next === null;
  }

  /** @param {Event} event */
  #step(event) {
    const { key } = /** @type {KeyboardEvent} */ (event);
    if (key !== "ArrowDown" && key !== "ArrowUp") return;
    const buttons = [...this.body.querySelectorAll("button")];
    const next = buttons[buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement)) + (key === "ArrowDown" ? 1 : -1)];
    next?.focus();
    event.preventDefault();
  }
}
