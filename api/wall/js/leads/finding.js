/**
 * Finding: what a reviewer needs to judge a lead: opacity, duration, owner, probability, law and proposed disposition.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { hasWords, language, translate, t } from "../shared/i18n.js";
import { className, violationName } from "./codes.js";
import { durationWords, gradeWords, isNumber, limitWords, opacityWords, peakGradeWords, percent, reasonInWords, refusalWords, short } from "./measures.js";
import { parseReadings, readingChart } from "./readings.js";

/** @typedef {import("./store.js").Lead} Lead */
/** @typedef {import("./readings.js").Reading} Reading */
/** @typedef {{rule: string, confirmed: string, last: string, duration_s: number, grade: number | null, opacity_pct: number | null}} OpenLead */
/** @typedef {[string, string | Node | null | false, string?]} Row label key, value, class; a row without a value is not shown */

/** Larger than any series of readings; a larger file is not fetched. */
const READINGS_MOST_BYTES = 1024 * 1024;
const LAW = /^([A-Za-z]+)-(\d+)(?:\((\d+)\))?$/;

export class FindingPanel {
  /** @type {Reading[]} */
  #readings = [];
  /** The worker's report of the lead while its event goes on. @type {OpenLead | null} */
  #open = null;

  constructor() {
    this.node = h("div", { class: "finding-set" });
  }

