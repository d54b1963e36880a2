/**
 * Check panel: one check with its code, QR picture, facts, scans, changes and all that happened under it.
 * @module
 */
import { reasonWords } from "../loop/reasons.js";
import { whatWords } from "../loop/timeline.js";
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { say, translate, t } from "../shared/i18n.js";
import { fullTime } from "../shared/times.js";
import { ChangeForm } from "./changes.js";
import { scanList, ScanForm, showQr } from "./scan.js";
import { OPEN, spelled, stateChip, worded } from "./words.js";

/** @typedef {import("./words.js").Check} Check */

const minute = (/** @type {string} */ moment) => fullTime(moment).slice(0, 16);

export class CheckPanel {
  /** @type {ChangeForm | null} */
  #changes = null;

  /** @param {string} code @param {{changed: (check: Check) => void, close: () => void, openLead: (leadId: string) => void}} acts */
  constructor(code, acts) {
    this.code = code;
    this.acts = acts;
    this.body = h("div", { class: "check-body" });
    this.message = h("p", { class: "review-message", role: "status", tabIndex: -1 });
    this.node = h("section", { class: "entry check" },
      h("header", { class: "entry-head" }, translate(h("button", { class: "button entry-back", type: "button", on: { click: () => acts.close() } }), "register.back"), h("h3", { class: "mono" }, spelled(code))), this.body, this.message);
  }

  /** Load the check. @param {{joinLead?: string}} [wish] `joinLead`: a lead that is to join it */
  async load({ joinLead } = {}) {
    try {
      this.#show(await callJson(`/v1/check-codes/${this.code}`));
      if (joinLead) this.#changes?.choose("join", { lead_id: joinLead });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      say(this.message, "bad", error.status === 404 || error.status === 422 ? "visit.unknown" : "visit.failed", { code: this.code, reason: error.message || t("login.unreachable") });
    }
  }

  /** @param {Check} check */
  #show(check) {
    const lead = (/** @type {string} */ id) => h("button", { class: "link mono", type: "button", on: { click: () => this.acts.openLead(id) } }, id);
    const rows = /** @type {[string, any][]} */ ([
      ["visit.state", stateChip(check)],
      ["visit.company", `${check.company} · ${check.uscc}`],
      ["visit.basis", worded("visit.basis", check.basis)],
      ["visit.mode", worded("visit.mode", check.mode)],
      ["visit.items", check.items.join("、")],
      ["visit.officers", check.officers.map(({ name, cert_no: number }) => `${name}（${number}）`).join("、")],
      ["visit.units", check.units.join("、")],
      ["visit.lead_id", check.lead_id || check.joined_leads.length ? h("span", {}, [check.lead_id, ...check.joined_leads].filter(Boolean).map((id) => [lead(/** @type {string} */ (id)), " "])) : ""],
      ["visit.plan_id", check.plan_id ?? ""],
      ["visit.valid", `${minute(check.valid_from)} – ${minute(check.valid_to)}`],
      ["visit.issued", `${minute(check.issued_at)} · ${check.issued_by}`],
      ["visit.approval", [check.approved_by, check.approval_ref].filter(Boolean).join(" · ")],
      ["visit.justification", check.justification || (check.justify_by ? t("visit.justify_by", { time: minute(check.justify_by) }) : "")],
      ["visit.record", check.record_sha256 ? h("code", { class: "hash" }, check.record_sha256) : ""],
      ["visit.rating", check.company_rating === null ? "" : t(`visit.rating.${check.company_rating}`)],
      ["scan.ecode", check.ecode_record_id ?? ""],
    ]);
    const qr = h("a", { class: "check-qr", href: `/jc/${check.check_code}`, target: "_blank", rel: "noopener", title: t("visit.page") });
    showQr(qr, check);
    this.#changes = new ChangeForm(check, { changed: (newer) => this.#renew(newer, "visit.change.done"), stale: () => void this.load() });
    const events = h("ol", { class: "timeline" });
    const scannable = check.mode === "on_site" && OPEN.has(check.state);
    fill(this.body,
      h("div", { class: "check-top" }, h("dl", { class: "check-facts" }, rows.filter(([, value]) => value).map(([label, value]) => [translate(h("dt"), label), h("dd", {}, value)])),
        h("div", { class: "check-show" }, qr, translate(h("p", { class: "note" }), "visit.qr.note"))),
      h("section", {}, translate(h("h4"), "visit.scans"), check.scans.length ? scanList(check, minute) : translate(h("p", { class: "note" }), "visit.scans.none"),
        scannable ? h("details", { class: "move-more" }, translate(h("summary"), "scan.open"), new ScanForm(check, { scanned: (newer) => this.#renew(newer, "scan.done") }).node) : null),
      this.#changes.node,
      h("section", { class: "history" }, h("h4", {}, translate(h("span"), "visit.trail"), " ", translate(h("a", { class: "button", href: `/v1/check-codes/${check.check_code}/trail`, download: `${check.check_code}.json` }), "visit.trail.export")), events));
    void this.#loadTrail(events);
  }

  /** @param {Check} check @param {string} said */
  #renew(check, said) {
    this.#show(check);
    say(this.message, "good", said);
    this.acts.changed(check);
  }

  /** @param {HTMLElement} list */
  async #loadTrail(list) {
    try {
      const trail = await callJson(`/v1/check-codes/${this.code}/trail`);
      const own = trail.events.map((/** @type {any} */ event) => ({ at: event.record.at, what: worded("visit.event", event.record.event), who: event.record.by, why: event.record.reason, leaf: event.log_index }));
      const leads = Object.entries(trail.leads).flatMap(([id, records]) => /** @type {any[]} */ (records).map((record) => ({ at: record.at, what: `${id} ${whatWords(record)}`, who: record.user, why: reasonWords(record.reason), leaf: null, isLead: true })));
      const all = [...own, ...leads].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
      fill(list, all.map((event) => h("li", { "data-act": event.isLead ? "proposed" : "moved" },
        h("div", { class: "timeline-head" }, h("time", { datetime: event.at }, minute(event.at)), h("span", { class: "move-what" }, event.what), h("span", { class: "move-who" }, String(event.who).replace(/^operator:/, ""))),
        h("p", { class: "move-why" }, event.why),
        event.leaf === null ? null : h("p", { class: "note" }, t("register.history.leaf", { n: event.leaf })))));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      fill(list, h("li", { class: "note" }, error.message));
    }
  }
}
