/**
 * Printed report: the link in its QR code opens the lead, and its hash is compared with the filed package.
 * @module
 */
import { h } from "../shared/dom.js";
import { translate } from "../shared/i18n.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/**
 * @typedef {object} PrintedReport contents of a QR code
 * @property {string} leadId
 * @property {string} sha256 hash of the `SHA256SUMS` that the report was printed from; empty if missing or malformed
 */

const LEAD_ID = /^L\d{8}-\d{6,12}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Parse the fragment of an address; return `null` if it names no lead.
 * @param {string} hash the fragment with its `#`; untrusted input
 * @returns {PrintedReport | null}
 */
export function printedReportOf(hash) {
  const said = new URLSearchParams(hash.slice(1));
  const leadId = said.get("lead") ?? "";
  if (!LEAD_ID.test(leadId)) return null;
  const sha256 = (said.get("sha256") ?? "").toLowerCase();
  return { leadId, sha256: SHA256.test(sha256) ? sha256 : "" };
}

/**
 * Compare a printed report with the lead's package.
 * @param {PrintedReport} report
 * @param {Lead} lead
 * @returns {"match" | "mismatch" | "unreadable" | "unfiled"}
 */
export function agreement(report, lead) {
  if (!report.sha256) return "unreadable";
  if (!lead.evidence) return "unfiled";
  return lead.evidence.sums_sha256 === report.sha256 ? "match" : "mismatch";
}

/** @type {Record<ReturnType<typeof agreement>, "good" | "warn" | "bad">} */
const TONES = { match: "good", mismatch: "bad", unreadable: "warn", unfiled: "warn" };

/** Return the banner with the result, with both hashes if they differ. @param {PrintedReport} report @param {Lead} lead */
export function reportBanner(report, lead) {
  const found = agreement(report, lead);
  const banner = h("section", { class: "printed-report", "data-agreement": found, "data-tone": TONES[found], role: found === "match" ? "status" : "alert" },
    translate(h("strong"), `report.${found}`), translate(h("p"), `report.${found}.why`));
  if (found === "mismatch") {
    banner.append(h("dl", {},
      translate(h("dt"), "report.hash.paper"), h("dd", { class: "mono hash" }, report.sha256),
      translate(h("dt"), "report.hash.filed"), h("dd", { class: "mono hash" }, lead.evidence?.sums_sha256 ?? "")));
  }
  return banner;
}
