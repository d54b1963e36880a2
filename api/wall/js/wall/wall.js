/**
 * Wall: the page once somebody is logged in; it ties cameras, leads and events together.
 * @module
 */
import { CoverageView } from "../coverage/view.js";
import { printedReportOf } from "../evidence/report.js";
import { EvidenceView } from "../evidence/view.js";
import { Cameras } from "../fleet/cameras.js";
import { VaultBanner } from "../fleet/vault.js";
import { leadTitle } from "../leads/codes.js";
import { LeadQueue } from "../leads/queue.js";
import { LeadStore, OPEN_STATES } from "../leads/store.js";
import { h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, onLanguage } from "../shared/i18n.js";
import { serverClock } from "../shared/times.js";
import { ZoneEditor } from "../zones/editor.js";
import { EventFeed, forgetCursor, heardCursor } from "./events.js";
import { Grid } from "./grid.js";
import { Chime } from "./sound.js";
import { Topbar } from "./topbar.js";

const TICK_MS = 400;
const PAGE = 100;
/** Leads asked for at once while all open ones are loaded: the most that the server gives. */
const WAITING_PAGE = 500;
const RETRY_MS = 3000;
/** The share watched is told by the minute: it counts whole seconds of the last day. */
const COVERAGE_EVERY_MS = 60_000;
/** A tile's border stays alarmed this long after its lead was confirmed. */
const ALARM_MS = 60_000;
/** Events that bring a lead nobody on this wall has seen. */
const NEWS = new Set(["lead.announced", "lead.filed"]);

export class Wall {
  /** @type {EventFeed | null} */
  #feed = null;
  /** @type {string | null} cursor of older leads */
  #older = null;
  /** @type {"live" | "connecting" | "offline"} how the feed of events stands */
  #link = "connecting";
  #reached = true;

