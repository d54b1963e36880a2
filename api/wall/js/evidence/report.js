/**
 * PrintedReport: a printed report's QR code opens its lead here, and its hash is held against the package that is filed.
 * @module
 */
import { h } from "../shared/dom.js";
import { speak } from "../shared/i18n.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/**
 * @typedef {object} PrintedReport what a QR code says
 * @property {string} leadId
 * @property {string} sha256 of the `SHA256SUMS` that the report was printed from; empty where the code names none that can be
 */

const LEAD_ID = /^L\d{8}-\d{6,12}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Return what the part of an address behind its `#` asks for; `null` where it names no lead.
 * @param {string} hash with its `#`, from outside: anything at all
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
 * Say how paper and package agree.
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

/** Return the banner that tells it, both hashes beneath each other where they differ. @param {PrintedReport} report @param {Lead} lead */
export function reportBanner(report, lead) {
  const found = agreement(report, lead);
  const banner = h("section", { class: "printed-report", "data-agreement": found, "data-tone": TONES[found], role: found === "match" ? "status" : "alert" },
    speak(h("strong"), `report.${found}`), speak(h("p"), `report.${found}.why`));
  if (found === "mismatch") {
    banner.append(h("dl", {},
      speak(h("dt"), "report.hash.paper"), h("dd", { class: "mono hash" }, report.sha256),
      speak(h("dt"), "report.hash.filed"), h("dd", { class: "mono hash" }, lead.evidence?.sums_sha256 ?? "")));
  }
  return banner;
}
