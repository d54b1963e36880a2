/**
 * History: the decisions on a lead with their reasons, and who accessed its evidence.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { hasWords, untranslate, translate, t } from "../shared/i18n.js";
import { fullTime, shortTime } from "../shared/times.js";
import { QUESTIONS } from "./review.js";

/** @typedef {import("./store.js").Lead} Lead */

export class History {
  /** @param {Lead} lead */
  constructor(lead) {
    this.lead = lead;
    this.moves = h("ol", { class: "moves" });
    this.custody = h("ol", { class: "moves custody" });
    this.fault = h("p", { class: "note" });
    this.details = h("details", {}, translate(h("summary"), "history.custody"), this.custody);
    this.details.addEventListener("toggle", () => void this.#loadCustody());
    this.details.hidden = !lead.evidence;
    this.node = h("section", { class: "history" }, h("h3", {}, translate(h("span"), "history.title")), this.moves, this.fault, this.details);
  }

  /** Load the history, first and after each decision. @param {Lead} lead */
  async load(lead) {
    this.lead = lead;
    await this.#ask("leads", "transitions", (/** @type {any} */ { transitions }) => {
      fill(this.moves, transitions.map((/** @type {any} */ record) => h("li", {},
        when(record.at),
        h("span", { class: "move-what" }, t(`state.${record.to}`)),
        h("span", { class: "move-who" }, record.user),
        h("span", { class: "move-why" }, reasonWords(record.reason)),
        record.review ? h("span", { class: "move-review" }, answersInWords(record.review)) : null)));
    });
    if (/** @type {HTMLDetailsElement} */ (this.details).open) await this.#loadCustody();
  }

  async #loadCustody() {
    if (!(/** @type {HTMLDetailsElement} */ (this.details).open)) return;
    await this.#ask("evidence", "custody", (/** @type {any} */ { entries }) => {
      fill(this.custody, entries.reverse().map((/** @type {any} */ entry) => h("li", {},
        when(entry.at),
        h("span", { class: "move-what" }, actionWords(entry)),
        h("span", { class: "move-who" }, entry.who.replace(/^operator:/, "")),
        h("span", { class: "move-why" }, [entry.file || t("history.package"), entry.logged ? t("history.logged") : ""].filter(Boolean).join(" · ")))));
    });
  }

  /** @param {string} resource @param {string} part @param {(answer: any) => void} show */
  async #ask(resource, part, show) {
    try {
      show(await callJson(`/v1/${resource}/${encodeURIComponent(this.lead.lead_id)}/${part}`));
      untranslate(this.fault);
      fill(this.fault);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      translate(this.fault, "history.failed", { reason: error.message });
    }
  }
}

/** Return a reason; one given by the system is translated. @param {string} reason */
function reasonWords(reason) {
  const key = `history.reason.${reason}`;
  return hasWords(key) ? t(key) : reason;
}

/** Return an action in words; one without words is returned as it is. @param {{action: string, result: string}} entry */
function actionWords({ action, result }) {
  const words = hasWords(`history.${action}`) ? t(`history.${action}`) : action;
  return action === "verified" && result === "failed" ? `${words} · ${t("check.outcome.fail")}` : words;
}

/** Return the four answers: `真实 是 · 清晰 是 · …`. @param {Record<string, boolean>} review */
function answersInWords(review) {
  return QUESTIONS.map((question) => `${t(`answer.${question}`)} ${t(review[question] ? "answer.yes" : "answer.no")}`).join(" · ");
}

/** @param {string} at */
function when(at) {
  return h("time", { datetime: at, title: fullTime(at) }, shortTime(Date.parse(at)));
}
