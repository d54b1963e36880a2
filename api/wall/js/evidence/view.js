/**
 * Evidence view: one lead with its clip, stills, values, files, checks, moves and history.
 * @module
 */
import { leadTitle } from "../leads/codes.js";
import { CorrectionPanel } from "../leads/correction.js";
import { factTables } from "../leads/facts.js";
import { FindingPanel } from "../leads/finding.js";
import { LeadPanel } from "../loop/panel.js";
import { Timeline } from "../loop/timeline.js";
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, onLanguage, translate, t } from "../shared/i18n.js";
import { Admissibility } from "./admissibility.js";
import { FileList } from "./files.js";
import { Integrity } from "./integrity.js";
import { RedactionEditor } from "./redactioneditor.js";
import { RedactionList } from "./redactionlist.js";
import { reportBanner } from "./report.js";
import { Viewer } from "./viewer.js";

/** @typedef {import("../leads/store.js").Lead} Lead */

/** @typedef {import("./files.js").PackageFile} PackageFile */

const ORDER = ["original", "derived", ""];
/** A package up to this size is checked when it is opened, a larger one on request. */
const CHECKED_AT_ONCE_BYTES = 128 * 1024 * 1024;

export class EvidenceView {
  /** @type {Lead | null} */
  #lead = null;
  /** @type {any} */
  #manifest = null;
  /** @type {Viewer | null} */
  #viewer = null;
  /** @type {RedactionEditor | null} */
  #redaction = null;
  /** @type {LeadPanel | null} */
  #review = null;
  /** @type {Timeline | null} */
  #history = null;
  /** @type {CorrectionPanel | null} */
  #corrections = null;
  #finding = new FindingPanel();
  /** @type {Admissibility | null} */
  #admissibility = null;
  /** The printed report whose QR code opened the lead. @type {import("./report.js").PrintedReport | null} */
  #report = null;
  /** Part of the page's address after the `#` when the lead was opened. */
  #address = "";
  /** Counts openings and closings: an answer to an earlier one is dropped. */
  #opening = 0;

