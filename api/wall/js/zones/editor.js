/**
 * Zone editor: draws and saves the zones of a camera, over its live picture.
 * @module
 */
import { className } from "../leads/codes.js";
import { short } from "../leads/measures.js";
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, call, callJson, received } from "../shared/http.js";
import { untranslate, language, onLanguage, translate, t } from "../shared/i18n.js";
import { SnapshotFeed } from "../shared/snapshot.js";
import { shortTime } from "../shared/times.js";
import { ZoneDraft, tomlOf } from "./draft.js";
import { Drawing } from "./drawing.js";
import { DryRunPanel } from "./dryrun.js";
import { ZoneForm } from "./form.js";

/** Path of a field that the server refused: `body.zones.0.owner`. */
const REFUSED = /^body\.zones\.(\d+)\.(\w+)/;

export class ZoneEditor {
  /** @type {ZoneDraft} */
  #draft = new ZoneDraft([]);
  /** @type {{id: string, name: string} | null} */
  #camera = null;
  /** @type {SnapshotFeed | null} */
  #feed = null;
  /** The lead of a dry run that is shown over the picture. @type {{address: string | null, lead: import("./dryrun.js").DryLead, run: import("./dryrun.js").Run} | null} */
  #shown = null;
  #etag = "";
  /** Node whose configuration file holds the zones; empty if they are saved here. */
  #node = "";
  /** The configuration that was copied last. */
  #copied = "";
  #isAdmin = false;
  /** Counts openings and closings: an answer to an earlier one is dropped. */
  #opening = 0;
  #saving = false;

