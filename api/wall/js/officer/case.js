/**
 * Case: one lead on an officer's phone: the way there, the code, the scan, photos and record, then the move.
 * @module
 */
import { IssueForm, placeOf } from "../checks/issue.js";
import { scanList, ScanForm, showQr } from "../checks/scan.js";
import { OPEN, spelled, stateChip } from "../checks/words.js";
import { leadTitle } from "../leads/codes.js";
import { LeadPanel } from "../loop/panel.js";
import { Timeline } from "../loop/timeline.js";
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, translate, t } from "../shared/i18n.js";
import { fullTime } from "../shared/times.js";
import { VisitRecord } from "./record.js";
import { routeNode } from "./route.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {import("../checks/words.js").Check} Check */

const minute = (/** @type {string} */ moment) => fullTime(moment).slice(0, 16);
/** States in which an officer is at the enterprise, or about to be. */
const VISITS = new Set(["ACCEPTED", "NON_SITE_CHECK", "ON_SITE"]);

export class Case {
  /** What is attached to the visit, kept while the lead changes. */
  #record;
  #state = "";

  /** @param {Lead} lead @param {{store: import("../leads/store.js").LeadStore, outbox: import("../loop/outbox.js").Outbox, people: () => import("../loop/people.js").Standing, evidence: (leadId: string) => void, close: () => void}} parts */
  constructor(lead, parts) {
    this.lead = lead;
    this.parts = parts;
    this.panel = new LeadPanel(lead, { outbox: parts.outbox, people: parts.people, changed: (newer) => parts.store.take(newer) });
    this.timeline = new Timeline(lead);
    this.#record = new VisitRecord(lead, { changed: (attachments) => this.panel.offer({ attachments: attachments.length ? attachments : undefined }) });
    this.route = h("div");
    this.code = h("div", { class: "case-code" });
    this.scan = h("div");
    this.codeStep = this.#step("case.code", this.code);
    this.scanStep = this.#step("case.scan", this.scan);
    this.recordStep = this.#step("case.photos", this.#record.node);
    this.chip = h("span", { class: "chip" });
    this.node = h("article", { class: "case", "data-lead": lead.lead_id },
      h("header", { class: "case-head" }, translate(h("button", { class: "button", type: "button", "data-act": "case-back", on: { click: () => parts.close() } }), "case.back"),
        h("h2", {}, leadTitle(lead, language())), this.chip, h("span", { class: "priority", "data-priority": lead.priority }, lead.priority)),
      h("p", { class: "note mono" }, lead.lead_id),
      this.#step("case.where", this.route), this.codeStep, this.scanStep, this.recordStep, this.panel.node,
      h("details", { class: "move-more" }, translate(h("summary"), "history.title"), this.timeline.node),
      translate(h("button", { class: "button wide", type: "button", "data-act": "case-evidence", on: { click: () => parts.evidence(lead.lead_id) } }), "case.evidence"));
    void this.#find();
    this.#follow(lead);
  }

  /** Stop following. */
  close() {
    this.panel.close();
    this.timeline.close();
  }

  /** Show a newer version of the lead. @param {Lead} lead */
  show(lead) {
    this.panel.show(lead);
    this.#follow(lead);
  }

  /** @param {Lead} lead */
  #follow(lead) {
    this.lead = lead;
    this.chip.textContent = t(`state.${lead.state}`);
    this.chip.dataset.state = lead.state;
    void this.timeline.load(lead);
    const visiting = VISITS.has(lead.state);
    this.codeStep.hidden = !visiting;
    this.recordStep.hidden = lead.state !== "ON_SITE" && lead.state !== "NON_SITE_CHECK";
    if (this.#state === lead.state) return;
    this.#state = lead.state;
    if (visiting) void this.#loadCode();
    else this.scanStep.hidden = true;
  }

  /** Show where to go: the enterprise's registered place, else the lead's. */
  async #find() {
    const { target, place, camera } = this.lead;
    const known = await placeOf(target?.uscc ?? "");
    fill(this.route, routeNode({
      name: known?.name || target?.name || target?.zone || camera.name || camera.id,
      address: known?.address || [place.town, place.division].filter(Boolean).join(" "),
      lon: known?.lon ?? place.lon, lat: known?.lat ?? place.lat,
    }));
  }

  /** Show the lead's open code, or the form that asks for one. */
  async #loadCode() {
    try {
      const { checks } = await callJson(`/v1/check-codes?lead=${encodeURIComponent(this.lead.lead_id)}`);
      const open = checks.find((/** @type {Check} */ check) => OPEN.has(check.state));
      if (open) this.#showCheck(open);
      else this.#askCode();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      fill(this.code, h("p", { class: "panel-error" }, t("visit.failed", { reason: error.message || t("login.unreachable") })));
    }
  }

  #askCode() {
    this.scanStep.hidden = true;
    const form = new IssueForm({ issued: (check) => this.#issued(check), join: (code, leadId) => void this.#join(code, leadId) }, { username: this.parts.people().username });
    form.about(this.lead);
    fill(this.code, h("details", { class: "move-more" }, translate(h("summary", { "data-act": "case-issue" }), "visit.new"), form.node));
  }

  /** @param {Check} check */
  #issued(check) {
    this.#showCheck(check);
    void this.panel.show(this.lead);
  }

  /** Let the lead join a code that is open for the enterprise. @param {string} code @param {string} leadId */
  async #join(code, leadId) {
    try {
      const check = await callJson(`/v1/check-codes/${code}`);
      this.#issued(await callJson(`/v1/check-codes/${code}/changes`, { method: "POST", json: { join: { lead_id: leadId }, reason: t("visit.reason.lead") }, headers: { "If-Match": `"${check.version}"` } }));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.code.append(h("p", { class: "review-message", "data-tone": "bad" }, error.message));
    }
  }

  /** @param {Check} check */
  #showCheck(check) {
    const qr = h("a", { class: "check-qr", href: `/jc/${check.check_code}`, target: "_blank", rel: "noopener", title: t("visit.page") });
    showQr(qr, check);
    fill(this.code, h("p", { class: "case-code-line" }, h("strong", { class: "mono", "data-code": check.check_code }, spelled(check.check_code)), stateChip(check)),
      qr, h("p", { class: "note" }, `${t("visit.qr.note")} · ${t("visit.valid_to")} ${minute(check.valid_to)}`),
      h("p", {}, check.officers.map(({ name, cert_no: number }) => `${name}（${number}）`).join("、")));
    this.scanStep.hidden = check.mode !== "on_site";
    fill(this.scan, check.scans.length ? scanList(check, minute) : null,
      check.scans.length
        ? h("details", { class: "move-more" }, translate(h("summary"), "case.scan.again"), new ScanForm(check, { scanned: (newer) => this.#showCheck(newer) }).node)
        : new ScanForm(check, { scanned: (newer) => this.#issued(newer) }).node);
  }

  /** @param {string} words @param {HTMLElement} body */
  #step(words, body) {
    return h("section", { class: "case-step" }, translate(h("h3"), words), body);
  }
}
