/**
 * Tables: a kind's entries as CSV or XLSX: sent, an empty one to fill in, one taken with a dry run that names wrong rows.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, say, translate, t } from "../shared/i18n.js";
import { faultWords } from "./faults.js";

/** @typedef {import("./kinds.js").Kind} Kind */

/** Return links to a kind's tables. @param {Kind} kind */
export function tableLinks(kind) {
  const link = (/** @type {string} */ what, /** @type {string} */ form, /** @type {string} */ words) => translate(h("a", { class: "button", download: "", href: `/v1/registry/${what}?kind=${kind.name}&format=${form}&zh=${language() === "zh"}` }), words);
  return [link("export", "xlsx", "register.export.xlsx"), link("export", "csv", "register.export.csv"), link("template", "xlsx", "register.template")];
}

export class Importer {
  #busy = false;

  /** @param {Kind} kind @param {{entered: () => void, close: () => void}} acts */
  constructor(kind, acts) {
    this.kind = kind;
    this.acts = acts;
    this.name = h("span", { class: "note" });
    this.file = /** @type {HTMLInputElement} */ (h("input", { type: "file", class: "unseen", name: "table", on: { change: () => write(this.name, this.file.files?.[0]?.name ?? "") }, accept: ".csv,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" }));
    this.reason = /** @type {HTMLInputElement} */ (h("input", { type: "text", name: "why", maxLength: 2000, "aria-required": "true" }));
    this.partial = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", name: "partial" }));
    this.message = h("p", { class: "review-message", role: "status", tabIndex: -1 });
    this.report = h("div", { class: "import-report" });
    this.node = h("section", { class: "entry", "data-kind": kind.name },
      h("header", { class: "entry-head" }, translate(h("button", { class: "button entry-back", type: "button", on: { click: () => acts.close() } }), "register.back"), h("h3", {}, translate(h("span"), "register.import"), " · ", translate(h("span"), `kind.${kind.name}`))),
      translate(h("p", { class: "note" }), "register.import.note"),
      h("form", { class: "entry-form", noValidate: true, on: { submit: (event) => { event.preventDefault(); void this.#send(true); } } },
        h("div", { class: "field" }, translate(h("span", { class: "field-name" }), "register.import.file"), h("label", { class: "button file-choice" }, translate(h("span"), "attach.add"), this.file), " ", this.name),
        h("label", { class: "field" }, h("span", {}, translate(h("span"), "register.why"), h("b", { class: "must", "aria-hidden": "true" }, " *"), translate(h("small", { class: "note" }), "register.why.hint")), this.reason),
        h("label", { class: "field tick" }, this.partial, translate(h("span"), "register.import.partial")),
        h("div", { class: "move-send" }, translate(h("button", { class: "primary", type: "submit", "data-act": "import-try" }), "register.import.try"),
          translate(h("button", { class: "button", type: "button", "data-act": "import-do", on: { click: () => void this.#send(false) } }), "register.import.do")),
        this.message),
      this.report);
  }

  /** @param {boolean} isTrial */
  async #send(isTrial) {
    if (this.#busy) return;
    const file = this.file.files?.[0];
    const reason = this.reason.value.trim();
    if (!file || !reason) {
      say(this.message, "bad", file ? "register.why.missing" : "register.import.none");
      (file ? this.reason : this.file).focus();
      return;
    }
    this.#busy = true;
    say(this.message, "busy", "register.import.running");
    fill(this.report);
    const query = new URLSearchParams({ kind: this.kind.name, reason, dry_run: String(isTrial), partial: String(this.partial.checked) });
    try {
      const report = await callJson(`/v1/registry/import?${query}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
      say(this.message, report.written || (isTrial && !report.wrong) ? "good" : "bad", isTrial ? "register.report.dry" : report.written ? "register.report.written" : "register.report.unwritten");
      this.#show(report);
      if (report.written) this.acts.entered();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      say(this.message, "bad", "register.import.refused", { reason: error.message || t("login.unreachable") });
    } finally {
      this.#busy = false;
      this.message.focus();
    }
  }

  /** @param {any} report */
  #show(report) {
    fill(this.report,
      h("p", {}, t("register.report.counts", report)),
      report.unseen === null ? null : h("p", {}, t("register.report.unseen", { n: report.unseen })),
      report.faults.length ? [translate(h("h4"), "register.report.faults"), h("table", { class: "entries faults" },
        h("thead", {}, h("tr", {}, ["row", "column", "found", "wrong", "right"].map((head) => translate(h("th", { scope: "col" }), `register.report.${head}`)))),
        h("tbody", {}, report.faults.map((/** @type {any} */ fault) => h("tr", {}, h("td", { class: "num" }, fault.row), h("td", {}, fault.column), h("td", {}, fault.found), h("td", {}, faultWords(fault.wrong)), h("td", {}, faultWords(fault.right))))))] : null);
  }
}