  constructor() {
    this.title = h("h2", { id: "zones-title" });
    this.where = h("p", { class: "zones-where", hidden: true });
    this.image = /** @type {HTMLImageElement} */ (h("img", { alt: "", class: "zone-picture" }));
    this.image.addEventListener("load", () => { this.drawing.resize(this.image.naturalWidth, this.image.naturalHeight); this.#mark(); });
    this.taken = h("span", { class: "note" });
    this.message = h("p", { class: "zones-message", role: "status", "aria-live": "polite" });
    this.drawing = new Drawing(() => this.#draft, { changed: () => this.#render(), say: (key) => this.#say(key), drawn: (polygon) => this.#drawn(polygon) });
    this.form = new ZoneForm(() => this.#draft, () => this.#render());
    this.trial = new DryRunPanel(() => this.#draft.zones, (shown) => this.#stage(shown));
    this.add = this.#button("draw", () => (this.drawing.drawing ? this.drawing.cancel() : this.drawing.begin()));
    this.box = this.#button("box", () => this.#drawn([[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]]));
    this.drop = this.#button("remove", () => { this.#draft.remove(); this.#render(); });
    this.undo = this.#button("undo", () => { this.#draft.undo(); this.#render(); });
    this.redo = this.#button("redo", () => { this.#draft.redo(); this.#render(); });
    this.copy = this.#button("copy", () => this.#copy());
    this.save = translate(h("button", { class: "primary", type: "button", "data-act": "zones-save", on: { click: () => this.#save() } }), "zones.save");
    this.side = h("aside", { class: "zones-side" }, this.form.node, this.trial.node);
    this.node = /** @type {HTMLDialogElement} */ (h("dialog", { class: "zones", "aria-labelledby": "zones-title" },
      h("header", { class: "zones-head" }, this.title, h("div", { class: "zones-acts" }, this.add, this.box, this.drop, this.undo, this.redo, this.copy, this.save),
        translate(h("button", { class: "quiet", type: "button", "data-act": "zones-close", on: { click: () => this.#leave() } }), "close")),
      h("div", { class: "zones-body" },
        h("section", { class: "zones-main" }, this.where, h("div", { class: "zone-stage" }, this.image, /** @type {any} */ (this.drawing.node)), h("div", { class: "zones-foot" }, this.message, this.taken)),
        this.side)));
    this.node.addEventListener("cancel", (event) => { event.preventDefault(); this.#leave(); });
    this.node.addEventListener("keydown", (event) => this.#key(event));
    this.node.addEventListener("close", () => this.#clear());
    window.addEventListener("beforeunload", (event) => { if (this.node.open && this.#draft.changed) event.preventDefault(); });
    onLanguage(() => {
      if (!this.#camera) return;
      this.#render();
      this.#tell();
      this.#mark();
    });
  }

  /** Set the operator's role: only admins may save. @param {string} role */
  operator(role) {
    this.#isAdmin = role === "admin";
  }

  /** Edit a camera's zones. @param {{id: string, name: string}} camera */
  async open(camera) {
    this.#opening += 1;
    const opening = this.#opening;
    this.#camera = camera;
    this.#saving = false;
    this.#draft = new ZoneDraft([]);
    this.form.refusals = [];
    this.#say("zones.loading");
    if (!this.node.open) this.node.showModal();
    this.#render();
    this.trial.open(camera.id, this.#isAdmin);
    try {
      const [answer, rules, { cameras }] = await Promise.all([call(this.#path), callJson("/v1/rules").catch(() => ({ rules: [] })), callJson("/v1/cameras").catch(() => ({ cameras: [] }))]);
      const view = await received(answer.json());
      if (opening !== this.#opening) return;
      this.form.rules = rules.rules;
      this.form.offer(cameras.flatMap((/** @type {any} */ view) => (view.camera.zones ?? []).map((/** @type {any} */ zone) => zone.owner)));
      this.form.unknown = new Set(cameras.find((/** @type {any} */ view) => view.camera.id === camera.id)?.health?.unknown_owners ?? []);
      this.#take(view, answer);
      this.trial.begin();
      this.#say(null);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (opening === this.#opening) this.#fault("zones.failed", error.message);
    }
  }

  get #path() {
    return `/v1/cameras/${encodeURIComponent(this.#camera?.id ?? "")}/zones`;
  }

  /** @param {{zones: import("./draft.js").Zone[], configured_by: string}} view @param {Response} answer */
  #take(view, answer) {
    this.#etag = answer.headers.get("ETag") ?? "";
    this.#node = view.configured_by;
    this.#draft = new ZoneDraft(view.zones);
    this.#draft.chosen = view.zones.length ? 0 : -1;
    this.#render();
  }

  #render() {
    const draft = this.#draft;
    const readOnly = this.#node !== "" || !this.#isAdmin;
    write(this.title, t("zones.title", { name: this.#camera?.name ?? "" }) + (draft.changed ? ` ${t("zones.unsaved")}` : ""));
    this.where.hidden = !readOnly;
    if (this.#node) translate(this.where, "zones.file", { node: this.#node });
    else translate(this.where, "zones.admin");
    translate(this.add, this.drawing.drawing ? "zones.cancel" : "zones.draw");
    /** @type {HTMLButtonElement} */ (this.drop).disabled = !draft.zone;
    /** @type {HTMLButtonElement} */ (this.undo).disabled = !draft.canUndo;
    /** @type {HTMLButtonElement} */ (this.redo).disabled = !draft.canRedo;
    this.save.hidden = readOnly;
    this.copy.hidden = !this.#node;
    /** @type {HTMLButtonElement} */ (this.save).disabled = this.#saving || !draft.changed || draft.faults.length > 0;
    this.drawing.render();
    this.form.render();
    this.trial.render();
  }

  /** Show the live picture, or a lead of a dry run over its own picture, or over the live one if none is kept. @param {{address: string | null, lead: import("./dryrun.js").DryLead, run: import("./dryrun.js").Run} | null} shown */
  #stage(shown) {
    this.#shown = shown;
    if (!shown) this.drawing.mark([]);
    if (shown?.address) {
      this.#feed?.close();
      this.#feed = null;
      this.image.src = shown.address;
    } else {
      this.#live();
      this.#mark();
    }
    this.#tell();
  }

  #live() {
    if (this.#feed || !this.#camera) return;
    this.#feed = new SnapshotFeed(this.#camera.id, this.image, () => this.#tell());
    this.#feed.open();
  }

  /** Draw the box of the dry run's lead. */
  #mark() {
    if (!this.#shown) return;
    const { lead, run } = this.#shown;
    const { measure } = lead.lead;
    if (!this.image.naturalWidth) return;
    const scale = this.image.naturalWidth / (run.report.width || this.image.naturalWidth);
    this.drawing.mark([{ xyxy: measure.peak_xyxy.map((/** @type {number} */ value) => value * scale), words: `${className(measure.class_name, language())} ${measure.peak_confidence.toFixed(2)}`, tone: "bad" }]);
  }

  /** @param {import("./geometry.js").Point[]} polygon */
  #drawn(polygon) {
    this.#draft.add(polygon, t("zones.new"));
    this.#render();
    // later: the click that closed the polygon first moves the focus to the picture
    setTimeout(() => /** @type {HTMLElement | null} */ (this.form.form.querySelector("input"))?.focus());
  }

  async #save() {
    const opening = this.#opening;
    const draft = this.#draft;
    const sent = JSON.stringify(draft.zones);
    this.#saving = true;
    this.form.refusals = [];
    this.#render();
    try {
      const answer = await call(this.#path, { method: "PUT", json: { zones: draft.zones }, headers: { "If-Match": this.#etag } });
      const view = await received(answer.json());
      if (opening !== this.#opening) return;
      if (JSON.stringify(draft.zones) === sent) {
        this.#take(view, answer);
        this.#draft.chosen = Math.min(draft.chosen, view.zones.length - 1);
        this.#say("zones.saved");
      } else {
        this.#etag = answer.headers.get("ETag") ?? "";
        draft.keptAs(view.zones);
        this.#say("zones.saved.before");
      }
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (opening !== this.#opening) return;
      this.form.refusals = error.errors.map(({ where, reason }) => ({ place: REFUSED.exec(where), reason })).flatMap(({ place, reason }) => (place ? [{ zone: Number(place[1]), field: place[2], reason }] : []));
      if (this.form.refusals.length) this.#draft.chosen = this.form.refusals[0].zone;
      if (error.slug === "stale-version") this.#fault("zones.stale", "");
      else this.#fault("zones.notsaved", error.message);
    }
    this.#saving = false;
    this.#render();
  }

  async #copy() {
    const text = tomlOf(this.#draft.zones);
    this.#copied = text;
    try {
      await navigator.clipboard.writeText(text);
      this.#say("zones.copied");
    } catch {
      // without https the page may not write to the clipboard: show the text to be copied by hand
      const area = h("textarea", { class: "zones-toml", rows: 8, readOnly: true }, text);
      fill(this.message, area);
      /** @type {HTMLTextAreaElement} */ (area).select();
    }
  }

  #leave() {
    if (this.drawing.drawing) return void this.drawing.cancel();
    // zones from a node's file cannot be saved here: changes are lost unless they were copied
    const isLost = this.#draft.changed && (this.#node ? tomlOf(this.#draft.zones) !== this.#copied : this.#isAdmin);
    if (isLost && !window.confirm(t(this.#node ? "zones.leave.copy" : "zones.leave"))) return undefined;
    this.node.close();
    return undefined;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    if (key === "y" || event.shiftKey) this.#draft.redo();
    else this.#draft.undo();
    this.#render();
    event.preventDefault();
  }

  #tell() {
    if (this.#shown && !this.#shown.address) return void write(this.taken, t("dryrun.shown.box", { time: shortTime(Date.parse(this.#shown.lead.lead.measure.peak_utc)) }));
    if (this.#shown) return void write(this.taken, t("dryrun.shown", { at: short(this.#shown.lead.peak_s) }));
    const at = this.#feed?.captureMs;
    write(this.taken, at ? t("zones.taken", { time: shortTime(at) }) : t("zones.nopicture"));
    return undefined;
  }

  /** @param {string | null} key */
  #say(key) {
    this.message.dataset.tone = key?.startsWith("zones.fault") ? "bad" : "none";
    if (key) translate(this.message, key);
    else {
      untranslate(this.message);
      write(this.message, "");
    }
  }

  /** @param {string} key @param {string} reason */
  #fault(key, reason) {
    this.message.dataset.tone = "bad";
    translate(this.message, key, { reason });
  }

  #clear() {
    this.#opening += 1;
    this.#camera = null;
    this.trial.end();
    this.#feed?.close();
    this.#feed = null;
    this.#shown = null;
    this.#node = "";
    this.#copied = "";
    this.drawing.cancel();
  }

  /** @param {string} act @param {() => void} click */
  #button(act, click) {
    return translate(h("button", { class: "button", type: "button", "data-act": `zones-${act}`, on: { click } }), `zones.${act}`);
  }
}
