/**
 * Record: photos and the record of a visit, hashed on the phone; a written record becomes a file that the phone keeps.
 * @module
 */
import { attachmentsControl } from "../loop/attachments.js";
import { h } from "../shared/dom.js";
import { translate, t } from "../shared/i18n.js";
import { fullTime, serverClock } from "../shared/times.js";

const FREE_MS = 60_000;

export class VisitRecord {
  /** @param {{lead_id: string}} lead @param {{changed: (attachments: any[]) => void}} acts `changed` is called with all that is attached */
  constructor(lead, acts) {
    this.lead = lead;
    this.acts = acts;
    const told = () => acts.changed(this.files.read() ?? []);
    this.files = attachmentsControl({ name: "visit", kind: "text", words: "case.files" }, { kind: "record", capture: true, changed: told });
    this.text = /** @type {HTMLTextAreaElement} */ (h("textarea", { rows: 6, maxLength: 20_000, name: "record" }));
    this.save = translate(h("button", { class: "button", type: "button", "data-act": "record", on: { click: () => void this.#write() } }), "case.record.save");
    this.said = h("p", { class: "note", role: "status" });
    this.node = h("div", { class: "visit-record" }, this.files.node,
      h("label", { class: "field" }, translate(h("span"), "case.record"), this.text), this.save, this.said);
  }

  /** Make a file of what is written: its hash is attached, and the phone keeps the file. */
  async #write() {
    const words = this.text.value.trim();
    if (!words) {
      translate(this.said, "case.record.empty");
      this.text.focus();
      return;
    }
    const at = fullTime(serverClock.now()).slice(0, 19);
    const name = `${t("attach.record")}-${this.lead.lead_id}-${at.replace(/[-: ]/g, "")}.txt`;
    const file = new File([`${this.lead.lead_id}\n${at}\n\n${words}\n`], name, { type: "text/plain;charset=utf-8" });
    await this.files.add([file], "record");
    const address = URL.createObjectURL(file);
    h("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), FREE_MS);
    translate(this.said, "case.record.saved", { name });
  }
}
