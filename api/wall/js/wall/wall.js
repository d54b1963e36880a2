/**
 * Wall: the page after login; it connects cameras, leads and events.
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
import { Keys } from "../loop/keys.js";
import { Outbox } from "../loop/outbox.js";
import { standingOf } from "../loop/people.js";
import { RoleQueues } from "../loop/queues.js";
import { UndoBar } from "../loop/undobar.js";
import { goTo } from "../shared/address.js";
import { h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { language, onLanguage } from "../shared/i18n.js";
import { serverClock } from "../shared/times.js";
import { ZoneEditor } from "../zones/editor.js";
import { EventFeed, forgetCursor, heardCursor } from "./events.js";
import { Grid } from "./grid.js";
import { Pages } from "./pages.js";
import { Chime } from "./sound.js";
import { Topbar } from "./topbar.js";

const TICK_MS = 400;
const PAGE = 100;
/** Leads loaded in one call while all open ones are loaded: the server's maximum. */
const WAITING_PAGE = 500;
const RETRY_MS = 3000;
/** A minute is enough for a share of the last day. */
const COVERAGE_EVERY_MS = 60_000;
/** A tile's border shows the alarm for this long after its lead was confirmed. */
const ALARM_MS = 60_000;
/** Events with a lead that is new on this wall. */
const NEWS = new Set(["lead.announced", "lead.filed"]);

export class Wall {
  /** @type {EventFeed | null} */
  #feed = null;
  /** @type {string | null} cursor for loading older leads */
  #older = null;
  /** @type {"live" | "connecting" | "offline"} state of the event feed */
  #link = "connecting";
  #reached = true;
  /** @type {import("../loop/people.js").Standing} */
  #people = { username: "", enforced: false, roles: [] };

  /** @param {{logout: () => void, doubt: () => void}} acts `doubt` is called when the server may have ended the session */
  constructor(acts) {
    this.acts = acts;
    this.store = new LeadStore();
    this.chime = new Chime(() => this.bar.soundState(this.chime.state));
    this.outbox = new Outbox(this.store);
    this.evidence = new EvidenceView({ store: this.store, outbox: this.outbox, people: () => this.#people, closed: () => { forgetReport(); this.queue.resume(); } });
    const open = (/** @type {string} */ id) => void this.evidence.open(id);
    this.zones = new ZoneEditor();
    this.grid = new Grid({ openLead: open, camera: (camera) => this.coverage.open(camera), zones: ({ id, name }) => void this.zones.open({ id, name: name || id }), changed: () => this.bar?.layoutState(this.grid.layout, this.grid.pages) });
    this.queue = new LeadQueue(this.store, { open, more: () => this.#loadOlder() });
    this.queues = new RoleQueues(this.store, { offer: (waits, isWhole) => this.queue.offer(waits, isWhole), fault: (reason) => this.queue.fault(reason), title: (words) => this.queue.title(words) });
    this.undo = new UndoBar(this.outbox, { open });
    this.keys = new Keys({ step: (step) => this.#step(step), choose: (place) => this.evidence.choose(place) });
    this.queue.roles.append(this.queues.select);
    this.queue.foot.append(this.keys.button);
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
    this.node = h("div", { class: "wall" }, this.bar.node, this.room.node, h("main", { class: "stage" }, this.grid.node, this.queue.node), this.evidence.node, this.coverage.node, this.zones.node, this.keys.help);
    this.store.onChange(() => this.#mark());
    onLanguage(() => this.#mark());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.grid.focused && !document.querySelector("dialog[open]")) this.grid.focus(null);
    });
    window.addEventListener("online", () => this.#feed?.socket.hurry());
    window.addEventListener("hashchange", () => this.#openReport());
  }

  /** Start. @param {import("../shared/session.js").Operator} operator */
  async start(operator) {
    this.bar.operator(operator.username);
    this.zones.operator(operator.role);
    const open = (/** @type {string} */ id) => void this.evidence.open(id);
    const pages = new Pages({
      register: async () => new (await import("../register/view.js")).RegisterView({ go: goTo }, operator),
      checks: async () => new (await import("../checks/view.js")).ChecksView({ go: goTo, openLead: open }, operator),
      legal: async () => new (await import("../legal/view.js")).LegalView({ go: goTo, openLead: open }, operator),
    }, { host: this.node, failed: () => this.say("page.failed", {}) });
    this.#tellLink();
    this.bar.soundState(this.chime.state);
    this.bar.layoutState(this.grid.layout, this.grid.pages);
    setInterval(() => this.#tick(), TICK_MS);
    this.cameras.open();
    void this.coverage.glance();
    void this.room.ask();
    setInterval(() => { if (!document.hidden) void this.coverage.glance(); }, COVERAGE_EVERY_MS);
    this.#openReport();
    void pages.follow();
    await Promise.all([this.#loadNewest(), this.#learnRoles(operator.username)]);
  }

  /** Say above everything what failed. @param {string} key @param {Record<string, string>} values */
  say(key, values) {
    this.bar.fault(key, values);
  }

  /** Learn the operator's roles; who holds any sees what waits for them first. @param {string} username */
  async #learnRoles(username) {
    this.#people = await standingOf(username);
    if (this.#people.enforced && this.#people.roles.length) this.queue.filter("mine");
    await this.queues.begin(this.#people);
  }

  /** Show the next or the previous lead of the list. @param {1 | -1} step */
  #step(step) {
    if (document.querySelector("dialog[open]:not(.evidence)")) return;
    const id = this.queue.neighbour(this.evidence.shown, step);
    if (id) void this.evidence.open(id);
  }

  /** Open the lead of a printed report if the page was opened by its QR code. */
  #openReport() {
    const report = printedReportOf(location.hash);
    if (report) void this.evidence.open(report.leadId, report);
  }

  /** Load the newest leads, follow the events from that point, and load all open leads. */
  async #loadNewest() {
    this.store.whole = false;
    try {
      const page = await callJson(`/v1/leads?limit=${PAGE}`);
      // events since this window was last connected count as new, even if their leads are already in the answer
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
   * Load all open leads, however old: none may be lost behind newer ones. Changes in the meantime arrive as events.
   * @param {string | null} cursor to continue from after a fault
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

  /** @returns {Promise<boolean>} true if there are more */
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
        // another database: the old cursor has no meaning in it
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
        // a lead is announced and later filed: it rings once
        if (NEWS.has(event.type) && !greeted.has(event.subject) && (unknown || event.type === "lead.announced")) {
          this.queue.announce(event.lead);
          this.chime.ring();
        }
        greeted.add(event.subject);
      },
    });
    this.#feed.open();
  }

  /** A server that does not answer calls counts as unreachable, even while the event connection is open. @param {boolean} is */
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

/** Remove a printed report from the address, so that a reload shows the wall. */
function forgetReport() {
  if (printedReportOf(location.hash)) history.replaceState(null, "", location.pathname + location.search);
}
