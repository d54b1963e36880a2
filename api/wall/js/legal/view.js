/**
 * Legal view: what the legal section keeps for the loop: published penalties, working days, confirmed rows of the catalogue.
 * @module
 */
import { h } from "../shared/dom.js";
import { t } from "../shared/i18n.js";
import { html, render } from "../shared/ui.js";
import { Calendar } from "./calendar.js";
import { Catalogue } from "./catalogue.js";
import { Publicity } from "./publicity.js";

/** @typedef {{username: string, role: string}} Operator */

/** Parts of the page by their address: `#legal/calendar`. */
const PARTS = /** @type {Record<string, (props: {operator: Operator, openLead: (leadId: string) => void}) => any>} */ ({ publicity: Publicity, calendar: Calendar, catalogue: Catalogue });

export class LegalView {
  /** @param {{go: (hash: string) => void, openLead: (leadId: string) => void}} acts `go` writes the page's address @param {Operator} operator */
  constructor(acts, operator) {
    this.acts = acts;
    this.operator = operator;
    this.node = /** @type {HTMLDialogElement} */ (h("dialog", { class: "desk legal", "aria-labelledby": "legal-title" }));
  }

  /** Show a part. @param {string[]} path as in the page's address */
  open([part = "publicity"]) {
    const shown = Object.hasOwn(PARTS, part) ? part : "publicity";
    render(html`<${Page} part=${shown} operator=${this.operator} close=${() => this.node.close()} go=${this.acts.go} openLead=${(/** @type {string} */ id) => { this.node.close(); this.acts.openLead(id); }} />`, this.node);
    if (!this.node.open) this.node.showModal();
  }
}

/** @param {{part: string, operator: Operator, close: () => void, go: (hash: string) => void, openLead: (leadId: string) => void}} props */
function Page({ part, operator, close, go, openLead }) {
  return html`
    <header class="desk-head">
      <h2 id="legal-title">${t("legal.page")}</h2>
      <div class="segments" role="group" aria-label=${t("legal.parts")}>
        ${Object.keys(PARTS).map((name) => html`<button class="segment" type="button" key=${name} data-part=${name} aria-pressed=${String(name === part)} onClick=${() => go(`#legal/${name}`)}>${t(`${name}.title`)}</button>`)}
      </div>
      <button class="quiet" type="button" data-act="legal-close" onClick=${close}>${t("close")}</button>
    </header>
    <div class="desk-body legal-body"><${PARTS[part]} operator=${operator} openLead=${openLead} /></div>`;
}
