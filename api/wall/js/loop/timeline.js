/**
 * Timeline: what happened to a lead, who did it in which role, why, and what it carried; and who accessed its evidence.
 * @module
 */
import { nameOf } from "../register/lookup.js";
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { hasWords, language, onLanguage, untranslate, translate, t } from "../shared/i18n.js";
import { fullTime, shortTime } from "../shared/times.js";
import { answersInWords } from "./answers.js";
import { attachmentLine } from "./attachments.js";
import { reasonWords } from "./reasons.js";

/** @typedef {import("../leads/store.js").Lead} Lead */

/** Values of closed sets, by the member that holds them. @type {Record<string, string>} */
const SETS = { basis: "plan_basis", colour: "feedback", positive_list: "feedback" };
const MOMENT = /^\d{4}-\d\d-\d\dT/;

export class Timeline {
  /** @type {any[]} */
  #records = [];
  #opening = 0;

  /** @param {Lead} lead */
  constructor(lead) {
    this.lead = lead;
    this.moves = h("ol", { class: "timeline" });
    this.custody = h("ol", { class: "moves custody" });
    this.fault = h("p", { class: "note" });
    this.details = /** @type {HTMLDetailsElement} */ (h("details", {}, translate(h("summary"), "history.custody"), this.custody));
    this.details.addEventListener("toggle", () => void this.#loadCustody());
    this.details.hidden = !lead.evidence;
    this.node = h("section", { class: "history" }, h("h3", {}, translate(h("span"), "history.title")), this.moves, this.fault, this.details);
    this.close = onLanguage(() => this.#draw());
  }

  /** Load the history, first and after each move. @param {Lead} lead */
  async load(lead) {
    this.lead = lead;
    const turn = ++this.#opening;
    await this.#ask("leads", "transitions", (/** @type {any} */ { transitions }) => {
      if (turn !== this.#opening) return;
      this.#records = transitions;
      this.#draw();
    });
    if (this.details.open) await this.#loadCustody();
  }

  #draw() {
    fill(this.moves, this.#records.map((record) => h("li", { "data-act": record.act || "moved", "data-state": record.to },
      h("div", { class: "timeline-head" },
        when(record.at),
        h("span", { class: "move-what" }, whatWords(record)),
        h("span", { class: "move-who" }, record.user === "system" ? t("role.A") : `${record.user} · ${roleOf(record.role)}`)),
      h("p", { class: "move-why" }, reasonWords(record.reason)),
      record.review ? h("p", { class: "move-review" }, answersInWords(record.review)) : null,
      carried(record))));
  }

  async #loadCustody() {
    if (!this.details.open) return;
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

/** Return what a record tells: a state that was entered, a proposal, or one that was declined. @param {any} record */
export function whatWords(record) {
  const what = hasWords(`decide.${record.to}`) ? t(`decide.${record.to}`) : record.to;
  if (record.act === "proposed") return t("act.propose", { what });
  if (record.act && hasWords(`history.${record.act}`)) return t(`history.${record.act}`);
  return hasWords(`state.${record.to}`) ? t(`state.${record.to}`) : record.to;
}

/** @param {string} role */
function roleOf(role) {
  return hasWords(`role.${role}`) ? t(`role.${role}`) : role;
}

/** Return what a move carried as a list of names and values. @param {any} record */
function carried(record) {
  const content = { ...(record.reason_code ? { reason_code: record.reason_code } : {}), ...record.content };
  const rows = Object.entries(content).filter(([name]) => name !== "attachments").map(([name, value]) => [labelOf(name), h("dd", {}, valueNode(name, value))]);
  const files = content.attachments ?? [];
  if (!rows.length && !files.length && !record.attach_sha256) return null;
  return h("dl", { class: "carried" },
    rows,
    files.length ? [labelOf("attachments"), h("dd", {}, files.map((/** @type {any} */ one) => attachmentLine(one)))] : null,
    record.attach_sha256 ? [h("dt", {}, t(record.role === "A" ? "content.receipt.sums_sha256" : "history.document")), h("dd", {}, h("code", { class: "hash" }, record.attach_sha256))] : null);
}

/** @param {string} name */
function labelOf(name) {
  return h("dt", {}, hasWords(`content.${name}`) ? t(`content.${name}`) : name);
}

/** @param {string} name @param {any} value @returns {Node | string} */
function valueNode(name, value) {
  if (name === "officers" || name === "joint_units") return entryNames(name === "officers" ? "officer" : "unit", value);
  if (value && typeof value === "object" && !Array.isArray(value)) {
    const parts = Object.entries(value);
    if (name === "feedback" && !parts.length) return t("feedback.keep");
    if (name === "plan_match" && parts.length === 1) return plainWords(parts[0][0], parts[0][1]);
    return h("span", {}, parts.map(([part, inner]) => {
      const key = `content.${name}.${part}`;
      return `${hasWords(key) ? t(key) : part} ${plainWords(part, inner)}`;
    }).join(language() === "zh" ? "，" : ", "));
  }
  return plainWords(name, value);
}

/** @param {string} name @param {any} value */
function plainWords(name, value) {
  if (typeof value === "boolean") return t(value ? "yes" : "no");
  if (name === "reason_code" && hasWords(`why.${value}`)) return t(`why.${value}`);
  if (SETS[name] && hasWords(`${SETS[name]}.${value}`)) return t(`${SETS[name]}.${value}`);
  if (typeof value === "string" && MOMENT.test(value)) return fullTime(value).slice(0, 16);
  return Array.isArray(value) ? value.join(language() === "zh" ? "、" : ", ") : String(value);
}

/** Return entries of the register by name, as far as they are known. @param {string} kind @param {string[]} keys */
export function entryNames(kind, keys) {
  const node = h("span", {}, keys.join("、"));
  void Promise.all(keys.map(async (key) => {
    const name = await nameOf(kind, key);
    return name === key ? key : `${name}（${key}）`;
  })).then((names) => write(node, names.join("、")));
  return node;
}

/** Return an action in words; one without words is returned as it is. @param {{action: string, result: string}} entry */
function actionWords({ action, result }) {
  const words = hasWords(`history.${action}`) ? t(`history.${action}`) : action;
  return action === "verified" && result === "failed" ? `${words} · ${t("check.outcome.fail")}` : words;
}

/** @param {string} at */
function when(at) {
  return h("time", { datetime: at, title: fullTime(at) }, shortTime(Date.parse(at)));
}