  /**
   * @param {object} parts
   * @param {import("../leads/store.js").LeadStore} parts.store
   * @param {import("../loop/outbox.js").Outbox} parts.outbox
   * @param {() => import("../loop/people.js").Standing} parts.people the operator's roles
   * @param {() => void} [parts.closed] called when the view closes
   */
  constructor({ store, outbox, people, closed = () => {} }) {
    this.store = store;
    this.outbox = outbox;
    this.people = people;
    this.closed = closed;
    this.what = h("h2", { id: "evidence-title" });
    this.chip = h("span", { class: "chip" });
    this.priority = h("span", { class: "priority" });
    this.code = h("span", { class: "mono evidence-id" });
    this.left = h("div", { class: "evidence-left" });
    this.right = h("div", { class: "evidence-right" });
    this.banner = h("div", { class: "evidence-banner" });
    this.facts = h("div", { class: "fact-tables" });
    this.node = /** @type {HTMLDialogElement} */ (h("dialog", { class: "evidence", "aria-labelledby": "evidence-title" },
      h("header", { class: "evidence-head" }, this.what, this.chip, this.priority, this.code,
        translate(h("button", { class: "quiet", type: "button", "data-act": "close", on: { click: () => this.node.close() } }), "close"),
        // saves about forty presses of Tab through player, pictures and files
        translate(h("button", { class: "quiet unseen-until-focused", type: "button", "data-act": "review", on: { click: () => this.#review?.focus() } }), "decide.go")),
      this.banner,
      h("div", { class: "evidence-body" }, this.left, this.right)));
    this.node.addEventListener("close", () => {
      this.#clear();
      this.closed();
      if (history.state?.lead) history.back();
    });
    if (history.state?.lead) history.replaceState(null, ""); // left over from before a reload
    addEventListener("popstate", () => {
      if (location.hash && location.hash !== this.#address) return; // another page, or the link of a printed report
      const lead = history.state?.lead;
      if (!lead) this.node.close();
      else if (!this.node.open) void this.open(lead);
    });
    this.node.addEventListener("click", (event) => { if (event.target === this.node) this.node.close(); });
    store.onChange((taken) => {
      const newer = taken.find((lead) => lead.lead_id === this.#lead?.lead_id);
      if (newer) this.#renew(newer);
    });
    onLanguage(() => { if (this.#lead) this.#describe(this.#lead); });
  }

  /** @returns {string | null} id of the lead that is open */
  get shown() {
    return this.#lead?.lead_id ?? null;
  }

  /** Open the form of a move of the lead that is shown. @param {number} place of the move, from 1 */
  choose(place) {
    this.#review?.choose(place);
  }

  /** @param {string} leadId @param {import("./report.js").PrintedReport | null} [report] the printed report that opened it */
  async open(leadId, report = null) {
    this.#clear();
    const opening = this.#opening;
    this.#report = report;
    this.#address = location.hash;
    if (!this.node.open) this.node.showModal();
    if (!report) mark(leadId);
    this.#anticipate(leadId);
    try {
      const lead = /** @type {Lead} */ (await callJson(`/v1/leads/${encodeURIComponent(leadId)}`));
      if (opening !== this.#opening || !this.node.open) return;
      this.#lead = lead;
      this.store.take(lead);
      await this.#show(lead);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (opening !== this.#opening) return;
      const [key, values] = error.status === 404 ? ["evidence.unknown", { id: leadId }] : ["evidence.failed", { reason: error.message || t("login.unreachable") }];
      write(this.code, leadId);
      fill(this.left, translate(h("p", { class: "panel-error", role: "alert" }), key, values));
    }
  }

  /** Show what the queue knows of a lead while its package loads. @param {string} leadId */
  #anticipate(leadId) {
    const known = this.store.get(leadId);
    fill(this.left, known ? stillOf(known) : null, translate(h("p", { class: "note" }), "evidence.loading"));
    if (!known) return;
    this.#lead = known;
    this.#describe(known);
    fill(this.right, this.#finding.node, this.facts);
  }

  /** @param {Lead} lead */
  async #show(lead) {
    const opening = this.#opening;
    if (this.#report) fill(this.banner, reportBanner(this.#report, lead));
    this.#review = new LeadPanel(lead, { outbox: this.outbox, people: this.people, changed: (newer) => this.store.take(newer) });
    this.#history = new Timeline(lead);
    void this.#history.load(lead);
    this.#corrections = new CorrectionPanel(lead, (newer) => this.store.take(newer));
    void this.#corrections.load(lead);
    this.#describe(lead);
    if (!lead.evidence) {
      fill(this.left, stillOf(lead), translate(h("p", { class: "pending", role: "status" }), "evidence.pending"));
      fill(this.right, this.#review.node, this.#finding.node, this.#history.node, this.facts);
      return;
    }
    fill(this.right, this.#review.node, this.#finding.node, this.facts);
    const { manifest, files } = await readPackage(lead.lead_id);
    if (opening !== this.#opening) return;
    this.#manifest = manifest;
    this.#describe(lead);
    void this.#finding.load(lead, files);
    const viewer = new Viewer(lead, manifest, files);
    this.#viewer = viewer;
    const copies = new RedactionList(lead.lead_id, (clips) => viewer.offer(clips));
    void copies.load();
    const redaction = new RedactionEditor(lead.lead_id, viewer, () => void copies.load());
    this.#redaction = redaction;
    const list = new FileList(lead, files, copies.node);
    const admissibility = new Admissibility(lead, manifest, files);
    const names = (manifest?.files ?? []).map((/** @type {PackageFile} */ file) => file.name);
    const integrity = new Integrity(lead, names, { browser: (check) => list.show(check), server: (result) => admissibility.verified(result) });
    this.#admissibility = admissibility;
    void admissibility.load(lead);
    fill(this.left, h("div", {}, viewer.node, redaction.node), list.node);
    // inserted around the review, so that a field being filled in keeps the focus
    this.facts.before(admissibility.node, integrity.node);
    this.right.append(this.#history.node, this.#corrections.node);
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (bytes <= CHECKED_AT_ONCE_BYTES) await integrity.run();
  }

  /** Take over the cameras' state: the lead's event may still be going on. @param {import("../fleet/cameras.js").CameraView[]} views */
  hear(views) {
    const lead = this.#lead;
    if (!lead) return;
    const health = views.find(({ camera }) => camera.id === lead.camera.id)?.health;
    const open = (health?.open_leads ?? []).find(({ rule, confirmed }) => rule === lead.rule.id && confirmed === lead.event.confirmed);
    this.#finding.follow(open ?? null);
  }

  /** Show a newer version of the open lead. @param {Lead} lead */
  #renew(lead) {
    const filed = lead.evidence && !this.#lead?.evidence;
    this.#lead = lead;
    if (filed) this.open(lead.lead_id, this.#report);
    else {
      this.#describe(lead);
      if (this.#review && lead.version > this.#review.lead.version) this.#review.show(lead);
      void this.#history?.load(lead);
      void this.#corrections?.load(lead);
      void this.#admissibility?.load(lead);
    }
  }

  /** @param {Lead} lead */
  #describe(lead) {
    write(this.what, `${leadTitle(lead, language())} · ${lead.camera.name || lead.camera.id}`);
    write(this.chip, t(`state.${lead.state}`));
    this.chip.dataset.state = lead.state;
    write(this.priority, lead.priority);
    this.priority.dataset.priority = lead.priority;
    write(this.code, lead.lead_id);
    this.#finding.show(lead);
    this.#admissibility?.render();
    fill(this.facts, factTables(lead, this.#manifest));
  }

  #clear() {
    this.#opening += 1;
    this.#redaction?.end();
    this.#redaction = null;
    this.#viewer?.close();
    this.#viewer = null;
    this.#review?.close();
    this.#review = null;
    this.#history?.close();
    this.#history = null;
    this.#corrections = null;
    this.#admissibility = null;
    this.#finding = new FindingPanel();
    this.#lead = null;
    this.#report = null;
    this.#manifest = null;
    for (const node of [this.what, this.chip, this.priority, this.code]) write(node, "");
    fill(this.banner);
    fill(this.left);
    fill(this.right);
  }
}

/** Return the still of a lead; it removes itself if the server has none. @param {Lead} lead */
function stillOf(lead) {
  const still = h("img", { class: "pending-still", alt: "", src: `/v1/leads/${encodeURIComponent(lead.lead_id)}/still.jpg`, on: { error: () => still.remove() } });
  return still;
}

/**
 * Return a package's manifest and files. Those of a package that was tampered with may be unreadable; it is shown all the
 * same, because then its check matters most.
 * @param {string} leadId
 * @returns {Promise<{manifest: any, files: PackageFile[]}>}
 */
async function readPackage(leadId) {
  const folder = `/v1/evidence/${encodeURIComponent(leadId)}`;
  const [manifest, list] = await Promise.all([orNull(callJson(folder)), orNull(callJson(`${folder}/files`))]);
  const roles = new Map((manifest?.files ?? []).map((/** @type {PackageFile} */ file) => [file.name, file.role]));
  const files = (list?.files ?? manifest?.files ?? []).map((/** @type {PackageFile} */ file) => ({ ...file, role: roles.get(file.name) ?? "" }));
  // originals first: only they are evidence
  files.sort((/** @type {PackageFile} */ a, /** @type {PackageFile} */ b) => ORDER.indexOf(a.role) - ORDER.indexOf(b.role) || (a.name < b.name ? -1 : 1));
  return { manifest, files };
}

/** Add an entry to the browser's history, so that Back closes the lead and does not leave the wall. @param {string} leadId */
function mark(leadId) {
  if (history.state?.lead) history.replaceState({ lead: leadId }, "");
  else history.pushState({ lead: leadId }, "");
}

/** Await a promise; return `null` if the server refuses or its answer is not JSON. @param {Promise<any>} promised */
async function orNull(promised) {
  try {
    return await promised;
  } catch (error) {
    if (error instanceof ApiProblem) return null;
    throw error;
  }
}
