/**
 * Undo bar: the moves that are on their way, with the time that is left to take each back.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { onLanguage, translate, t } from "../shared/i18n.js";
import { UNDO_MS } from "./outbox.js";
import { inWords } from "./refusals.js";

const TICK_MS = 200;

export class UndoBar {
  #timer = 0;
  /** @type {Map<string, {node: HTMLElement, left: HTMLElement, line: HTMLElement, state: string}>} */
  #rows = new Map();

  /** @param {import("./outbox.js").Outbox} outbox @param {{open: (leadId: string) => void}} acts */
  constructor(outbox, acts) {
    this.outbox = outbox;
    this.acts = acts;
    this.node = h("div", { class: "undo", role: "status", hidden: true });
    outbox.onChange(() => this.#render());
    onLanguage(() => {
      this.#rows.clear();
      this.#render();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !outbox.takeBack()) return;
      // the same key closes a dialog
      event.preventDefault();
      event.stopPropagation();
    }, true);
  }

  #render() {
    const { entries } = this.outbox;
    const rows = entries.map((entry) => {
      const known = this.#rows.get(entry.leadId);
      if (known?.state === entry.state) return known;
      const row = { ...this.#row(entry), state: entry.state };
      this.#rows.set(entry.leadId, row);
      return row;
    });
    for (const id of this.#rows.keys()) if (!this.outbox.of(id)) this.#rows.delete(id);
    fill(this.node, rows.map((row) => row.node));
    this.node.hidden = rows.length === 0;
    this.#tick();
  }

  /** @param {import("./outbox.js").Entry} entry */
  #row(entry) {
    const { leadId, state } = entry;
    const button = (/** @type {string} */ words, /** @type {string} */ act, /** @type {() => void} */ click, look = "button") => translate(h("button", { class: look, type: "button", "data-act": act, on: { click } }), words);
    const left = h("span", { class: "undo-left", "aria-hidden": "true" });
    const line = h("i", { class: "undo-line", "aria-hidden": "true" });
    const what = entry.act === "decline" ? t("act.decline") : t(`act.${entry.act}`, { what: t(`decide.${entry.body.to}`) });
    const says = state === "failed" ? t("undo.failed", { reason: entry.problem?.status ? inWords(entry.problem.message) : t("login.unreachable") }) : state === "sending" ? t("undo.sending") : "";
    const node = h("div", { class: "undo-row", "data-state": state, "data-lead": leadId },
      h("span", { class: "undo-what" }, h("strong", {}, what), " ", h("span", { class: "mono" }, leadId)), left, says ? h("span", { class: "undo-says" }, says) : null,
      state === "waiting" ? [button("undo.back", "take-back", () => void this.outbox.takeBack(leadId), "primary"), button("undo.now", "send-now", () => void this.outbox.hurry(leadId))] : null,
      state === "failed" ? [button("undo.open", "undo-open", () => this.acts.open(leadId)), button("undo.again", "undo-again", () => void this.outbox.hurry(leadId)), button("undo.drop", "undo-drop", () => this.outbox.drop(leadId))] : null,
      line);
    return { node, left, line };
  }

  /** Count down, and stay above whatever dialog is open: what is outside it cannot be clicked. */
  #tick() {
    clearTimeout(this.#timer);
    const dialogs = document.querySelectorAll("dialog[open]");
    const host = dialogs[dialogs.length - 1] ?? document.body;
    if (this.node.parentElement !== host) host.append(this.node);
    if (this.node.hidden) return;
    for (const entry of this.outbox.entries) {
      const row = this.#rows.get(entry.leadId);
      if (!row || entry.state !== "waiting") continue;
      const left = Math.max(0, entry.until - Date.now());
      write(row.left, t("undo.waits", { n: Math.ceil(left / 1000) }));
      row.line.style.setProperty("--share", String(left / UNDO_MS));
    }
    this.#timer = window.setTimeout(() => this.#tick(), TICK_MS);
  }
}
