/**
 * Lead panel: where a lead stands, whose turn it is and until when, and what the operator can do with it now.
 * @module
 */
import { dueOf, leftWords } from "../leads/clock.js";
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { onLanguage, say, translate, untranslate, t } from "../shared/i18n.js";
import { serverClock, shortTime } from "../shared/times.js";
import { Extension } from "./extension.js";
import { MoveForm } from "./form.js";
import { dispatchHints, leniencyWords, recurrenceWords } from "./hints.js";
import { roleWords } from "./people.js";
import { inWords } from "./refusals.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {import("./form.js").Option} Option */
/** @typedef {{state: string, version: number, proposal: any, waits_for: string[], moves: Option[], extension?: {until: string | null, blocked: string} | null, planned?: any[], joint_hint?: string[]}} Moves */

const TICK_MS = 10_000;

export class LeadPanel {
  /** @type {Moves | null} */
  #moves = null;
  /** @type {MoveForm | null} */
  #form = null;
  /** What was filled in for a move that is no longer open, or was taken back. @type {Record<string, any>} */
  #draft = {};
  /** What the proposer gave as reason, and carried. @type {any} */
  #proposed = null;
  /** @type {string[]} */
  #codes = [];
  #turn = 0;
  #timer = 0;
  /** @type {(() => void)[]} */
  #ends;

