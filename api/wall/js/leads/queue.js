/**
 * Queue: the list of leads beside the grid, newest first.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { language, onLanguage, translate, t } from "../shared/i18n.js";
import { agoWords, dayOf, serverClock, shortTime } from "../shared/times.js";
import { isCodeProposed, leadTitle, violationNumber } from "./codes.js";
import { keyFigure } from "./measures.js";

/** @typedef {import("./store.js").Lead} Lead */
/** @typedef {import("./store.js").Filter} Filter */

const FILTERS = /** @type {[Filter, string][]} */ ([["open", "leads.waiting"], ["done", "leads.done"], ["all", "leads.all"]]);
const FRESH_MS = 20_000;
/** Leads shown at first and added on each request: thousands may be open, and a card has about twenty elements. */
const SHOWN_STEP = 200;

export class LeadQueue {
  /** @type {Map<string, Card>} */
  #cards = new Map();
  /** @type {Filter} */
  #filter = "open";
  #shown = SHOWN_STEP;
  #older = false;
  /** Position in the list of the lead that was opened last. */
  #openedAt = 0;
  /** The current day, whose date the cards leave out. */
  #today = "";

  /**
   * @param {import("./store.js").LeadStore} store
   * @param {{open: (id: string) => void, more: () => Promise<boolean>}} acts `more` loads older leads and returns whether there are still more
   */
  constructor(store, acts) {
    this.store = store;
    this.acts = acts;
    this.list = h("ol", { class: "lead-list" });
    this.empty = h("div", { class: "empty" });
    this.more = /** @type {HTMLButtonElement} */ (translate(h("button", { class: "quiet wide", hidden: true, on: { click: () => this.#loadMore() } }), "leads.more"));
    this.count = h("span", { class: "count" });
    this.error = h("p", { class: "panel-error", role: "alert", hidden: true });
    this.announcer = h("p", { class: "unseen", "aria-live": "assertive" });
    this.filters = FILTERS.map(([filter, key]) =>
      translate(h("button", { class: "segment", "aria-pressed": String(filter === this.#filter), "data-filter": filter, on: { click: () => this.filter(filter) } }), key));
    this.node = h("aside", { class: "queue" },
      h("header", { class: "queue-head" },
        h("h2", {}, translate(h("span"), "leads.title"), this.count),
        h("div", { class: "segments", role: "group" }, this.filters)),
      this.error,
      h("div", { class: "queue-body", on: { keydown: (event) => this.#onKey(event) } }, this.list, this.empty, this.more),
      this.announcer);
    store.onChange(() => this.render());
    onLanguage(() => {
      for (const card of this.#cards.values()) card.render();
      this.render();
    });
    this.render();
  }

  /** @param {Filter} filter */
  filter(filter) {
    this.#filter = filter;
    this.#shown = SHOWN_STEP;
    for (const button of this.filters) button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    this.render();
  }

  /** Highlight a new lead and announce it to screen readers. @param {Lead} lead */
  announce(lead) {
    const what = leadTitle(lead, language());
    write(this.announcer, t("leads.new", { what, camera: lead.camera.name || lead.camera.id }));
    this.#cards.get(lead.lead_id)?.highlight();
  }

  /** Show that leads could not be loaded; `null` removes the message. @param {string | null} reason */
  fault(reason) {
    this.error.hidden = reason === null;
    if (reason !== null) translate(this.error, "leads.failed", { reason });
  }

  /** Set whether there are older leads to load. @param {boolean} are */
  offerMore(are) {
    this.#older = are;
    this.render();
  }

  /** Update the ages, and the times when a new day begins. */
  tick() {
    const today = dayOf(serverClock.now());
    const isNew = today !== this.#today;
    this.#today = today;
    for (const card of this.#cards.values()) {
      if (isNew) card.render();
      else card.tick();
    }
  }

  /** Show the leads of the store. */
  render() {
    const leads = this.store.list(this.#filter);
    write(this.count, this.store.waiting || !this.store.whole ? this.store.waitingFigure : "");
    const nodes = leads.slice(0, this.#shown).map((lead) => {
      let card = this.#cards.get(lead.lead_id);
      if (!card) {
        card = new Card(lead, (id) => this.#open(id));
        this.#cards.set(lead.lead_id, card);
      } else card.show(lead);
      return card.node;
    });
    arrange(this.list, nodes);
    // all open leads are loaded anyway: those loaded on request are handled ones
    this.more.hidden = leads.length <= this.#shown && (this.#filter === "open" || !this.#older);
    this.empty.hidden = leads.length > 0 || !this.store.whole;
    if (!this.empty.hidden) {
      const none = this.store.list().length === 0;
      fill(this.empty, none
        ? [translate(h("strong"), "leads.empty"), translate(h("p"), "leads.empty.how")]
        : [translate(h("p"), "leads.empty.filter")]);
    }
  }

  /** Put the focus where the last opened lead was in the list, if that lead has left it. */
  resume() {
    if (document.activeElement !== document.body) return;
    const buttons = this.list.querySelectorAll("button");
    const next = buttons[Math.min(this.#openedAt, buttons.length - 1)] ?? this.filters.find((button) => button.dataset.filter === this.#filter);
    next?.focus();
  }

  /** @param {string} id */
  #open(id) {
    this.#openedAt = [...this.list.children].findIndex((node) => node instanceof HTMLElement && node.dataset.lead === id);
    this.acts.open(id);
  }

  async #loadMore() {
    if (this.store.list(this.#filter).length <= this.#shown) {
      this.more.disabled = true;
      try {
        this.#older = await this.acts.more();
      } finally {
        this.more.disabled = false;
      }
    }
    this.#shown += SHOWN_STEP;
    this.render();
  }

  /** @param {Event} event */
  #onKey(event) {
    const { key } = /** @type {KeyboardEvent} */ (event);
    if (key !== "ArrowDown" && key !== "ArrowUp") return;
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const next = buttons[at + (key === "ArrowDown" ? 1 : -1)];
    if (next) {
      next.focus();
      event.preventDefault();
    }
  }
}

/** Make `nodes` the children of `parent` in this order, changing only what differs. @param {Element} parent @param {Element[]} nodes */
function arrange(parent, nodes) {
  nodes.forEach((node, i) => {
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null);
  });
  while (parent.children.length > nodes.length) parent.lastElementChild?.remove();
}

class Card {
  #stillOf = "";

  /** @param {Lead} lead @param {(id: string) => void} open */
  constructor(lead, open) {
    this.lead = lead;
    this.still = /** @type {HTMLImageElement} */ (h("img", { class: "lead-still", alt: "", hidden: true, on: {
      load: () => { this.still.hidden = false; },
      error: () => { this.still.hidden = true; },
    } }));
    this.title = h("strong", { class: "lead-what" });
    this.number = h("span", { class: "lead-code" });
    this.priority = h("span", { class: "priority" });
    this.camera = h("span", { class: "lead-camera" });
    this.chip = h("span", { class: "chip" });
    this.time = h("time", { class: "lead-time" });
    this.age = h("span", { class: "lead-age" });
    this.peak = h("span", { class: "lead-peak" });
    this.risk = h("span", { class: "risk" });
    this.owner = h("span", { class: "lead-owner-name" });
    this.next = h("span", { class: "action" });
    this.whose = h("span", { class: "lead-row lead-owner", hidden: true }, this.risk, this.owner, this.next);
    this.button = h("button", { class: "lead", type: "button", on: { click: () => open(this.lead.lead_id) } },
      h("span", { class: "lead-frame" }, this.still),
      h("span", { class: "lead-text" },
        h("span", { class: "lead-row" }, this.title, this.number, this.priority),
        h("span", { class: "lead-row" }, this.camera, this.peak),
        this.whose,
        h("span", { class: "lead-row" }, this.chip, h("span", { class: "lead-when" }, this.time, this.age))));
    this.node = h("li", { "data-lead": lead.lead_id }, this.button);
    this.render();
  }

  /** @param {Lead} lead */
  show(lead) {
    if (this.lead === lead) return;
    this.lead = lead;
    this.render();
  }

  /** Highlight it for a while. */
  highlight() {
    this.node.classList.add("fresh");
    setTimeout(() => this.node.classList.remove("fresh"), FRESH_MS);
  }

  render() {
    const { lead } = this;
    const what = leadTitle(lead, language());
    const camera = lead.camera.name || lead.camera.id;
    const when = Date.parse(lead.event.start);
    write(this.title, what);
    const number = violationNumber(lead.violation_code);
    write(this.number, isCodeProposed(lead) ? t("lead.code.proposed", { number }) : number);
    this.number.title = isCodeProposed(lead) ? t("reason.code_proposed") : "";
    write(this.priority, lead.priority);
    this.priority.dataset.priority = lead.priority;
    write(this.camera, camera);
    write(this.chip, t(`state.${lead.state}`));
    this.chip.dataset.state = lead.state;
    write(this.time, shortTime(when));
    this.time.setAttribute("datetime", lead.event.start);
    const figure = keyFigure(lead.measure);
    write(this.peak, figure.value);
    this.peak.title = figure.title;
    const whose = this.#showOwner();
    const said = [t("leads.open", { what, camera, time: shortTime(when) }), t(`state.${lead.state}`), lead.priority, `${figure.title} ${figure.value}`, ...whose];
    this.button.setAttribute("aria-label", said.join(" · "));
    this.#showStill();
    this.tick();
  }

  tick() {
    write(this.age, agoWords((serverClock.now() - Date.parse(this.lead.event.start)) / 1000));
  }

  /** Show owner and disposition; return the same as texts for screen readers. @returns {string[]} */
  #showOwner() {
    const { target, disposition } = this.lead;
    const owner = [target?.name || target?.zone, target?.outlet].filter(Boolean).join(" · ");
    const next = disposition && disposition.action !== "lead" ? t(`disposition.${disposition.action}.short`) : "";
    this.whose.hidden = !owner && !next;
    this.risk.hidden = !target?.risk;
    this.risk.dataset.risk = target?.risk ?? "";
    this.risk.title = target?.risk ? t(`risk.${target.risk}`) : "";
    write(this.owner, owner);
    this.owner.title = owner;
    this.next.hidden = !next;
    this.next.dataset.action = disposition?.action ?? "";
    write(this.next, next);
    return [owner, this.risk.title, next].filter(Boolean);
  }

  #showStill() {
    const of = `${this.lead.lead_id}/${Boolean(this.lead.evidence)}`;
    if (of === this.#stillOf) return;
    this.#stillOf = of;
    this.still.src = stillAddress(this.lead);
  }
}

/** Return the address of a lead's still. @param {Lead} lead */
export function stillAddress(lead) {
  return `/v1/leads/${encodeURIComponent(lead.lead_id)}/still.jpg`;
}
