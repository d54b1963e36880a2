/**
 * Entry panel: one entry as a form, made from the description of its kind; who changed it, when and why.
 * @module
 */
import { groupOf } from "../shared/controls.js";
import { fill, h } from "../shared/dom.js";
import { ApiProblem, call, callJson } from "../shared/http.js";
import { language, say, translate, t } from "../shared/i18n.js";
import { fullTime } from "../shared/times.js";
import { faultWords } from "./faults.js";
import { changedFields } from "./values.js";

/** @typedef {import("./kinds.js").Kind} Kind */

export class EntryPanel {
  /** @type {string | null} */
  #etag = null;
  #busy = false;
  #isSure = false;

  /**
   * @param {Kind} kind
   * @param {string | null} key `null`: a new entry
   * @param {{mayChange: boolean, changed: (key: string | null) => void, close: () => void}} acts `changed` is called with the key, `null` after a removal
   */
  constructor(kind, key, acts) {
    this.kind = kind;
    this.key = key;
    this.acts = acts;
    this.group = groupOf(kind.fields);
    this.reason = /** @type {HTMLInputElement} */ (h("input", { type: "text", name: "why", maxLength: 2000, "aria-required": "true" }));
    this.message = h("p", { class: "review-message", role: "status", tabIndex: -1 });
    this.stand = h("p", { class: "note" });
    this.title = h("h3");
    this.history = h("ol", { class: "timeline" });
    this.past = h("section", { class: "history", hidden: key === null }, h("h4", {}, translate(h("span"), "register.history")), this.history);
    this.save = translate(h("button", { class: "primary", type: "submit" }), "register.save");
    this.remove = translate(h("button", { class: "quiet", type: "button", hidden: key === null, on: { click: () => void this.#remove() } }), "register.remove");
    const form = h("form", { class: "entry-form", noValidate: true, on: { submit: (event) => void this.#save(event) } },
      h("fieldset", { class: "bare", disabled: !acts.mayChange }, this.group.node),
      acts.mayChange
        ? [h("label", { class: "field", "data-field": "why" }, h("span", {}, translate(h("span"), "register.why"), h("b", { class: "must", "aria-hidden": "true" }, " *"), translate(h("small", { class: "note" }), "register.why.hint")), this.reason), h("div", { class: "move-send" }, this.save, this.remove)]
        : translate(h("p", { class: "note" }), "register.readonly"),
      this.message);
    this.node = h("section", { class: "entry", "data-kind": kind.name },
      h("header", { class: "entry-head" }, translate(h("button", { class: "button entry-back", type: "button", on: { click: () => acts.close() } }), "register.back"), this.title),
      this.stand, form, this.past);
    if (key === null) translate(this.title, "register.new", { kind: t(`kind.${kind.name}`) });
    else void this.load();
  }

  get #address() {
    return `${this.kind.path}/${encodeURIComponent(this.key ?? "")}`;
  }

  /** Load the entry and its history. */
  async load() {
    try {
      const answer = await call(this.#address);
      const view = await answer.json();
      this.#etag = answer.headers.get("ETag");
      fill(this.title, this.kind.title(view.entry));
      fill(this.stand, t("register.by", { who: view.by.replace(/^operator:/, ""), time: fullTime(view.at).slice(0, 16), reason: view.reason }));
      this.group.write(view.entry);
      // the key tells the entry from others: another one would be another entry
      this.#keyInput.readOnly = true;
      await this.#loadHistory();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      say(this.message, "bad", "register.failed", { reason: error.message || t("login.unreachable") });
    }
  }

  get #keyInput() {
    return /** @type {HTMLInputElement} */ (this.group.node.querySelector(`[name="${this.kind.key}"]`));
  }

  async #loadHistory() {
    const { changes } = await callJson(`${this.#address}/history`);
    fill(this.history, changes.map((/** @type {any} */ change, /** @type {number} */ i) => {
      const before = i > 0 ? changes[i - 1].entry : null;
      const fields = change.entry && before ? changedFields(this.kind, before, change.entry).join(language() === "zh" ? "、" : ", ") : "";
      return h("li", { "data-act": change.removed ? "declined" : "moved" },
        h("div", { class: "timeline-head" },
          h("time", { datetime: change.at }, fullTime(change.at).slice(0, 16)),
          h("span", { class: "move-what" }, change.removed ? t("register.history.removed") : before ? t("register.history.version", { n: change.version }) : t("register.history.first")),
          h("span", { class: "move-who" }, change.by.replace(/^operator:/, ""))),
        h("p", { class: "move-why" }, change.reason),
        h("p", { class: "note" }, [fields ? t("register.history.changed", { fields }) : "", t("register.history.leaf", { n: change.log_index })].filter(Boolean).join(" · ")));
    }).reverse());
  }

  /** @param {Event} event */
  async #save(event) {
    event.preventDefault();
    if (this.#busy) return;
    const entry = this.group.read() ?? {};
    const missing = this.kind.fields.find(({ name, must }) => must && entry[name] === undefined);
    if (missing) {
      say(this.message, "bad", "register.missing", { field: t(missing.words) });
      this.group.parts.get(missing.name)?.focus();
      return;
    }
    const reason = this.#reason();
    if (!reason) return;
    const isNew = this.key === null;
    const before = this.#etag;
    await this.#send(async () => {
      this.key = String(entry[this.kind.key]);
      const view = await callJson(`${this.#address}?reason=${encodeURIComponent(reason)}`, { method: "PUT", json: entry, headers: this.#etag ? { "If-Match": this.#etag } : {} });
      this.reason.value = "";
      this.past.hidden = false;
      this.remove.hidden = false;
      await this.load();
      say(this.message, "good", this.#etag === before ? "register.same" : "register.saved", { version: view.version });
      this.acts.changed(this.key);
    });
    if (isNew && this.#etag === null) this.key = null;
  }

  async #remove() {
    if (this.#busy) return;
    const reason = this.#reason();
    if (!reason) return;
    if (!this.#isSure) {
      this.#isSure = true;
      translate(this.remove, "register.remove.sure");
      this.remove.className = "button";
      return;
    }
    await this.#send(async () => {
      await call(`${this.#address}?reason=${encodeURIComponent(reason)}`, { method: "DELETE", headers: { "If-Match": this.#etag ?? "" } });
      this.acts.changed(null);
    });
  }

  /** Return the reason; say that it is missing. */
  #reason() {
    const reason = this.reason.value.trim();
    if (!reason) {
      say(this.message, "bad", "register.why.missing");
      this.reason.focus();
    }
    return reason;
  }

  /** @param {() => Promise<void>} act */
  async #send(act) {
    this.#busy = true;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (error.status === 412) {
        await this.load();
        say(this.message, "bad", "register.stale");
      } else say(this.message, "bad", "register.refused", { reason: error.errors.length ? error.errors.map((wrong) => this.#wrongWords(wrong)).join(language() === "zh" ? "；" : "; ") : error.message || t("login.unreachable") });
      this.message.focus();
    } finally {
      this.#busy = false;
    }
  }

  /** @param {{where: string, reason: string}} wrong */
  #wrongWords({ where, reason }) {
    const [, name] = where.split(".");
    const words = this.kind.fields.find((field) => field.name === name)?.words;
    return [words ? t(words) : where.replace(/^body\.?/, ""), faultWords(reason)].filter(Boolean).join(language() === "zh" ? "：" : ": ");
  }
}
