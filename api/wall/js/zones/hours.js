/**
 * Hours: the times of the week at which a zone counts, as rows of days and times.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { language, translate, t } from "../shared/i18n.js";

/** @typedef {{days: string[], from: string, to: string}} Span */

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
export const MOST_SPANS = 16;

/**
 * Return a time of day as `HH:MM`, `null` if the text is none. A browser's own time field may show 12 hours, so this one is text.
 * @param {string} text `7:30`, `0730`, `７：３０` @param {boolean} isEnd whether it may be 24:00 @returns {string | null}
 */
export function timeOf(text, isEnd) {
  const [, hours, minutes] = /^\s*(\d{1,2})[:.]?(\d{2})\s*$/.exec(text.normalize("NFKC")) ?? [];
  if (!minutes || Number(minutes) > 59) return null;
  const isMidnight = isEnd && Number(hours) === 24 && minutes === "00";
  return Number(hours) < 24 || isMidnight ? `${hours.padStart(2, "0")}:${minutes}` : null;
}

export class HoursField {
  /** @param {() => import("./draft.js").ZoneDraft} draft @param {() => void} changed */
  constructor(draft, changed) {
    this.draft = draft;
    this.changed = changed;
    this.rows = h("ol", { class: "hours-rows" });
    this.always = translate(h("p", { class: "hours-always" }), "zones.hours.always");
    this.add = translate(h("button", { class: "button", type: "button", "data-act": "hours-add", on: { click: () => this.#change((spans) => [...spans, { days: [...DAYS], from: "08:00", to: "18:00" }]) } }), "zones.hours.add");
    this.why = h("p", { class: "note" });
    this.fault = h("em", { class: "field-fault", role: "alert" });
    this.node = h("fieldset", { class: "hours", hidden: true }, translate(h("legend"), "zones.hours"), this.always, this.rows, this.add, this.why, this.fault);
  }

  /** Show the hours of the chosen zone. @param {string} refusal why the server refused them, empty if it did not */
  render(refusal) {
    const { zone } = this.draft();
    this.node.hidden = !zone;
    if (!zone) return;
    const spans = zone.schedule ?? [];
    this.always.hidden = spans.length > 0;
    /** @type {HTMLButtonElement} */ (this.add).disabled = spans.length >= MOST_SPANS;
    translate(this.why, zone.kind === "mask" ? "zones.hours.mask" : "zones.hours.why");
    write(this.fault, refusal);
    // do not replace a time that is being typed
    const of = `${this.draft().chosen} ${spans.length} ${language()}`;
    if (this.node.dataset.of !== of) {
      this.node.dataset.of = of;
      fill(this.rows, spans.map((_, i) => this.#row(i)));
    }
    spans.forEach((span, i) => this.#refresh(/** @type {HTMLElement} */ (this.rows.children[i]), span));
  }

  /** @param {number} i */
  #row(i) {
    const day = (/** @type {string} */ name) => h("button", { class: "hours-day", type: "button", "data-day": name, title: t(`day.${name}.long`), "aria-label": t(`day.${name}.long`), on: { click: () => this.#toggle(i, name) } }, t(`day.${name}`));
    const time = (/** @type {"from" | "to"} */ end) => {
      const field = /** @type {HTMLInputElement} */ (h("input", { type: "text", inputMode: "numeric", maxLength: 5, autocomplete: "off", "data-end": end, on: { change: () => this.#time(i, end, field) } }));
      return translate(field, `zones.hours.${end}`, {}, "aria-label");
    };
    return h("li", { class: "hours-row" },
      h("div", { class: "hours-days", role: "group", "aria-label": t("zones.hours.days") }, DAYS.map(day)),
      h("div", { class: "hours-times" }, time("from"), h("span", { "aria-hidden": "true" }, "–"), time("to"), translate(h("span", { class: "hours-next" }), "zones.hours.next"),
        translate(h("button", { class: "quiet", type: "button", "data-act": "hours-remove", on: { click: () => this.#change((spans) => spans.filter((_, each) => each !== i)) } }), "zones.hours.remove")));
  }

  /** @param {HTMLElement} row @param {Span} span */
  #refresh(row, { days, from, to }) {
    for (const button of row.querySelectorAll("[data-day]")) button.setAttribute("aria-pressed", String(days.includes(button.getAttribute("data-day") ?? "")));
    for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (row.querySelectorAll("[data-end]"))) {
      const value = field.dataset.end === "from" ? from : to;
      if (field !== document.activeElement && field.getAttribute("aria-invalid") !== "true") field.value = value;
    }
    /** @type {HTMLElement} */ (row.querySelector(".hours-next")).hidden = to > from;
  }

  /** Switch a day on or off; the last day cannot be switched off. @param {number} i @param {string} day */
  #toggle(i, day) {
    this.#set(i, ({ days }) => {
      const chosen = DAYS.filter((each) => (each === day) !== days.includes(each));
      return { days: chosen.length ? chosen : days };
    });
  }

  /** Take a time; an invalid one stays in the field, marked, and is not taken. @param {number} i @param {"from" | "to"} end @param {HTMLInputElement} field */
  #time(i, end, field) {
    const time = timeOf(field.value, end === "to");
    field.setAttribute("aria-invalid", String(time === null));
    if (time === null) return;
    field.value = time;
    this.#set(i, () => ({ [end]: time }));
  }

  /** @param {number} i @param {(span: Span) => Partial<Span>} change */
  #set(i, change) {
    this.#change((spans) => spans.map((span, each) => (each === i ? { ...span, ...change(span) } : span)));
  }

  /** @param {(spans: Span[]) => Span[]} change */
  #change(change) {
    this.draft().set("schedule", change(this.draft().zone?.schedule ?? []));
    this.changed();
  }
}
