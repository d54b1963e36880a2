/**
 * Checks view: check codes: searched, asked for, shown with their QR picture, scans and trail.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { translate } from "../shared/i18n.js";
import { CheckPanel } from "./detail.js";
import { IssueForm } from "./issue.js";
import { CheckList } from "./list.js";

const NEW = "new";

export class ChecksView {
  #username;

  /** @param {{go: (hash: string) => void, openLead: (leadId: string) => void}} acts `go` writes the page's address @param {{username: string}} operator */
  constructor(acts, { username }) {
    this.acts = acts;
    this.#username = username;
    this.list = new CheckList({ choose: (code) => acts.go(`#checks/${code}`) });
    this.side = h("div", { class: "register-side" });
    this.node = /** @type {HTMLDialogElement} */ (h("dialog", { class: "desk checks", "aria-labelledby": "checks-title" },
      h("header", { class: "desk-head" }, translate(h("h2", { id: "checks-title" }), "visit.title"),
        translate(h("button", { class: "button", type: "button", "data-act": "check-new", on: { click: () => acts.go(`#checks/${NEW}`) } }), "visit.new"),
        translate(h("button", { class: "quiet", type: "button", "data-act": "checks-close", on: { click: () => this.node.close() } }), "close")),
      h("div", { class: "desk-body" }, h("div", { class: "desk-main" }, this.list.node), this.side)));
  }

  /** Show the list, and one check or the form for a new one. @param {string[]} path `CODE`, `CODE/LEAD` to let a lead join it, `new` or `new/LEAD`, as in the page's address */
  open([what = "", leadId = ""]) {
    if (!this.node.open) this.node.showModal();
    void this.list.ask();
    this.list.mark(what);
    if (what === NEW) void this.#ask(leadId);
    else if (what) {
      const panel = new CheckPanel(what, { changed: () => void this.list.ask(), close: () => this.acts.go("#checks"), openLead: (id) => { this.node.close(); this.acts.openLead(id); } });
      this.#beside(panel.node);
      void panel.load({ joinLead: leadId || undefined });
    } else {
      fill(this.side);
      this.node.classList.remove("with-side");
    }
  }

  /** @param {string} leadId of the lead that the code is for; empty: none */
  async #ask(leadId) {
    const form = new IssueForm({ issued: (check) => this.acts.go(`#checks/${check.check_code}`), join: (code, lead) => this.acts.go(`#checks/${code}${lead ? `/${lead}` : ""}`) }, { username: this.#username });
    this.#beside(h("section", { class: "entry" }, h("header", { class: "entry-head" }, translate(h("button", { class: "button entry-back", type: "button", on: { click: () => this.acts.go("#checks") } }), "register.back"), translate(h("h3"), "visit.new")), form.node));
    if (!leadId) return;
    try {
      form.about(await callJson(`/v1/leads/${encodeURIComponent(leadId)}`));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  /** @param {HTMLElement} node */
  #beside(node) {
    fill(this.side, node);
    this.side.scrollTop = 0;
    this.node.classList.add("with-side");
  }
}