  /** Show a lead. @param {Lead} lead */
  show(lead) {
    this.lead = lead;
    fill(this.node, figures(lead, this.#open), target(lead), disposition(lead), score(lead), legal(lead), votes(lead), series(lead, this.#readings));
  }

  /** Take over the worker's report of the lead, `null` once the event is over. @param {OpenLead | null} open */
  follow(open) {
    if (open?.duration_s === this.#open?.duration_s) return;
    this.#open = open;
    if (this.lead) this.show(this.lead);
  }

  /** Load the readings of a package, if it has any. @param {Lead} lead @param {{name: string, size: number}[]} files */
  async load(lead, files) {
    const file = files.find(({ name, size }) => name === "readings.csv" && size <= READINGS_MOST_BYTES);
    if (!file) return;
    const answer = await fetch(`/v1/evidence/${encodeURIComponent(lead.lead_id)}/files/${file.name}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    this.#readings = parseReadings(await answer.text().catch(() => ""));
    if (this.lead?.lead_id === lead.lead_id) this.show(this.lead);
  }
}

/** @param {Lead} lead @param {OpenLead | null} open */
function figures({ measure }, open) {
  const refusal = refusalWords(measure);
  const opacity = opacityWords(measure);
  const boxes = [
    gradeWords(measure) ? figure("finding.grade", gradeWords(measure), limitWords(measure), isOver(measure) ? "bad" : "none") : null,
    peakGradeWords(measure) ? figure("finding.grade.peak", peakGradeWords(measure), t("finding.grade.peak.why"), isPeakOver(measure) ? "bad" : "none") : null,
    opacity ? figure("finding.opacity", opacity, t("finding.screening")) : null,
    !opacity && refusal ? figure("finding.opacity", t("finding.none"), refusal, "warn") : null,
    !opacity && isNumber(measure.least_opacity_pct) && measure.least_opacity_pct > 0
      ? figure("finding.least.name", t("finding.least", { opacity: `${short(measure.least_opacity_pct)}%` }), t("finding.least.why")) : null,
    open
      ? figure("finding.duration", durationWords(open.duration_s), t("finding.duration.going", { what: what(measure), filed: durationWords(measure.duration_s) }), "warn")
      : figure("finding.duration", durationWords(measure.duration_s), t("finding.duration.filed", { what: what(measure) })),
    isNumber(measure.probability) ? figure("finding.probability", percent(measure.probability), t("finding.probability.why")) : null,
  ];
  return h("section", { class: "finding" },
    h("h3", {}, translate(h("span"), "finding.title"), translate(h("small"), "finding.note")),
    h("div", { class: "finding-figures" }, boxes));
}

/** Return the readings behind the figures, `null` if there are none. @param {Lead} lead @param {Reading[]} readings */
function series({ measure }, readings) {
  if (!measure.readings) return null;
  return h("section", { class: "finding" },
    h("h3", {}, translate(h("span"), "finding.readings"), translate(h("small"), "finding.readings.count", { valid: measure.readings_valid ?? 0, all: measure.readings })),
    readings.length ? /** @type {any} */ (readingChart(readings, measure.grade_limit ?? null)) : null);
}

/** @param {string} name @param {string} value @param {string} note @param {string} [tone] */
function figure(name, value, note, tone = "none") {
  return h("div", { class: "finding-figure", "data-tone": tone },
    translate(h("span", { class: "finding-name" }), name), h("strong", {}, value), note ? h("small", {}, note) : null);
}

/** Return the class with its colour: `烟 · 黑色`. @param {Lead["measure"]} measure */
function what(measure) {
  return [className(measure.class_name, language()), measure.colour ? known("colour", measure.colour) : ""].filter(Boolean).join(" · ");
}

/** @param {Lead["measure"]} measure */
function isOver({ grade, grade_limit: limit }) {
  return isNumber(grade) && isNumber(limit) && grade > limit;
}

/** @param {Lead["measure"]} measure */
function isPeakOver({ values, grade_limit: limit }) {
  return isNumber(limit) && values.peak_grade > limit;
}

/** @param {Lead} lead */
function target({ target: whose, disposition: next }) {
  if (!whose) return null;
  const isUnknown = next?.reasons.includes("unregistered") ?? false;
  return section("target.title", "target.asof", [
    ["target.name", whose.name],
    [whose.outlet ? "target.where" : "target.zone", [whose.outlet, whose.zone].filter(Boolean).join(" · ")],
    ["target.risk", whose.risk ? h("span", { class: "risk", "data-risk": whose.risk }, known("risk", whose.risk)) : ""],
    ["target.positive", whose.positive_list ? t("target.positive.yes") : ""],
    ["target.uscc", whose.uscc, "mono"],
    ["target.registry", isUnknown ? t("target.unregistered") : whose.registry_version, isUnknown ? "" : "mono"],
  ]);
}

/** @param {Lead} lead */
function disposition({ disposition: next, legal: law }) {
  if (!next) return null;
  const each = (/** @type {string} */ set, /** @type {string[]} */ codes) => codes.map((code) => known(set, code)).join(language() === "zh" ? "；" : "; ");
  return section("disposition.title", null, [
    ["disposition.action", h("span", { class: "action", "data-action": next.action }, known("disposition", next.action))],
    ["disposition.why", each("reason", next.reasons)],
    ["disposition.basis", law ? h("span", {}, articlesOf(law), " ", confirmation(law)) : ""],
    ["disposition.approval.name", next.approval_required ? t("disposition.approval") : ""],
    ["disposition.notify", each("notify", next.notify)],
  ]);
}

/** Return how the priority is computed: each factor with its points. @param {Lead} lead */
function score({ factors, score: sum, priority }) {
  if (!factors?.length) return null;
  return section("score.title", null, [
    ...factors.map(({ name, points, says }) => /** @type {Row} */ ([
      `factor.${name}`, [points < 0 ? `−${-points}` : `+${points}`, factorWords(name, says)].filter(Boolean).join(" · "), "num"])),
    ["=", t("score.sum", { score: sum, priority })],
    ["=", h("small", {}, t("score.absent"))],
  ]);
}

/** Return the input of a factor in words. @param {string} name @param {string} says */
function factorWords(name, says) {
  if (!says) return hasWords(`factor.${name}.none`) ? t(`factor.${name}.none`) : "";
  if (name === "risk") return known("risk", says);
  if (name === "alert") return known("level", says);
  if (name === "severity") return violationName(says, language());
  return name === "validity" ? reasonInWords(says) : says;
}

/** @param {Lead} lead */
function legal({ legal: law }) {
  if (!law) return null;
  return section("legal.title", confirmation(law), [
    ["legal.basis", articlesOf(law)],
    ["legal.penalty", law.penalty_zh ? h("span", { lang: "zh-CN" }, law.penalty_zh) : ""],
    ["legal.authority", law.authority.split("、").filter(Boolean).map((one) => known("authority", one)).join(language() === "zh" ? "、" : ", ")],
    ["legal.in_force", t("legal.in_force.value", { day: law.in_force_at })],
  ]);
}

/** @param {NonNullable<Lead["legal"]>} law */
function articlesOf(law) {
  if (language() === "zh") return law.text_zh || law.basis.map(articleWords).join("、");
  return lawWords(law.basis).join("; ");
}

/** @param {NonNullable<Lead["legal"]>} law */
function confirmation(law) {
  return law.confirmed_by ? translate(h("small", { class: "confirmed" }), "legal.confirmed", { who: law.confirmed_by }) : translate(h("small", { class: "unconfirmed" }), "legal.unconfirmed");
}

/** @param {Lead} lead */
function votes({ votes: all }) {
  if (!all?.length) return null;
  return section("votes.title", translate(h("small"), "votes.count", { n: all.length }), all.map(({ source, name, says }) =>
    /** @type {Row} */ ([`votes.${source}`, [known("vote", name), source === "model" ? seenWords(says) : says].filter(Boolean).join(language() === "zh" ? "：" : ": ")])));
}

/** Return a model's vote with its class in words: `smoke 0.76` to `烟 0.76`. @param {string} says */
function seenWords(says) {
  const [name, ...rest] = says.split(" ");
  return [className(name, language()), ...rest].join(" ");
}

/**
 * Return articles in words, each law named once: `Code-1107`, `Code-221` to `Ecological and Environmental Code, art. 1107, 221`.
 * @param {string[]} codes @returns {string[]}
 */
function lawWords(codes) {
  /** @type {Map<string, string[]>} */
  const laws = new Map();
  for (const code of codes) {
    const [, name, article, item] = LAW.exec(code) ?? [];
    const law = `legal.law.${name}`;
    const isKnown = hasWords(law);
    const key = isKnown ? t(law) : code;
    laws.set(key, [...(laws.get(key) ?? []), ...(isKnown ? [article + (item ? t("legal.item", { item }) : "")] : [])]);
  }
  return [...laws].map(([law, articles]) => (articles.length ? t("legal.article", { law, article: articles.join(", ") }) : law));
}

/** Return an article of a law in words: `Code-1107` to 《生态环境法典》第1107条. @param {string} code */
function articleWords(code) {
  const parts = LAW.exec(code);
  const law = `legal.law.${parts?.[1]}`;
  if (!parts || !hasWords(law)) return code;
  return t("legal.article", { law: t(law), article: parts[2] }) + (parts[3] ? t("legal.item", { item: parts[3] }) : "");
}

/** @param {string} title @param {string | Node | null} note words' key, or a node @param {Row[]} rows */
function section(title, note, rows) {
  return h("section", { class: "facts" },
    h("h3", {}, translate(h("span"), title), typeof note === "string" ? translate(h("small"), note) : note),
    h("dl", {}, rows.filter(([, value]) => value).map(([label, value, kind]) => [
      hasWords(label) ? translate(h("dt"), label) : h("dt", {}, label === "=" ? "" : label),
      h("dd", { class: kind ?? "" }, value),
    ])));
}

/** Return the words for a closed set's value; a value without words is returned as it is. @param {string} set @param {string} value */
function known(set, value) {
  const key = `${set}.${value}`;
  return hasWords(key) ? t(key) : value;
}
