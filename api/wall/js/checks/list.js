/**
 * Check list: the checks of an enterprise or in a state, the newest first, and a box to open one by its code.
 * @module
 */
import { pickerOf } from "../register/picker.js";
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { onLanguage, translate, t } from "../shared/i18n.js";
import { fullTime } from "../shared/times.js";
import { STATES, stateChip, worded } from "./words.js";

/** @typedef {import("./words.js").Check} Check */

const LIMIT = 50;
const CODE = /^JC[0-9A-Z]{23}$/;

export class CheckList {
  /** @type {Check[]} */
  #checks = [];
  /** @type {string | null} */
  #next = null;
  #turn = 0;
  #chosen = "";

  /** @param {{choose: (code: string) => void}} acts */
  constructor(acts) {
    this.acts = acts;
    this.code = /** @type {HTMLInputElement} */ (h("input", { type: "search", name: "code", maxLength: 40, autocapitalize: "characters", spellcheck: false }));
    translate(this.code, "visit.find", {}, "placeholder");
    translate(this.code, "visit.find", {}, "aria-label");
    this.company = pickerOf({ name: "company", kind: "text", words: "visit.company" }, { kind: "enterprise", typed: true, prompt: "visit.find.company", picked: () => void this.ask() });
    this.company.node.addEventListener("click", () => queueMicrotask(() => void this.ask()));
    this.state = /** @type {HTMLSelectElement} */ (h("select", { on: { change: () => void this.ask() } }, translate(h("option", { value: "" }), "register.status.any"), STATES.map((state) => translate(h("option", { value: state }), `visit.state.${state}`))));
    translate(this.state, "visit.state", {}, "aria-label");
    this.fault = h("p", { class: "panel-error", role: "alert", hidden: true });
    this.body = h("tbody");
    this.table = h("table", { class: "entries" }, h("thead", {}, h("tr", {}, ["visit.check_code", "visit.company", "visit.state", "visit.basis", "visit.valid_to"].map((words) => translate(h("th", { scope: "col" }), words)))), this.body);
    this.empty = translate(h("p", { class: "empty", hidden: true }), "visit.empty");
    this.more = translate(h("button", { class: "quiet wide", type: "button", hidden: true, on: { click: () => void this.#page(this.#next) } }), "register.more");
    this.node = h("section", { class: "entry-list" },
      h("form", { class: "entry-search field", on: { submit: (event) => this.#find(event) } }, this.code, translate(h("button", { class: "button", type: "submit" }), "visit.open"), this.state, this.company.node), this.fault,
      h("div", { class: "entry-scroll" }, this.table, this.empty, this.more));
    onLanguage(() => this.#draw());
  }

  /** Mark the check that is shown beside the list. @param {string} code */
  mark(code) {
    this.#chosen = code;
    for (const row of this.body.children) /** @type {HTMLElement} */ (row).setAttribute("aria-selected", String(/** @type {HTMLElement} */ (row).dataset.code === code));
  }

  /** Ask for the first page anew. */
  async ask() {
    await this.#page(null);
  }

  /** @param {Event} event */
  #find(event) {
    event.preventDefault();
    const code = this.code.value.toUpperCase().replace(/\s/g, "");
    if (CODE.test(code)) this.acts.choose(code);
    else {
      this.fault.hidden = false;
      translate(this.fault, "visit.notcode");
    }
  }

  /** @param {string | null} cursor */
  async #page(cursor) {
    const turn = ++this.#turn;
    const query = new URLSearchParams({ limit: String(LIMIT) });
    const uscc = this.company.read();
    if (typeof uscc === "string" && /^[0-9A-Z]{18}$/.test(uscc)) query.set("uscc", uscc);
    if (this.state.value) query.set("status", this.state.value);
    if (cursor) query.set("cursor", cursor);
    try {
      const page = await callJson(`/v1/check-codes?${query}`);
      if (turn !== this.#turn) return;
      this.#checks = cursor ? [...this.#checks, ...page.checks] : page.checks;
      this.#next = page.next;
      this.fault.hidden = true;
      this.#draw();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (turn !== this.#turn) return;
      this.fault.hidden = false;
      translate(this.fault, "visit.failed", { reason: error.message || t("login.unreachable") });
    }
  }

  #draw() {
    fill(this.body, this.#checks.map((check) => h("tr", { "data-code": check.check_code, "aria-selected": String(check.check_code === this.#chosen) },
      h("td", {}, h("button", { class: "entry-open mono", type: "button", on: { click: () => this.acts.choose(check.check_code) } }, check.check_code)),
      h("td", {}, check.company || check.uscc), h("td", {}, stateChip(check)), h("td", {}, worded("visit.basis", check.basis)), h("td", {}, fullTime(check.valid_to).slice(0, 16)))));
    this.table.hidden = this.#checks.length === 0;
    this.empty.hidden = this.#checks.length > 0;
    this.more.hidden = this.#next === null;
  }
}
