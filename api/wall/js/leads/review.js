/**
 * Review: the form for the decision on a lead. The version is sent along, so that two reviewers cannot overwrite each other.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { translate, t } from "../shared/i18n.js";

/** @typedef {import("./store.js").Lead} Lead */

/** Possible decisions in each state (domain.md 6.2). @type {Record<string, string[]>} */
const DECISIONS = {
  CANDIDATE: [],
  PENDING_VERIFY: ["VERIFIED", "REJECTED_FALSE", "NEED_MORE"],
  NEED_MORE: ["PENDING_VERIFY"],
  VERIFIED: [],
  REJECTED_FALSE: ["ARCHIVED"],
  ARCHIVED: [],
};

/** Questions about the record that a reviewer answers before deciding (Penalty Law, art. 41). */
export const QUESTIONS = ["true", "clear", "complete", "accurate"];
/** States in which a decision needs these answers. */
const ANSWERED = new Set(["PENDING_VERIFY"]);

export class Review {
  #busy = false;

  /** @param {Lead} lead @param {(lead: Lead) => void} changed called with the newest lead after a decision or a conflict */
  constructor(lead, changed) {
    this.lead = lead;
    this.changed = changed;
    this.reason = /** @type {HTMLTextAreaElement} */ (h("textarea", { rows: 2, maxLength: 2000, required: true }));
    this.choices = h("div", { class: "choices" });
    this.answers = h("fieldset", { class: "answers" }, translate(h("legend"), "answer.title"), QUESTIONS.map((question) => this.#question(question)));
    this.doubt = translate(h("p", { class: "note answers-doubt", hidden: true }), "answer.doubt");
    this.message = h("p", { class: "review-message", role: "status", tabIndex: -1 });
    this.form = h("div", {}, this.answers, this.doubt, h("label", { class: "field" }, translate(h("span"), "decide.reason"), this.reason), this.choices);
    this.none = h("p", { class: "note" });
    this.node = h("section", { class: "review" }, h("h3", {}, translate(h("span"), "decide.title")), this.form, this.none, this.message);
    this.show(lead);
  }

  /** @param {Lead} lead */
  show(lead) {
    this.lead = lead;
    const possible = DECISIONS[lead.state] ?? [];
    this.form.hidden = possible.length === 0;
    this.none.hidden = possible.length > 0;
    this.answers.hidden = !ANSWERED.has(lead.state);
    if (this.answers.hidden) this.doubt.hidden = true;
    translate(this.none, lead.state === "CANDIDATE" ? "decide.candidate" : "decide.none");
    fill(this.choices, possible.map((to) =>
      translate(h("button", { class: "choice", type: "button", "data-to": to, on: { click: () => this.#decide(to) } }), `decide.${to}`)));
  }

  /** Focus the first field of the form. */
  focus() {
    const first = this.form.querySelector(this.answers.hidden ? "textarea" : "input");
    (this.form.hidden ? this.message : /** @type {HTMLElement} */ (first)).focus();
  }

  /** @param {string} question */
  #question(question) {
    const name = `answer-${question}`;
    const choice = (/** @type {string} */ value) => h("label", { class: "answer" },
      h("input", { type: "radio", name, value, on: { change: () => this.#answered() } }), translate(h("span"), `answer.${value}`));
    return h("div", { class: "question", role: "radiogroup", "data-question": question, "aria-labelledby": `${name}-label` },
      h("span", { id: `${name}-label` }, translate(h("strong"), `answer.${question}`), translate(h("small"), `answer.${question}.why`)), choice("yes"), choice("no"));
  }

  /** @param {string} question @returns {boolean | null} `null` until it is answered */
  #answer(question) {
    const chosen = /** @type {HTMLInputElement | null} */ (this.answers.querySelector(`[name="answer-${question}"]:checked`));
    return chosen ? chosen.value === "yes" : null;
  }

  #answered() {
    this.doubt.hidden = !QUESTIONS.some((question) => this.#answer(question) === false);
  }

  /** @param {string} to */
  async #decide(to) {
    if (this.#busy) return;
    const isAsked = !this.answers.hidden;
    const open = isAsked ? QUESTIONS.find((question) => this.#answer(question) === null) : undefined;
    if (open) {
      this.#say("bad", "answer.empty");
      /** @type {HTMLElement | null} */ (this.answers.querySelector(`[name="answer-${open}"]`))?.focus();
      return;
    }
    const review = isAsked ? Object.fromEntries(QUESTIONS.map((question) => [question, this.#answer(question)])) : undefined;
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
        json: { to, reason, review },
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
      // the pressed button may be gone: keep the focus inside the form
      if (document.activeElement === document.body) this.message.focus();
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
    translate(this.message, key, values);
  }
}
