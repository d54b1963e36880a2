/**
 * Queue: the list of leads beside the grid: all of them, newest first, or those that wait for the operator's roles.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { language, onLanguage, translate, t } from "../shared/i18n.js";
import { dayOf, serverClock } from "../shared/times.js";
import { Card } from "./card.js";
import { leadTitle } from "./codes.js";

/** @typedef {import("./store.js").Lead} Lead */
/** @typedef {import("./store.js").Filter} Filter */
/** @typedef {"mine" | "due" | "overdue"} Tab a part of what waits for the operator's roles */

const FILTERS = /** @type {[Filter, string][]} */ ([["open", "leads.waiting"], ["done", "leads.done"], ["all", "leads.all"]]);
const TABS = /** @type {Tab[]} */ (["mine", "due", "overdue"]);
/** Leads shown at first and added on each request: thousands may be open, and a card has about twenty elements. */
const SHOWN_STEP = 200;

export class LeadQueue {
  /** @type {Map<string, Card>} */
  #cards = new Map();
  /** @type {Filter | Tab} */
  #filter = "open";
  /** Ids of the leads that wait, by tab. @type {Record<Tab, string[]>} */
  #waits = { mine: [], due: [], overdue: [] };
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
    this.figures = new Map(TABS.map((tab) => [tab, h("b", { class: "tab-count" })]));
    this.tabs = TABS.map((tab) => h("button", { class: "segment", "aria-pressed": "false", "data-filter": tab, on: { click: () => this.filter(tab) } },
      translate(h("span"), `queue.${tab}`), " ", this.figures.get(tab)));
    this.roles = h("div", { class: "queue-roles" }, translate(h("div", { class: "segments", role: "group" }, this.tabs), "queue.tabs", {}, "aria-label"));
    this.foot = h("footer", { class: "queue-foot" });
    this.node = h("aside", { class: "queue" },
      h("header", { class: "queue-head" },
        h("h2", {}, translate(h("span"), "leads.title"), this.count),
        h("div", { class: "segments", role: "group" }, this.filters)),
      this.roles,
      this.error,
      h("div", { class: "queue-body", on: { keydown: (event) => this.#onKey(event) } }, this.list, this.empty, this.more),
      this.foot, this.announcer);
    store.onChange(() => this.render());
    onLanguage(() => {
      for (const card of this.#cards.values()) card.render();
      this.render();
    });
    this.render();
  }

  /** @param {Filter | Tab} filter */
  filter(filter) {
    this.#filter = filter;
    this.#shown = SHOWN_STEP;
    for (const button of [...this.filters, ...this.tabs]) button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    this.render();
  }

  /** Take over which leads wait for the operator's roles, the most urgent first. @param {Record<Tab, string[]>} waits @param {boolean} isWhole false: there are more than these */
  offer(waits, isWhole) {
    this.#waits = waits;
    for (const [tab, figure] of this.figures) {
      write(figure, waits[tab].length ? `${waits[tab].length}${isWhole ? "" : "+"}` : "");
    }
    this.render();
  }

  /** Name the first tab. @param {string} words key */
  title(words) {
    translate(/** @type {HTMLElement} */ (this.tabs[0].firstElementChild), words);
  }

  /** Return the lead before (-1) or after (1) another in the list, the first or last one if that has left it. @param {string | null} id @param {1 | -1} step */
  neighbour(id, step) {
    const ids = this.#listed().map((lead) => lead.lead_id);
    const at = id === null ? -1 : ids.indexOf(id);
    if (at < 0) return ids[Math.min(Math.max(this.#openedAt, 0), ids.length - 1)] ?? null;
    return ids[at + step] ?? null;
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
    const leads = this.#listed();
    write(this.count, this.store.waiting || !this.store.whole ? this.store.waitingFigure : "");
    const nodes = leads.slice(0, this.#shown).map((lead) => {
      let card = this.#cards.get(lead.lead_id);
      if (!card) {
        card = new Card(lead, (id) => this.#open(id));
        this.#cards.set(lead.lead_id, card);
      }
      card.show(lead, this.store.awaited(lead.lead_id));
      return card.node;
    });
    arrange(this.list, nodes);
    // all open leads are loaded anyway: those loaded on request are handled ones
    this.more.hidden = leads.length <= this.#shown && (this.#filter === "open" || this.#isTab || !this.#older);
    this.empty.hidden = leads.length > 0 || !this.store.whole;
    if (!this.empty.hidden) {
      const none = this.store.list().length === 0;
      if (this.#isTab) fill(this.empty, translate(h("p"), "queue.empty"));
      else fill(this.empty, none
        ? [translate(h("strong"), "leads.empty"), translate(h("p"), "leads.empty.how")]
        : [translate(h("p"), "leads.empty.filter")]);
    }
  }

  /** Put the focus where the last opened lead was in the list, if that lead has left it. */
  resume() {
    if (document.activeElement !== document.body) return;
    const buttons = this.list.querySelectorAll("button");
    const next = buttons[Math.min(this.#openedAt, buttons.length - 1)] ?? [...this.filters, ...this.tabs].find((button) => button.dataset.filter === this.#filter);
    next?.focus();
  }

  get #isTab() {
    return Object.hasOwn(this.#waits, this.#filter);
  }

  /** @returns {Lead[]} the leads of the chosen list, in its order */
  #listed() {
    if (!this.#isTab) return this.store.list(/** @type {Filter} */ (this.#filter));
    return /** @type {Lead[]} */ (this.#waits[/** @type {Tab} */ (this.#filter)].map((id) => this.store.get(id)).filter(Boolean));
  }

  /** @param {string} id */
  #open(id) {
    this.#openedAt = [...this.list.children].findIndex((node) => node instanceof HTMLElement && node.dataset.lead === id);
    this.acts.open(id);
  }

  async #loadMore() {
    if (this.#listed().length <= this.#shown) {
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
