/**
 * Calendar: the days on which this site works other than the calendar of public holidays says.
 * @module
 */
import { callJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { dayOf, serverClock } from "../shared/times.js";
import { html, useAnswer, useState } from "../shared/ui.js";
import { useChange, Waiting } from "./answer.js";

/** @typedef {{day: string, working: boolean, reason: string, changed_by: string}} Day */

/** Show the site's own days of a year; administrators change them. @param {{operator: {role: string}}} props */
export function Calendar({ operator }) {
  const [year, setYear] = useState(() => Number(dayOf(serverClock.now()).slice(0, 4)));
  const [leaving, leave] = useState("");
  const { value, fault, again } = useAnswer(() => callJson(`/v1/calendar?year=${year}`), [year]);
  const { said, lack, change } = useChange(again);
  const days = /** @type {Day[] | undefined} */ (value?.days);
  const mayChange = operator.role === "admin";
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const given = new FormData(form);
    const day = String(given.get("day"));
    const reason = String(given.get("reason")).trim();
    if (!day || !reason) return lack("calendar.incomplete");
    if (await change(`/v1/calendar/${day}`, { method: "PUT", json: { working: given.get("kind") === "working", reason } })) form.reset();
    return undefined;
  };
  const remove = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const reason = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("why")).trim();
    if (!reason) return lack("calendar.incomplete");
    if (await change(`/v1/calendar/${leaving}?reason=${encodeURIComponent(reason)}`, { method: "DELETE" })) leave("");
    return undefined;
  };
  return html`
    <section class="legal-part">
      <p class="note">${t("calendar.note")}</p>
      <label class="field legal-day"><span>${t("calendar.year")}</span><input type="number" name="year" min="2000" max="2200" defaultValue=${year} onChange=${(/** @type {any} */ { target }) => target.checkValidity() && setYear(Number(target.value))} /></label>
      ${!days ? html`<${Waiting} fault=${fault} />` : days.length === 0 ? html`<p class="empty">${t("calendar.none", { year })}</p>` : html`
        <table class="entries">
          <thead><tr>${["day", "kind", "reason", "by"].map((name) => html`<th key=${name}>${t(`calendar.${name}`)}</th>`)}<th></th></tr></thead>
          <tbody>${days.map((one) => html`
            <tr key=${one.day} data-day=${one.day}>
              <td>${one.day}</td><td>${t(one.working ? "calendar.working" : "calendar.free")}</td><td>${one.reason}</td><td>${one.changed_by}</td>
              <td>${mayChange ? html`<button class="quiet" type="button" data-act="calendar-remove" onClick=${() => leave(one.day)}>${t("calendar.remove")}</button>` : ""}</td>
            </tr>`)}</tbody>
        </table>`}
      ${leaving ? html`
        <form class="fields legal-form" noValidate onSubmit=${remove} key=${leaving}>
          <label class="field"><span>${t("calendar.asked", { day: leaving })}</span><input name="why" maxLength="200" /></label>
          <button class="primary" type="submit">${t("calendar.remove")}</button>
        </form>` : ""}
      ${mayChange ? html`
        <form class="fields legal-form" noValidate onSubmit=${submit}>
          <label class="field"><span>${t("calendar.day")}</span><input type="date" name="day" /></label>
          <label class="field"><span>${t("calendar.kind")}</span><select name="kind"><option value="free">${t("calendar.free")}</option><option value="working">${t("calendar.working")}</option></select></label>
          <label class="field"><span>${t("calendar.reason")}</span><input name="reason" maxLength="200" /></label>
          <button class="primary" type="submit">${t("legal.save")}</button>
        </form>` : ""}
      ${said}
    </section>`;
}