  /** @param {Lead} lead @param {{outbox: import("./outbox.js").Outbox, people: () => import("./people.js").Standing, changed: (lead: Lead) => void}} parts `changed` is called with the newest lead after a conflict */
  constructor(lead, { outbox, people, changed }) {
    this.lead = lead;
    this.outbox = outbox;
    this.people = people;
    this.changed = changed;
    this.standing = h("dl", { class: "standing" });
    this.proposal = h("div", { class: "proposal", hidden: true });
    this.choices = h("div", { class: "choices" });
    this.blocked = h("ul", { class: "blocked" });
    this.hints = h("ul", { class: "hints" });
    this.slot = h("div", { class: "move-slot" });
    this.extension = new Extension({ extended: (lead) => { changed(lead); say(this.message, "good", "extension.done"); }, failed: (key, values) => say(this.message, "bad", key, values) });
    this.none = h("p", { class: "note move-none" });
    this.message = h("p", { class: "review-message", role: "status", tabIndex: -1 });
    this.node = h("section", { class: "review" }, h("h3", {}, translate(h("span"), "decide.title")), this.standing, this.proposal, this.choices, this.blocked, this.hints, this.slot, this.extension.node, this.none, this.message);
    this.#ends = [
      outbox.onChange((entry, outcome) => { if (entry.leadId === this.lead.lead_id) this.#follow(entry, outcome); }),
      onLanguage(() => this.#render()),
    ];
    this.#timer = window.setInterval(() => this.#stand(), TICK_MS);
    this.show(lead);
    const failed = outbox.of(lead.lead_id);
    if (failed?.state === "failed") this.#explain(failed);
  }

  /** Stop following. */
  close() {
    clearInterval(this.#timer);
    for (const end of this.#ends) end();
    this.#turn += 1;
  }

  /** Show a lead and ask what can be done with it. @param {Lead} lead */
  show(lead) {
    this.lead = lead;
    this.#stand();
    void this.#load();
  }

  /** Focus what comes first: the open form, else the first move. */
  focus() {
    if (this.#form) this.#form.focus();
    else (/** @type {HTMLElement} */ (this.choices.querySelector("button:not(:disabled)")) ?? this.message).focus();
  }

  /** Fill something into the forms of this lead, the open one included. @param {Record<string, any>} values by name, as a move carries them */
  offer(values) {
    this.#draft = { ...this.#draft, ...values };
    this.#form?.write(values);
  }

  /** Open the form of a move by its place, from 1. @param {number} place */
  choose(place) {
    const option = this.#moves?.moves[place - 1];
    if (option && !option.blocked && !this.outbox.of(this.lead.lead_id)) this.#open(option);
  }

  async #load() {
    const turn = ++this.#turn;
    const at = `/v1/leads/${encodeURIComponent(this.lead.lead_id)}`;
    try {
      const moves = /** @type {Moves} */ (await callJson(`${at}/moves`));
      const wants = (/** @type {string} */ name) => moves.moves.some(({ requires }) => requires.includes(name));
      const [records, codes] = await Promise.all([
        moves.proposal ? callJson(`${at}/transitions`) : null,
        wants("check_code") ? callJson(`/v1/check-codes?lead=${encodeURIComponent(this.lead.lead_id)}`) : null,
      ]);
      if (turn !== this.#turn) return;
      this.#moves = moves;
      this.#proposed = records?.transitions.findLast((/** @type {any} */ record) => record.act === "proposed") ?? null;
      this.#codes = (codes?.checks ?? []).filter((/** @type {any} */ check) => ["ISSUED", "ACTIVE"].includes(check.state)).map((/** @type {any} */ check) => check.check_code);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (turn !== this.#turn) return;
      this.#moves = null;
      say(this.message, "bad", "decide.unread", { reason: error.message || t("login.unreachable") });
    }
    this.#render();
  }

  #render() {
    const { moves = [], waits_for: turn = [], proposal = null } = this.#moves ?? {};
    const isAway = this.outbox.of(this.lead.lead_id) !== undefined;
    this.#stand();
    this.proposal.hidden = !proposal;
    if (proposal) {
      fill(this.proposal, h("strong", {}, t("proposal.says", { who: proposal.by, role: t(`role.${proposal.role}`), time: shortTime(Date.parse(proposal.at)), what: t(`decide.${proposal.to}`) })),
        this.#proposed ? h("p", {}, this.#proposed.reason) : null,
        moves.some(({ act }) => act === "confirm") ? null : h("p", { class: "note" }, t("proposal.waits")));
    }
    const open = this.#form?.option;
    if (open && (isAway || !moves.some(({ to, act, blocked }) => to === open.to && act === open.act && !blocked))) this.#shut();
    fill(this.choices, moves.map((option, i) => {
      const button = h("button", { class: "choice", type: "button", "data-to": option.to, "data-act": option.act, "aria-pressed": String(option === this.#form?.option || (option.to === this.#form?.option.to && option.act === this.#form?.option.act)), disabled: Boolean(option.blocked) || isAway, on: { click: () => this.#open(option) } },
        h("span", {}, wordsOf(option)), i < 9 ? h("kbd", { "aria-hidden": "true" }, String(i + 1)) : null);
      if (i < 9) button.setAttribute("aria-keyshortcuts", String(i + 1));
      return button;
    }));
    fill(this.blocked, moves.filter(({ blocked }) => blocked).map((option) => h("li", {}, t("decide.blocked", { what: wordsOf(option), why: inWords(option.blocked) }))));
    fill(this.hints, isAway ? [] : dispatchHints(this.#moves ?? {}, (planId) => this.#dispatchUnder(planId)));
    this.extension.offer(this.lead, isAway ? null : this.#moves?.extension?.until ?? null);
    this.none.hidden = !this.#moves || moves.length > 0;
    if (this.none.hidden) return;
    untranslate(this.none);
    if (!this.lead.evidence && turn.length === 0) translate(this.none, "decide.candidate");
    else fill(this.none, turn.length ? `${t("decide.none")}${t("decide.none.role", { roles: roleWords(turn) })}` : t("decide.none.system"));
  }

  /** Open the form of a dispatch under a row of the annual plan. @param {string} planId */
  #dispatchUnder(planId) {
    const place = this.#moves?.moves.findIndex(({ requires }) => requires.includes("plan_match")) ?? -1;
    this.choose(place + 1);
    this.offer({ plan_match: { basis: "plan", plan_id: planId } });
  }

  /** Show state, owner and clock. */
  #stand() {
    const { lead } = this;
    const due = dueOf(lead);
    const left = due && leftWords(due, serverClock.now());
    const turn = this.#moves?.waits_for ?? [];
    const { enforced, roles } = this.people();
    const owner = !this.#moves ? "…" : turn.length === 0 ? t("standing.turn.none") : !enforced ? t("standing.turn.any") : turn.some((role) => roles.includes(role)) ? t("standing.turn.mine", { roles: roleWords(turn) }) : roleWords(turn);
    const handling = /** @type {any} */ (lead.handling) ?? {};
    const row = (/** @type {string} */ label, /** @type {Node | string} */ value, kind = "") => [translate(h("dt"), label), h("dd", { class: kind }, value)];
    fill(this.standing,
      row("standing.state", t(`state.${lead.state}`), "standing-state"),
      row("standing.turn", owner, "standing-turn"),
      due && left ? row(`timer.${due.name}`, h("span", { class: "due", "data-tone": left.tone }, h("time", { datetime: new Date(due.ms).toISOString() }, shortTime(due.ms).slice(0, -3)), " ", h("b", {}, left.text)), "standing-clock") : row("clock.name", t("clock.none"), "standing-clock"),
      handling.team ? row("standing.team", handling.team) : null,
      this.#codeRow(handling.check_code),
      leniencyWords(lead) ? row("standing.leniency", leniencyWords(lead)) : null,
      recurrenceWords(lead) ? row("standing.recurrence", recurrenceWords(lead)) : null);
  }

  /** Return the lead's check codes, or a link to ask for one where a move takes it. @param {string} [taken] */
  #codeRow(taken) {
    const codes = taken ? [taken] : this.#codes;
    const wants = this.#moves?.moves.some(({ requires }) => requires.includes("check_code"));
    if (!codes.length && !wants) return null;
    const link = (/** @type {string} */ to, /** @type {string} */ words, look = "mono") => h("a", { href: to, class: look }, words);
    return [translate(h("dt"), "standing.code"), h("dd", {}, codes.length ? codes.map((code) => [link(`#checks/${code}`, code), " "]) : link(`#checks/new/${this.lead.lead_id}`, t("visit.new"), ""))];
  }

  /** @param {Option} option */
  #open(option) {
    const before = { ...this.#draft, ...this.#form?.read() };
    const draft = option.act === "confirm" && this.#proposed ? { reason_code: this.#proposed.reason_code, ...this.#proposed.content, attachments: undefined, ...before } : before;
    this.#form = new MoveForm(this.lead, option, {
      submit: (body) => this.#submit(option, body),
      cancel: () => {
        this.#shut();
        this.#render();
        this.focus();
      },
      lack: (key, values) => say(this.message, "bad", key, values),
    }, { codes: this.#codes, draft });
    fill(this.slot, this.#form.node);
    this.#quiet();
    this.#render();
    this.#form.focus();
  }

  /** Put the form away, and keep what was filled in. */
  #shut() {
    this.#draft = { ...this.#draft, ...this.#form?.read() };
    this.#form = null;
    fill(this.slot);
  }

  /** @param {Option} option @param {Record<string, unknown>} body */
  #submit(option, body) {
    if (this.outbox.of(this.lead.lead_id)) return;
    this.outbox.put(this.lead, option.act, body);
  }

  /** @param {import("./outbox.js").Entry} entry @param {"put" | "sending" | "sent" | "failed" | "taken" | "dropped"} outcome */
  #follow(entry, outcome) {
    if (outcome === "put") {
      this.#shut();
      say(this.message, "busy", "undo.here", { what: actWords(entry) });
      this.message.focus();
    } else if (outcome === "taken") {
      say(this.message, "busy", "undo.taken");
      this.message.focus();
    } else if (outcome === "sent") {
      this.#draft = {};
      say(this.message, "good", `act.sent.${entry.act}`, { state: t(`state.${entry.body.to}`), what: t(`decide.${entry.body.to}`) });
      void this.#load();
    } else if (outcome === "failed") this.#explain(entry);
    this.#render();
  }

  /** Show beside the form why a move was not made, with the form as it was. @param {import("./outbox.js").Entry} entry */
  #explain(entry) {
    const { problem } = entry;
    this.#draft = { ...entry.body };
    this.outbox.drop(entry.leadId);
    if (!problem) return;
    if (problem.status === 412) {
      say(this.message, "bad", "decide.stale");
      void callJson(`/v1/leads/${encodeURIComponent(entry.leadId)}`).then((lead) => this.changed(lead), (error) => { if (!(error instanceof ApiProblem)) throw error; });
    } else if (problem.status === 409 || problem.status === 403) say(this.message, "bad", "decide.illegal", { reason: inWords(problem.message) });
    else if (problem.status === 0) say(this.message, "bad", "login.unreachable");
    else say(this.message, "bad", "decide.failed", { reason: inWords(problem.message) });
    void this.#load().then(() => {
      const option = this.#moves?.moves.find(({ to, act, blocked }) => to === entry.body.to && act === entry.act && !blocked);
      if (!option || this.#form) return;
      const said = [this.message.dataset.tone, this.message.textContent];
      this.#open(option);
      this.message.dataset.tone = said[0] ?? "bad";
      write(this.message, said[1] ?? "");
      this.message.scrollIntoView({ block: "nearest" });
    });
  }

  #quiet() {
    untranslate(this.message);
    write(this.message, "");
  }
}

/** @param {{act: string, to: string}} option */
function wordsOf({ act, to }) {
  return act === "decline" ? t("act.decline") : t(`act.${act}`, { what: t(`decide.${to}`) });
}

/** @param {import("./outbox.js").Entry} entry */
function actWords({ act, body }) {
  return wordsOf({ act, to: body.to });
}
