/**
 * Redaction list: the covered copies made of a package's files, each tied to its original by an entry of the log.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { translate } from "../shared/i18n.js";

/** @typedef {{file: string, media_type: string, source_sha256: string, sha256: string, size: number, address: string, reason: string, log_index: number}} Copy */

export class RedactionList {
  /** @param {string} leadId @param {(clips: Copy[]) => void} tell called with the copies of clips after each load */
  constructor(leadId, tell) {
    this.leadId = leadId;
    this.tell = tell;
    this.node = h("div", { class: "copies" });
  }

  /** Load and show the list. */
  async load() {
    try {
      const { redactions } = /** @type {{redactions: Copy[]}} */ (await callJson(`/v1/evidence/${encodeURIComponent(this.leadId)}/redactions`));
      fill(this.node, redactions.length ? [translate(h("h4"), "copies.title"), h("ul", {}, redactions.map((copy) => this.#item(copy)))] : []);
      this.tell(redactions.filter((copy) => copy.media_type === "video/mp4"));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
  }

  /** @param {Copy} copy */
  #item(copy) {
    return h("li", { "data-copy": copy.sha256 },
      h("a", { href: copy.address, download: `${this.leadId}_redacted_${copy.file}` }, copy.file),
      translate(h("small"), "copies.leaf", { n: copy.log_index, reason: copy.reason }),
      h("span", { class: "mono hash", title: copy.sha256 }, copy.sha256),
      translate(h("span", { class: "mono hash", title: copy.source_sha256 }), "copies.of", { sha: copy.source_sha256 }));
  }
}
