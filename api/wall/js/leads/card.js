/**
 * Card: one lead in the list: what, where, whose, in which state, how old, and how long it may still wait.
 * @module
 */
import { h, write } from "../shared/dom.js";
import { language, t } from "../shared/i18n.js";
import { agoWords, serverClock, shortTime } from "../shared/times.js";
import { dueOf, leftWords } from "./clock.js";
import { isCodeProposed, leadTitle, violationNumber } from "./codes.js";
import { keyFigure } from "./measures.js";

/** @typedef {import("./store.js").Lead} Lead */

const FRESH_MS = 20_000;

export class Card {
  #stillOf = "";
  /** A move that is submitted and not sent yet. @type {{act: string, to: string} | undefined} */
  #awaited = undefined;

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
    this.due = h("span", { class: "due", hidden: true });
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
        h("span", { class: "lead-row" }, this.chip, this.due, h("span", { class: "lead-when" }, this.time, this.age))));
    this.node = h("li", { "data-lead": lead.lead_id }, this.button);
    this.render();
  }

  /** @param {Lead} lead @param {{act: string, to: string}} [awaited] a move that is submitted and not sent yet */
  show(lead, awaited) {
    if (this.lead === lead && this.#awaited === awaited) return;
    this.lead = lead;
    this.#awaited = awaited;
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
    const state = this.#stateWords();
    write(this.chip, state);
    this.chip.dataset.state = this.#awaited ? "awaited" : lead.state;
    write(this.time, shortTime(when));
    this.time.setAttribute("datetime", lead.event.start);
    const figure = keyFigure(lead.measure);
    write(this.peak, figure.value);
    this.peak.title = figure.title;
    const whose = this.#showOwner();
    const said = [t("leads.open", { what, camera, time: shortTime(when) }), state, lead.priority, `${figure.title} ${figure.value}`, ...whose];
    this.button.setAttribute("aria-label", said.join(" · "));
    this.#showStill();
    this.tick();
  }

  tick() {
    const now = serverClock.now();
    write(this.age, agoWords((now - Date.parse(this.lead.event.start)) / 1000));
    const due = dueOf(this.lead);
    const left = due && !due.isSystems ? leftWords(due, now) : null;
    this.due.hidden = !left;
    if (!left) return;
    write(this.due, left.text);
    this.due.dataset.tone = left.tone;
  }

  /** Return the state in words; while a move is on its way, that; while one is proposed, that. */
  #stateWords() {
    const { lead } = this;
    if (this.#awaited) {
      const { act, to } = this.#awaited;
      return t("undo.card", { what: act === "decline" ? t("act.decline") : t(`act.${act}`, { what: t(`decide.${to}`) }) });
    }
    if (lead.proposal) return t("act.propose", { what: t(`decide.${lead.proposal.to}`) });
    return t(`state.${lead.state}`);
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
