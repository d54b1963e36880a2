/**
 * Extension: the head of unit gives a lead's state more time, once, with a reason.
 * @module
 */
import { h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { translate, t } from "../shared/i18n.js";
import { shortTime } from "../shared/times.js";
import { inWords } from "./refusals.js";

/** @typedef {import("../leads/store.js").Lead} Lead */

export class Extension {
  /** @type {Lead | null} */
  #lead = null;

  /** @param {{extended: (lead: Lead) => void, failed: (key: string, values?: Record<string, string>) => void}} acts */
  constructor(acts) {
    this.acts = acts;
    this.summary = h("summary");
    this.reason = /** @type {HTMLInputElement} */ (h("input", { name: "extension-reason", maxLength: 2000 }));
    this.send = /** @type {HTMLButtonElement} */ (translate(h("button", { class: "button", type: "submit" }), "extension.send"));
    this.node = /** @type {HTMLDetailsElement} */ (h("details", { class: "extension", hidden: true }, this.summary,
      h("form", { noValidate: true, on: { submit: (event) => void this.#submit(event) } },
        h("label", { class: "field" }, translate(h("span"), "decide.reason"), this.reason), this.send)));
  }

  /** Offer it for a lead, or not. @param {Lead} lead @param {string | null} until as the server says; `null`: it is not open to this operator */
  offer(lead, until) {
    this.#lead = lead;
    this.node.hidden = until === null;
    if (until !== null) translate(this.summary, "extension.offer", { time: shortTime(Date.parse(until)).slice(0, -3) });
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const lead = this.#lead;
    const reason = this.reason.value.trim();
    if (!lead) return;
    if (!reason) {
      this.acts.failed("decide.empty");
      this.reason.focus();
      return;
    }
    this.send.disabled = true;
    try {
      const longer = await callJson(`/v1/leads/${encodeURIComponent(lead.lead_id)}/extension`, { method: "POST", json: { reason }, headers: { "If-Match": `"${lead.version}"` } });
      this.reason.value = "";
      this.node.open = false;
      this.acts.extended(longer);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (error.status === 412) this.acts.failed("decide.stale");
      else this.acts.failed("decide.failed", { reason: error.status === 0 ? t("login.unreachable") : inWords(error.message) });
    } finally {
      this.send.disabled = false;
    }
  }
}
