/**
 * Zone form: the list of a camera's zones, the fields of the chosen one, and the rules that use its kind.
 * @module
 */
import { VIOLATION_CODES, violationName, violationNumber } from "../leads/codes.js";
import { fill, h, write } from "../shared/dom.js";
import { language, translate, t } from "../shared/i18n.js";
import { KINDS } from "./draft.js";
import { HoursField } from "./hours.js";

/** @typedef {{code: string, zh: string, en: string, zones: string[], seen_zh: string, seen: string, detectable: boolean, missing_zh: string, status?: string, reason_zh?: string, reason?: string}} Rule a row of `GET /v1/rules` */

export class ZoneForm {
  /** @type {Rule[]} */
  rules = [];
  /** Fields that the server refused when the zones were last sent. @type {{zone: number, field: string, reason: string}[]} */
  refusals = [];

  /** Owners of saved zones that are not in the register of the watching worker. @type {Set<string>} */
  unknown = new Set();

  /** @param {() => import("./draft.js").ZoneDraft} draft @param {() => void} changed */
  constructor(draft, changed) {
    this.draft = draft;
    this.changed = changed;
    this.list = h("ol", { class: "zone-list" });
    this.form = h("div", { class: "zone-form" });
    this.hours = new HoursField(draft, changed);
    this.uses = h("section", { class: "zone-uses" });
    this.owners = h("datalist", { id: "zone-owners" });
    this.warning = translate(h("p", { class: "note owner-unknown", role: "status" }), "zones.owner.unknown");
    this.node = h("div", { class: "zone-side" }, this.list, this.form, this.hours.node, this.uses, this.owners);
  }

  /** Suggest the owners of other zones of this site. @param {string[]} names */
  offer(names) {
    fill(this.owners, [...new Set(names)].filter(Boolean).sort().map((name) => h("option", { value: name })));
  }

  /** Show the draft. */
  render() {
    const draft = this.draft();
    const { faults } = draft;
    fill(this.list, draft.zones.length ? draft.zones.map((zone, i) => {
      const wrong = faults.find((fault) => fault.zone === i);
      return h("li", {}, h("button", { class: "zone-choice", type: "button", "aria-pressed": String(i === draft.chosen), "data-kind": zone.kind, on: { click: () => this.#choose(i) } },
        h("span", { class: "zone-swatch", "aria-hidden": "true" }), h("strong", {}, zone.name || "–"), h("span", {}, t(`zone.${zone.kind}`)),
        wrong ? h("em", {}, t(wrong.key)) : null));
    }) : translate(h("li", { class: "note" }), "zones.none"));
    this.#renderForm(draft.zone);
    this.warning.hidden = !this.unknown.has(draft.zone?.owner ?? "");
    this.hours.render(this.refusals.find(({ zone, field }) => zone === draft.chosen && field === "schedule")?.reason ?? "");
    this.#renderFaults(draft);
    this.#renderUses(draft.zone);
  }

  /** @param {number} zone */
  #choose(zone) {
    this.draft().chosen = zone;
    this.changed();
    /** @type {HTMLElement | undefined} */ (this.list.querySelectorAll("button")[zone])?.focus();
  }

  /** @param {import("./draft.js").Zone | null} zone */
  #renderForm(zone) {
    if (!zone) return void fill(this.form);
    // do not replace a field that is being filled in, and keep the focus
    const of = `${this.draft().chosen} ${zone.kind} ${language()}`;
    if (this.form.dataset.of === of && this.form.childElementCount) return void this.#refresh(zone);
    const focused = this.form.contains(document.activeElement) ? document.activeElement?.getAttribute("data-field") : null;
    this.form.dataset.of = of;
    const codes = ["", ...VIOLATION_CODES];
    fill(this.form,
      this.#field("name", input({ value: zone.name, maxLength: 64, required: true })),
      this.#field("kind", select(KINDS.map((kind) => [kind, t(`zone.${kind}`)]), zone.kind)),
      translate(h("p", { class: "note" }), `zone.${zone.kind}.why`),
      this.#field("owner", input({ value: zone.owner, maxLength: 64, list: "zone-owners" })),
      this.warning,
      zone.kind === "outlet" || zone.kind === "vent" ? this.#field("outlet", input({ value: zone.outlet, maxLength: 32 })) : null,
      zone.kind === "outlet" ? this.#field("grade_limit", input({ value: String(zone.grade_limit), type: "number", min: "0", max: "5", step: "0.25" })) : null,
      zone.kind === "outlet" ? this.#field("distance_m", input({ value: String(zone.distance_m ?? ""), type: "number", min: "1", step: "1" })) : null,
      zone.kind === "mask" ? null : this.#field("violation_code", select(codes.map((code) => [code, code ? `${violationNumber(code)} ${violationName(code, language())}` : t("zones.code.rule")]), zone.violation_code)));
    if (focused) /** @type {HTMLElement | null} */ (this.form.querySelector(`[data-field="${focused}"]`))?.focus();
    return undefined;
  }

  /** @param {import("./draft.js").Zone} zone */
  #refresh(zone) {
    for (const field of this.form.querySelectorAll("[data-field]")) {
      const value = String(zone[/** @type {keyof import("./draft.js").Zone} */ (field.getAttribute("data-field"))] ?? "");
      if (field !== document.activeElement) /** @type {HTMLInputElement} */ (field).value = value;
    }
  }

