/**
 * Catalogue: the rows of the violation catalogue, and which of them the legal section has confirmed.
 * @module
 */
import { callJson } from "../shared/http.js";
import { language, t } from "../shared/i18n.js";
import { shortTime } from "../shared/times.js";
import { html, useAnswer, useState } from "../shared/ui.js";
import { useChange, Waiting } from "./answer.js";

/** @typedef {{code: string, zh: string, en: string, legal: {basis: string[]}}} Row */
/** @typedef {{code: string, confirmed: boolean, catalogue: string, reference: string, by: string, at: string}} Confirmation */

/** Show every row with what was said of it, and a form for the chosen one. */
export function Catalogue() {
  const [chosen, choose] = useState("");
  const { value, fault, again } = useAnswer(() => Promise.all([callJson("/v1/rules"), callJson("/v1/catalogue/confirmations")]), []);
  const { said, lack, change } = useChange(again);
  if (!value) return html`<section class="legal-part"><${Waiting} fault=${fault} /></section>`;
  const [{ rules }, { catalogue, confirmations }] = value;
  const by = new Map(confirmations.map((/** @type {Confirmation} */ one) => [one.code, one]));
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const reference = String(new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("reference")).trim();
    if (!reference) return lack("catalogue.reference.empty");
    const confirmed = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value !== "withdraw";
    if (await change(`/v1/catalogue/${chosen}/confirmation`, { method: "PUT", json: { confirmed, reference } })) choose("");
    return undefined;
  };
  return html`
    <section class="legal-part">
      <p class="note">${t("catalogue.note", { version: catalogue })}</p>
      <table class="entries">
        <thead><tr>${["code", "basis", "state"].map((name) => html`<th key=${name}>${t(`catalogue.${name}`)}</th>`)}</tr></thead>
        <tbody>${rules.map((/** @type {Row} */ row) => html`
          <tr key=${row.code} data-code=${row.code} aria-selected=${String(row.code === chosen)}>
            <td><button class="entry-open" type="button" onClick=${() => choose(row.code)}>${row.code.split("_")[0]} ${language() === "zh" ? row.zh : row.en}</button></td>
            <td>${row.legal.basis.join("；")}</td>
            <td><${State} said=${by.get(row.code)} version=${catalogue} /></td>
          </tr>`)}</tbody>
      </table>
      ${chosen ? html`
        <form class="fields legal-form" noValidate onSubmit=${submit} key=${chosen}>
          <label class="field"><span>${chosen.split("_")[0]} · ${t("catalogue.reference")}</span><input name="reference" maxLength="200" defaultValue=${by.get(chosen)?.reference ?? ""} /></label>
          <button class="primary" type="submit" value="confirm">${t("catalogue.confirm")}</button>
          ${by.get(chosen)?.confirmed ? html`<button class="button" type="submit" value="withdraw">${t("catalogue.withdraw")}</button>` : ""}
        </form>` : ""}
      ${said}
    </section>`;
}

/** @param {{said: Confirmation | undefined, version: string}} props */
function State({ said, version }) {
  if (!said) return html`<span class="due">${t("catalogue.open")}</span>`;
  const values = { reference: said.reference, by: said.by, time: shortTime(Date.parse(said.at)) };
  if (!said.confirmed) return html`<span class="due" data-tone="warn">${t("catalogue.withdrawn", values)}</span>`;
  if (said.catalogue !== version) return html`<span class="due" data-tone="warn">${t("catalogue.old", { version: said.catalogue })}</span>`;
  return html`<span class="verdict" data-tone="good">${t("catalogue.confirmed", values)}</span>`;
}
