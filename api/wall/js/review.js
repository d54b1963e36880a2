/**
 * Review: the decision on a lead, with its reason, safe against a colleague who decides at the same time.
 * @module
 */
import { fill, h } from "./dom.js";
import { speak, t } from "./i18n.js";
import { ApiProblem, callJson } from "./http.js";

/** @typedef {import("./leadbook.js").Lead} Lead */

/** What a person may decide in each state (domain.md 6.2). @type {Record<string, string[]>} */
const DECISIONS = {
  CANDIDATE: [],
  PENDING_VERIFY: ["VERIFIED", "REJECTED_FALSE", "NEED_MORE"],
  NEED_MORE: ["PENDING_VERIFY"],
  VERIFIED: [],
  REJECTED_FALSE: ["ARCHIVED"],
  ARCHIVED: [],
};

export class Review {
  #busy = false;

  /** @param {Lead} lead @param {(lead: Lead) => void} changed told the newest lead after a decision or a race */
  constructor(lead, changed) {
    this.lead = lead;
    this.changed = changed;
    this.reason = /** @type {HTMLTextAreaElement} */ (h("textarea", { rows: 2, maxLength: 2000, required: true }));
    this.choices = h("div", { class: "choices" });
    this.message = h("p", { class: "review-message", role: "status" });
    this.form = h("div", {}, h("label", { class: "field" }, speak(h("span"), "decide.reason"), this.reason), this.choices);
    this.none = h("p", { class: "note" });
    this.node = h("section", { class: "review" }, h("h3", {}, speak(h("span"), "decide.title")), this.form, this.none, this.message);
    this.show(lead);
  }

  /** @param {Lead} lead */
  show(lead) {
    this.lead = lead;
    const possible = DECISIONS[lead.state] ?? [];
    this.form.hidden = possible.length === 0;
    this.none.hidden = possible.length > 0;
    speak(this.none, lead.state === "CANDIDATE" ? "decide.candidate" : "decide.none");
    fill(this.choices, possible.map((to) =>
      speak(h("button", { class: "choice", type: "button", "data-to": to, on: { click: () => this.#decide(to) } }), `decide.${to}`)));
  }

  /** @param {string} to */
  async #decide(to) {
    if (this.#busy) return;
    const reason = this.reason.value.trim();
    if (!reason) {
      this.#say("bad", "decide.empty");
      this.reason.focus();
      return;
    }
    this.#busy = true;
    this.node.classList.add("busy");
    try {
      const lead = await callJson(this.#address("/transitions"), {
        method: "POST",
        json: { to, reason },
        headers: { "If-Match": `"${this.lead.version}"` },
      });
      this.reason.value = "";
      this.show(lead);
      this.#say("good", "decide.done", { state: t(`state.${lead.state}`) });
      this.changed(lead);
    } catch (error) {
      await this.#explain(error);
    } finally {
      this.#busy = false;
      this.node.classList.remove("busy");
    }
  }

  /** @param {unknown} error */
  async #explain(error) {
    if (!(error instanceof ApiProblem)) throw error;
    if (error.status === 412) {
      const lead = await callJson(this.#address("")).catch(() => null);
      if (lead) {
        this.show(lead);
        this.changed(lead);
      }
      this.#say("bad", "decide.stale");
    } else if (error.status === 409) this.#say("bad", "decide.illegal", { reason: error.message });
    else if (error.status === 0) this.#say("bad", "login.unreachable");
    else this.#say("bad", "decide.failed", { reason: error.message });
  }

  /** @param {string} rest */
  #address(rest) {
    return `/v1/leads/${encodeURIComponent(this.lead.lead_id)}${rest}`;
  }

  /** @param {"good" | "bad"} tone @param {string} key @param {Record<string, string>} [values] */
  #say(tone, key, values) {
    this.message.dataset.tone = tone;
    speak(this.message, key, values);
  }
}
