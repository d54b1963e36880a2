/**
 * Files: the list of a package's files with their hashes and the result of the check, and the commands that check the package
 * offline.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { translate } from "../shared/i18n.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {{name: string, size: number, sha256: string | null, role: string}} PackageFile `role`: original, derived or empty */

const VERDICTS = { match: "good", mismatch: "bad", missing: "bad", unlisted: "bad", unread: "bad" };

export class FileList {
  /** @type {Map<string, HTMLElement>} */
  #verdicts = new Map();

  /** @param {Lead} lead @param {PackageFile[]} files @param {Element} copies shown below */
  constructor(lead, files, copies) {
    this.folder = `/v1/evidence/${encodeURIComponent(lead.lead_id)}/files/`;
    this.body = h("tbody");
    const id = lead.lead_id;
    this.node = h("section", { class: "files" },
      h("h3", {}, translate(h("span"), "evidence.files"),
        translate(h("a", { class: "button", href: `/v1/evidence/${encodeURIComponent(id)}/report.pdf`, target: "_blank", rel: "noopener" }), "evidence.report"),
        translate(h("a", { class: "button", href: `/v1/evidence/${encodeURIComponent(id)}/package.tar`, download: `${id}.tar` }), "evidence.package")),
      h("table", {},
        h("thead", {}, h("tr", {}, translate(h("th"), "evidence.file"), translate(h("th", { class: "num" }), "evidence.size"), translate(h("th"), "evidence.sha256"), h("th"))),
        this.body),
      copies,
      h("div", { class: "offline" },
        h("h4", {}, translate(h("span"), "evidence.offline")),
        h("code", {}, `tar xf ${id}.tar && bash verify.sh ${id} ROOTS.pem`),
        h("code", {}, `plumewatch verify ${id}.tar --roots ROOTS.pem`),
        translate(h("p", { class: "note" }), "evidence.offline.note")));
    fill(this.body, files.map((file) => this.#row(file)));
  }

  /** @param {import("./hashes.js").PackageCheck} check */
  show(check) {
    this.#showSeal(check);
    for (const file of check.files) {
      let cell = this.#verdicts.get(file.name);
      if (!cell) {
        this.body.append(this.#row({ name: file.name, size: -1, sha256: file.expected || file.found, role: "" }));
        cell = this.#verdicts.get(file.name);
      }
      if (!cell) continue;
      cell.dataset.tone = VERDICTS[file.verdict];
      cell.dataset.verdict = file.verdict;
      translate(cell, `check.${file.verdict}`);
    }
    // files added after the list was signed are not on it: time-stamp, log proof, checkpoint
    for (const [name, cell] of this.#verdicts) {
      if (cell.dataset.verdict) continue;
      cell.dataset.verdict = "proof";
      translate(cell, name === "SHA256SUMS.sm2" ? "check.sm2" : "check.proof");
    }
  }

  /** Show the verdict on the list and its signature beside their own rows. @param {import("./hashes.js").PackageCheck} check */
  #showSeal(check) {
    for (const [name, holds, good, bad] of /** @type {[string, boolean, string, string][]} */ ([
      ["SHA256SUMS", check.sums, "check.match", "check.mismatch"],
      ["SHA256SUMS.sig", check.signature, "check.valid", "check.invalid"],
    ])) {
      const cell = this.#verdicts.get(name);
      if (!cell) continue;
      cell.dataset.tone = holds ? "good" : "bad";
      cell.dataset.verdict = holds ? "match" : "mismatch";
      translate(cell, holds ? good : bad);
    }
  }

  /** @param {PackageFile} file */
  #row(file) {
    const verdict = h("span", { class: "verdict", "data-tone": "none" });
    this.#verdicts.set(file.name, verdict);
    return h("tr", { "data-file": file.name },
      h("td", {}, h("a", { href: this.folder + encodeURIComponent(file.name), download: file.name }, file.name),
        file.role === "original" || file.role === "derived" ? translate(h("small"), `evidence.${file.role}`) : null),
      h("td", { class: "num" }, file.size >= 0 ? sizeWords(file.size) : ""),
      h("td", { class: "mono hash", title: file.sha256 ?? "" }, file.sha256 ?? ""),
      h("td", {}, verdict));
  }
}

/** Return a size for people: `1.4 MB`. @param {number} bytes */
export function sizeWords(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