  /** Show at each field what is wrong with it. @param {import("./draft.js").ZoneDraft} draft */
  #renderFaults(draft) {
    const own = draft.faults.filter(({ zone, key }) => zone === draft.chosen && /name|twice/.test(key)).map(({ key }) => ({ field: "name", reason: t(key) }));
    const wrong = new Map([...this.refusals.filter(({ zone }) => zone === draft.chosen), ...own].map(({ field, reason }) => [field, reason]));
    for (const field of this.form.querySelectorAll("[data-field]")) {
      const reason = wrong.get(field.getAttribute("data-field") ?? "") ?? "";
      field.setAttribute("aria-invalid", String(reason !== ""));
      write(/** @type {Node} */ (field.nextElementSibling), reason);
    }
  }

  /** @param {"name" | "kind" | "owner" | "outlet" | "grade_limit" | "distance_m" | "violation_code"} key @param {HTMLElement} field */
  #field(key, field) {
    field.setAttribute("data-field", key);
    field.addEventListener("change", () => {
      const { value } = /** @type {HTMLInputElement} */ (field);
      if (key === "distance_m") this.draft().set(key, Number(value) > 0 ? Number(value) : null);
      else if (key === "grade_limit") this.draft().set(key, Math.min(5, Math.max(0, Number(value) || 0)));
      else this.draft().set(key, key === "kind" ? value : value.trim());
      this.refusals = this.refusals.filter((refusal) => refusal.zone !== this.draft().chosen || refusal.field !== key);
      this.changed();
    });
    const fault = h("em", { class: "field-fault", id: `zone-fault-${key}`, role: "alert" });
    field.setAttribute("aria-describedby", fault.id);
    return h("label", { class: "field" }, translate(h("span"), `zones.${key}`), field, fault);
  }

  /** @param {import("./draft.js").Zone | null} zone */
  #renderUses(zone) {
    if (!zone) return void fill(this.uses);
    const using = this.rules.filter((rule) => rule.zones.includes(zone.kind));
    const zh = language() === "zh";
    fill(this.uses, translate(h("h3"), "zones.uses"), using.length ? h("ul", {}, using.map((rule) => {
      const isSeen = rule.detectable && rule.status !== "not_detectable";
      const why = (zh ? rule.reason_zh : rule.reason) || t("zones.uses.not");
      return h("li", { "data-on": isSeen ? "yes" : "no" },
        h("strong", {}, `${violationNumber(rule.code)} ${zh ? rule.zh : rule.en}`),
        h("span", {}, zh ? rule.seen_zh : rule.seen),
        isSeen ? null : h("em", {}, why));
    })) : translate(h("p", { class: "note" }), zone.kind === "mask" ? "zone.mask.why" : "zones.uses.watch"));
    return undefined;
  }
}

/** @param {Record<string, string | number | boolean>} props */
function input(props) {
  return h("input", { type: "text", autocomplete: "off", ...props });
}

/** @param {string[][]} options value and words @param {string} value */
function select(options, value) {
  const node = /** @type {HTMLSelectElement} */ (h("select", {}, options.map(([one, words]) => h("option", { value: one }, words))));
  node.value = value;
  return node;
}
