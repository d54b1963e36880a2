/**
 * Officer page: an enforcement officer's cases on a phone, without the video wall.
 * @module
 */
import { EvidenceView } from "../evidence/view.js";
import { Card } from "../leads/card.js";
import { LeadStore } from "../leads/store.js";
import { Outbox } from "../loop/outbox.js";
import { standingOf } from "../loop/people.js";
import { UndoBar } from "../loop/undobar.js";
import { goTo, pathOf } from "../shared/address.js";
import { fill, h, MARK } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, onLanguage, setLanguage, translate, t } from "../shared/i18n.js";
import { Case } from "./case.js";

const ROLE = "O";
const EVERY_MS = 30_000;
const TICK_MS = 10_000;
/** Parts of the list, each with the states of its leads; the last one takes the others. */
const GROUPS = /** @type {[string, Set<string>][]} */ ([["case.group.active", new Set(["ACCEPTED", "NON_SITE_CHECK", "ON_SITE"])], ["case.group.new", new Set(["DISPATCHED"])], ["case.group.other", new Set()]]);

export class OfficerPage {
  /** @type {import("../loop/people.js").Standing} */
  #people = { username: "", enforced: false, roles: [] };
  /** @type {Case | null} */
  #case = null;
  /** @type {string[]} */
  #ids = [];
  /** @type {Map<string, Card>} */
  #cards = new Map();
  #opening = 0;

  /** @param {{logout: () => void}} acts */
  constructor(acts) {
    this.store = new LeadStore();
    this.outbox = new Outbox(this.store);
    this.evidence = new EvidenceView({ store: this.store, outbox: this.outbox, people: () => this.#people });
    this.undo = new UndoBar(this.outbox, { open: (leadId) => goTo(`#officer/${leadId}`) });
    this.who = h("span", { class: "note" });
    this.fault = h("p", { class: "panel-error", role: "alert", hidden: true });
    this.main = h("main", { class: "officer-main" });
    this.node = h("div", { class: "officer" },
      h("header", { class: "officer-head" }, h("img", { src: MARK, alt: "" }), translate(h("h1"), "officer.name"), this.who,
        translate(h("a", { class: "quiet", href: "/" }), "officer.wall"),
        translate(h("button", { class: "quiet", type: "button", "data-act": "language", on: { click: () => setLanguage(language() === "zh" ? "en" : "zh") } }), "bar.language"),
        translate(h("button", { class: "quiet", type: "button", "data-act": "logout", on: { click: acts.logout } }), "bar.logout")),
      this.fault, this.main, this.evidence.node);
    this.store.onChange((taken) => {
      const newer = taken.find((lead) => lead.lead_id === this.#case?.lead.lead_id);
      if (newer && this.#case && newer.version > this.#case.lead.version) this.#case.show(newer);
      if (!this.#case) this.#drawList();
    });
    this.outbox.onChange((_, outcome) => { if (outcome === "sent") void this.ask(); });
    onLanguage(() => this.#follow());
    addEventListener("hashchange", () => this.#follow());
  }

  /** Start. @param {import("../shared/session.js").Operator} operator */
  async start(operator) {
    this.who.textContent = operator.username;
    this.#people = await standingOf(operator.username);
    this.#follow();
    await this.ask();
    setInterval(() => { if (!document.hidden) void this.ask(); }, EVERY_MS);
    setInterval(() => { for (const card of this.#cards.values()) card.tick(); }, TICK_MS);
  }

  /** Say above the list what failed. @param {string} key @param {Record<string, string>} values */
  say(key, values) {
    this.fault.hidden = false;
    translate(this.fault, key, values);
  }

  /** Ask which leads wait for enforcement officers. */
  async ask() {
    try {
      const { leads } = await callJson(`/v1/queue?role=${ROLE}&limit=200`);
      this.#ids = leads.map((/** @type {import("../leads/store.js").Lead} */ lead) => lead.lead_id);
      this.fault.hidden = true;
      if (!this.store.takeAll(leads) && !this.#case) this.#drawList();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (error.status === 403) this.say("case.norole", {});
      else this.say("queue.failed", { reason: error.message || t("login.unreachable") });
    }
  }

  /** Show what the address names: one case, or the list. */
  #follow() {
    const [, leadId] = pathOf(location.hash);
    this.#case?.close();
    this.#case = null;
    if (leadId) void this.#openCase(leadId);
    else this.#drawList();
  }

  /** @param {string} leadId */
  async #openCase(leadId) {
    const turn = ++this.#opening;
    fill(this.main, translate(h("p", { class: "note" }), "decide.loading"));
    try {
      const lead = await callJson(`/v1/leads/${encodeURIComponent(leadId)}`);
      if (turn !== this.#opening) return;
      this.store.take(lead);
      this.#case = new Case(lead, { store: this.store, outbox: this.outbox, people: () => this.#people, evidence: (id) => void this.evidence.open(id), close: () => goTo("#officer") });
      fill(this.main, this.#case.node);
      scrollTo(0, 0);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (turn === this.#opening) fill(this.main, h("p", { class: "panel-error" }, error.status === 404 ? t("evidence.unknown", { id: leadId }) : t("evidence.failed", { reason: error.message || t("login.unreachable") })));
    }
  }

  #drawList() {
    this.#opening += 1;
    const leads = this.#ids.map((id) => this.store.get(id)).filter((lead) => lead !== undefined);
    const taken = new Set(GROUPS.flatMap(([, states]) => [...states]));
    fill(this.main, GROUPS.map(([words, states]) => {
      const own = leads.filter((lead) => (states.size ? states.has(lead.state) : !taken.has(lead.state)));
      if (!own.length && states.size === 0) return null;
      return h("section", { class: "case-group" }, h("h2", {}, translate(h("span"), words), own.length ? h("b", { class: "tab-count" }, ` ${own.length}`) : null),
        own.length ? h("ol", { class: "lead-list" }, own.map((lead) => this.#card(lead))) : translate(h("p", { class: "note" }), "case.group.none"));
    }));
  }

  /** @param {import("../leads/store.js").Lead} lead */
  #card(lead) {
    let card = this.#cards.get(lead.lead_id);
    if (!card) {
      card = new Card(lead, (id) => goTo(`#officer/${id}`));
      this.#cards.set(lead.lead_id, card);
    }
    card.show(lead, this.store.awaited(lead.lead_id));
    return card.node;
  }
}
