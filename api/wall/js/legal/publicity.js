/**
 * Publicity: published penalties and when each is to be taken down.
 * @module
 */
import { callJson } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { dayOf, serverClock } from "../shared/times.js";
import { html, useAnswer, useState } from "../shared/ui.js";
import { Waiting } from "./answer.js";

/** @typedef {{lead_id: string, decision_no: string, company: string, publicity: {from: string, until: string}, is_over: boolean}} Penalty */

/** Show the penalties that end by a day, those of today at first. @param {{openLead: (leadId: string) => void}} props */
export function Publicity({ openLead }) {
  const [until, setUntil] = useState(() => dayOf(serverClock.now()));
  const { value, fault } = useAnswer(() => callJson(`/v1/publicity?until=${until}`), [until]);
  const penalties = /** @type {Penalty[] | undefined} */ (value?.penalties);
  return html`
    <section class="legal-part">
      <p class="note">${t("publicity.note")}</p>
      <label class="field legal-day"><span>${t("publicity.until")}</span><input type="date" name="until" defaultValue=${until} onChange=${(/** @type {any} */ { target }) => target.value && setUntil(target.value)} /></label>
      ${!penalties ? html`<${Waiting} fault=${fault} />` : penalties.length === 0 ? html`<p class="empty">${t("publicity.none")}</p>` : html`
        <table class="entries">
          <thead><tr>${["decision", "company", "from", "end", "lead"].map((name) => html`<th key=${name}>${t(`publicity.${name}`)}</th>`)}</tr></thead>
          <tbody>${penalties.map((one) => html`
            <tr key=${one.lead_id} data-over=${String(one.is_over)}>
              <td>${one.decision_no}</td><td>${one.company}</td><td>${one.publicity.from}</td>
              <td>${one.publicity.until}${one.is_over ? html` <b class="due" data-tone="bad">${t("publicity.over")}</b>` : ""}</td>
              <td><button class="entry-open mono" type="button" onClick=${() => openLead(one.lead_id)}>${one.lead_id}</button></td>
            </tr>`)}</tbody>
        </table>`}
    </section>`;
}
