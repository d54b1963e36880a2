/**
 * Role queues: the leads that wait for the operator's roles, asked for again when leads change.
 * @module
 */
import { dueOf } from "../leads/clock.js";
import { h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { translate } from "../shared/i18n.js";
import { serverClock } from "../shared/times.js";
import { ROLES } from "./people.js";

const LIMIT = 200;
const EVERY_MS = 60_000;
/** Leads change in bursts: one question answers for all that change within this. */
const SOON_MS = 2000;
const DUE_MS = 24 * 3_600_000;

/** @typedef {import("../leads/store.js").Lead} Lead */

export class RoleQueues {
  #timer = 0;
  /** When it is asked next; 0 while it is being asked. */
  #next = 0;
  #turn = 0;
  /** @type {string[]} */
  #roles = [];

  /**
   * @param {import("../leads/store.js").LeadStore} store
   * @param {{offer: (waits: {mine: string[], due: string[], overdue: string[]}, isWhole: boolean) => void, fault: (reason: string | null) => void, title: (words: string) => void}} acts `title` is called with the key of the first tab's words
   */
  constructor(store, acts) {
    this.store = store;
    this.acts = acts;
    this.select = /** @type {HTMLSelectElement} */ (h("select", { class: "queue-role", hidden: true, on: { change: () => void this.ask() } }));
    translate(this.select, "queue.role", {}, "aria-label");
    store.onChange((taken) => { if (taken.length && this.#roles.length) this.#later(SOON_MS); });
  }

  /** Begin to ask. @param {import("./people.js").Standing} people */
  async begin({ enforced, roles }) {
    this.#roles = roles;
    const words = enforced ? "role" : "queue.stage";
    this.select.replaceChildren(translate(h("option", { value: "" }), enforced ? "queue.role.all" : "queue.stage.all"),
      ...ROLES.filter((role) => roles.includes(role)).map((role) => translate(h("option", { value: role }), `${words}.${role}`)));
    this.select.hidden = roles.length < 2;
    this.acts.title(enforced ? "queue.mine" : "queue.whole");
    if (roles.length) await this.ask();
  }

  /** Ask which leads wait. */
  async ask() {
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    this.#next = 0;
    const asked = this.select.value ? [this.select.value] : this.#roles;
    try {
      const answers = await Promise.all(asked.map((role) => callJson(`/v1/queue?role=${role}&limit=${LIMIT}`)));
      if (turn !== this.#turn) return;
      const leads = merged(answers.map((answer) => answer.leads));
      this.store.takeAll(leads);
      const now = serverClock.now();
      const late = (/** @type {Lead} */ lead, /** @type {number} */ by) => {
        const due = dueOf(lead);
        return due !== null && !due.isSystems && due.ms <= by;
      };
      const ids = (/** @type {Lead[]} */ some) => some.map((lead) => lead.lead_id);
      this.acts.offer({
        mine: ids(leads),
        due: ids(leads.filter((lead) => late(lead, now + DUE_MS) && !late(lead, now))),
        overdue: ids(leads.filter((lead) => late(lead, now))),
      }, answers.every((answer) => answer.leads.length < LIMIT));
      this.acts.fault(null);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (turn === this.#turn) this.acts.fault(error.message);
    }
    this.#later(EVERY_MS);
  }

  /** Ask in some time at the latest. @param {number} ms */
  #later(ms) {
    const at = Date.now() + ms;
    if (this.#next && this.#next <= at) return;
    clearTimeout(this.#timer);
    this.#next = at;
    this.#timer = window.setTimeout(() => void this.ask(), ms);
  }
}

/** Return leads of several queues once each, the one that is due first before the others. @param {Lead[][]} queues @returns {Lead[]} */
export function merged(queues) {
  const all = [...new Map(queues.flat().map((lead) => [lead.lead_id, lead])).values()];
  const due = (/** @type {Lead} */ lead) => dueOf(lead)?.ms ?? Infinity;
  return all.sort((a, b) => due(a) - due(b) || b.score - a.score || Date.parse(a.event.start) - Date.parse(b.event.start));
}