  /** @param {{logout: () => void, doubt: () => void}} acts `doubt`: the server may have ended the session */
  constructor(acts) {
    this.acts = acts;
    this.store = new LeadStore();
    this.chime = new Chime(() => this.bar.soundState(this.chime.state));
    this.evidence = new EvidenceView({ store: this.store, closed: () => { forgetReport(); this.queue.resume(); } });
    const open = (/** @type {string} */ id) => void this.evidence.open(id);
    this.zones = new ZoneEditor();
    this.grid = new Grid({ openLead: open, camera: (camera) => this.coverage.open(camera), zones: ({ id, name }) => void this.zones.open({ id, name: name || id }), changed: () => this.bar?.layoutState(this.grid.layout, this.grid.pages) });
    this.queue = new LeadQueue(this.store, { open, more: () => this.#loadOlder() });
    this.bar = new Topbar({
      layout: (layout) => { this.grid.layout = layout; },
      turn: (step) => this.grid.turn(step),
      sound: () => this.chime.toggle(),
      logout: acts.logout,
      coverage: () => this.coverage.open(),
    });
    this.coverage = new CoverageView({ share: (share) => this.bar.share(share), open });
    this.cameras = new Cameras({
      list: (views) => {
        this.grid.show(views.map((view) => view.camera));
        for (const { camera, health } of views) this.grid.report(camera.id, health);
        this.evidence.hear(views);
      },
      fault: (problem) => {
        this.grid.explain(problem && problem.message);
        this.#reach(problem?.status !== 0);
      },
    });
    this.room = new VaultBanner();
    this.node = h("div", { class: "wall" }, this.bar.node, this.room.node, h("main", { class: "stage" }, this.grid.node, this.queue.node), this.evidence.node, this.coverage.node, this.zones.node);
    this.store.onChange(() => this.#mark());
    onLanguage(() => this.#mark());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.grid.focused && !document.querySelector("dialog[open]")) this.grid.focus(null);
    });
    window.addEventListener("online", () => this.#feed?.socket.hurry());
    window.addEventListener("hashchange", () => this.#openReport());
  }

  /** Begin. @param {import("../shared/session.js").Operator} operator */
  async start(operator) {
    this.bar.operator(operator.username);
    this.zones.operator(operator.role);
    this.#tellLink();
    this.bar.soundState(this.chime.state);
    this.bar.layoutState(this.grid.layout, this.grid.pages);
    setInterval(() => this.#tick(), TICK_MS);
    this.cameras.open();
    void this.coverage.glance();
    void this.room.ask();
    setInterval(() => { if (!document.hidden) void this.coverage.glance(); }, COVERAGE_EVERY_MS);
    this.#openReport();
    await this.#loadNewest();
  }

  /** Open the lead of the printed report whose QR code led here, if one did. */
  #openReport() {
    const report = printedReportOf(location.hash);
    if (report) void this.evidence.open(report.leadId, report);
  }

  /** Load the newest leads, then follow the events from just there, and load every lead that still waits. */
  async #loadNewest() {
    this.store.whole = false;
    try {
      const page = await callJson(`/v1/leads?limit=${PAGE}`);
      // Events since this window last listened are news even if the page holds their leads already.
      const heard = heardCursor();
      const cursor = heard !== null && heard <= page.events_cursor ? heard : page.events_cursor;
      this.store.takeAll(page.leads);
      this.#older = page.next;
      this.queue.offerMore(page.next !== null);
      this.queue.fault(null);
      this.#follow(cursor);
      this.#mark();
      if (page.next === null) this.store.whole = true;
      else await this.#loadWaiting(null);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.queue.fault(error.message);
      this.#link = "offline";
      this.#tellLink();
      if (error.status !== 401) setTimeout(() => this.#loadNewest(), RETRY_MS);
    }
  }

  /**
   * Load the leads that wait, however old: one that nobody has reviewed is not to be lost behind newer ones. What changes
   * meanwhile comes as an event.
   * @param {string | null} cursor where to go on after a fault
   */
  async #loadWaiting(cursor) {
    const query = new URLSearchParams([...[...OPEN_STATES].map((state) => ["state", state]), ["limit", String(WAITING_PAGE)]]);
    let next = cursor;
    try {
      do {
        if (next !== null) query.set("cursor", next);
        const page = await callJson(`/v1/leads?${query}`);
        this.store.takeAll(page.leads);
        next = page.next;
      } while (next !== null);
      this.queue.fault(null);
      this.store.whole = true;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.queue.fault(error.message);
      if (error.status !== 401) setTimeout(() => this.#loadWaiting(next), RETRY_MS);
    }
  }

  /** @returns {Promise<boolean>} there are more */
  async #loadOlder() {
    if (this.#older === null) return false;
    try {
      const page = await callJson(`/v1/leads?limit=${PAGE}&cursor=${encodeURIComponent(this.#older)}`);
      this.store.takeAll(page.leads);
      this.#older = page.next;
      this.queue.fault(null);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.queue.fault(error.message);
    }
    return this.#older !== null;
  }

  /** @param {number} cursor */
  #follow(cursor) {
    this.#feed?.close();
    const greeted = new Set();
    this.#feed = new EventFeed(cursor, {
      state: (state) => {
        this.#link = state === "open" ? "live" : state === "waiting" ? "offline" : "connecting";
        this.#tellLink();
        if (state === "waiting") this.acts.doubt();
      },
      ahead: () => {
        // another database: what was heard before means nothing in it
        forgetCursor();
        void this.#loadNewest();
      },
      event: (event) => {
        if (event.type === "camera.removed") this.cameras.remove(event.subject);
        else if (event.type === "camera.changed") this.cameras.renew();
        else if (event.type === "vault.changed") void this.room.ask();
        if (!event.lead) return;
        const unknown = this.store.get(event.lead.lead_id) === undefined;
        this.store.take(event.lead);
        // announced and filed are the same news: it rings once
        if (NEWS.has(event.type) && !greeted.has(event.subject) && (unknown || event.type === "lead.announced")) {
          this.queue.greet(event.lead);
          this.chime.ring();
        }
        greeted.add(event.subject);
      },
    });
    this.#feed.open();
  }

  /** A server that answers nothing is out of reach, though the connection that brings events still stands. @param {boolean} is */
  #reach(is) {
    this.#reached = is;
    this.grid.reach(is);
    this.#tellLink();
  }

  #tellLink() {
    this.bar.connection(this.#reached ? this.#link : "offline");
  }

  #tick() {
    this.bar.tick();
    this.grid.tick();
    this.queue.tick();
    this.bar.count({ ...this.grid.counts, waiting: this.store.waiting, waitingFigure: this.store.waitingFigure });
    this.#mark();
  }

  /** Mark the tiles whose cameras have open leads. */
  #mark() {
    const now = serverClock.now();
    for (const tile of this.grid.mounted) {
      const lead = this.store.newestOpen(tile.camera.id);
      const alarmed = Boolean(lead) && now - Date.parse(lead?.event.confirmed ?? "") < ALARM_MS;
      tile.mark(lead ? { id: lead.lead_id, words: leadTitle(lead, language()) } : null, alarmed);
    }
  }
}

/** Take a printed report out of the address: once its lead is closed, a reload shows the wall. */
function forgetReport() {
  if (printedReportOf(location.hash)) history.replaceState(null, "", location.pathname + location.search);
}
