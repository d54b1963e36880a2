/**
 * Move form: what one move takes, as fields; required ones first, then the reason, the others on request.
 * @module
 */
import { h } from "../shared/dom.js";
import { translate, t } from "../shared/i18n.js";
import { contentControl, isNeeded } from "./fields.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {{to: string, act: "move" | "propose" | "confirm" | "decline", role: string, requires: string[], offers: string[], reason_codes: import("./fields.js").ReasonCode[], blocked: string}} Option */

export class MoveForm {
  /** @type {Map<string, import("../shared/controls.js").Control>} */
  #parts = new Map();
  /** @type {Set<string>} */
  #must;

  /**
   * @param {Lead} lead
   * @param {Option} option
   * @param {{submit: (body: Record<string, unknown>) => void, cancel: () => void, lack: (key: string, values?: Record<string, string>) => void}} acts `lack` is called with the words of what is missing
   * @param {{codes?: string[], draft?: Record<string, any>}} [known] `draft`: what was filled in before
   */
  constructor(lead, option, acts, { codes = [], draft = {} } = {}) {
    this.option = option;
    this.acts = acts;
    const offered = option.offers.filter((name) => !option.requires.includes(name));
    const first = [...option.requires, ...offered.filter((name) => isNeeded(name, lead))].sort((a, b) => Number(b === "review") - Number(a === "review"));
    const later = offered.filter((name) => !first.includes(name));
    // whoever has the four questions before him answers them: a record that nobody judged is no evidence
    this.#must = new Set([...option.requires, ...(first.includes("review") ? ["review"] : [])]);
    for (const name of [...first, ...later]) {
      const control = contentControl(name, { lead, must: this.#must.has(name), codes, reasons: option.reason_codes });
      const known = draft[name] ?? /** @type {any} */ (lead.handling)?.[name];
      if (known !== undefined && known !== null && known !== "" && known?.length !== 0) control.write(known);
      this.#parts.set(name, control);
    }
    this.reason = /** @type {HTMLTextAreaElement} */ (h("textarea", { rows: 2, maxLength: 2000, name: "reason", value: draft.reason ?? "", "aria-required": "true" }));
    const what = () => t(`act.${option.act}`, { what: t(`decide.${option.to}`) });
    const nodes = (/** @type {string[]} */ names) => names.map((name) => this.#parts.get(name)?.node ?? null);
    const submit = translate(h("button", { class: "primary", type: "submit" }), "decide.submit", { what: what() });
    this.node = h("form", { class: "move-form", noValidate: true, "data-form": option.to, on: { submit: (event) => this.#submit(event), keydown: (event) => this.#onKey(event) } },
      nodes(first),
      h("label", { class: "field", "data-field": "reason" }, h("span", {}, translate(h("span"), "decide.reason"), h("b", { class: "must", "aria-hidden": "true" }, " *"), translate(h("small", { class: "note" }), "decide.reason.hint")), this.reason),
      later.length ? h("details", { class: "move-more", open: later.some((name) => this.#parts.get(name)?.read() !== undefined && draft[name] !== undefined) }, translate(h("summary"), "field.more"), nodes(later)) : null,
      h("div", { class: "move-send" }, submit, translate(h("button", { class: "quiet", type: "button", on: { click: () => acts.cancel() } }), "decide.cancel")));
  }

  /** Focus the first field. */
  focus() {
    const first = this.#parts.values().next().value;
    if (first && this.node.firstChild === first.node) first.focus();
    else this.reason.focus();
  }

  /** Fill fields in. @param {Record<string, any>} values by name; those without a field here are left */
  write(values) {
    for (const [name, value] of Object.entries(values)) this.#parts.get(name)?.write(value);
  }

  /** @returns {Record<string, any>} what is filled in, as the request carries it */
  read() {
    const given = [...this.#parts].map(([name, part]) => [name, part.read()]).filter(([, value]) => value !== undefined);
    return { ...Object.fromEntries(given), reason: this.reason.value.trim() };
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const body = this.read();
    for (const [name, part] of this.#parts) {
      if (!this.#must.has(name) || body[name] !== undefined) continue;
      if (name === "review") this.acts.lack("answer.empty");
      else this.acts.lack("decide.missing", { field: t(`content.${name}`) });
      part.focus();
      return;
    }
    if (!body.reason) {
      this.acts.lack("decide.empty");
      this.reason.focus();
      return;
    }
    this.acts.submit({ to: this.option.to, ...body });
  }

  /** @param {Event} event */
  #onKey(event) {
    const { key, ctrlKey, metaKey } = /** @type {KeyboardEvent} */ (event);
    if (key === "Enter" && (ctrlKey || metaKey)) this.#submit(event);
  }
}
