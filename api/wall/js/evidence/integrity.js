/**
 * Integrity: whether a package is unchanged since it was signed, checked by this browser and by the server.
 * @module
 */
import { fill, h, write } from "../shared/dom.js";
import { canHash } from "../shared/hash.js";
import { ApiProblem, call, callJson } from "../shared/http.js";
import { hasWords, language, translate } from "../shared/i18n.js";
import { checkPackage } from "./hashes.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {import("./hashes.js").PackageCheck} PackageCheck */

/** @type {Record<string, string>} */
const TONES = { ok: "good", fail: "bad", skipped: "none", missing: "warn" };
/** Tone and text of each verdict of the server. @type {Record<string, ["good" | "warn" | "bad", string]>} */
const VERDICTS = { holds: ["good", "check.server.ok"], incomplete: ["warn", "check.server.incomplete"], broken: ["bad", "check.server.bad"] };

export class Integrity {
  #running = false;

  /**
   * @param {Lead} lead
   * @param {string[]} names files that the manifest names
   * @param {{browser: (check: PackageCheck) => void, server: (result: any) => void}} checked called with the results
   */
  constructor(lead, names, checked) {
    this.lead = lead;
    this.names = names;
    this.checked = checked;
    this.browser = line("check.browser");
    this.server = line("check.server");
    this.report = h("ul", { class: "check-details", id: "server-report" });
    this.details = h("ul", { class: "check-details" });
    this.certificate = h("p", { class: "note check-certificate" });
    this.again = translate(h("button", { class: "quiet", type: "button", on: { click: () => this.run() } }), "check.run");
    this.node = h("section", { class: "integrity" },
      h("h3", {}, translate(h("span"), "check.title"), this.again),
      this.browser.node, this.details, this.certificate, this.server.node, this.report);
  }

  /** Run both checks, in the browser and on the server. */
  async run() {
    if (this.#running) return;
    this.#running = true;
    fill(this.details);
    fill(this.report);
    try {
      await Promise.all([this.#runHere(), this.#runThere()]);
    } finally {
      this.#running = false;
    }
  }

  async #runHere() {
    if (!canHash()) {
      this.browser.say("none", "check.insecure");
      return;
    }
    const folder = `/v1/evidence/${encodeURIComponent(this.lead.lead_id)}/files/`;
    /** @type {import("./hashes.js").ReadFile} */
    const read = async (name) => {
      try {
        // never from the cache: the check is about the files that the server holds now
        const answer = await call(folder + encodeURIComponent(name), { cache: "no-store" });
        return new Uint8Array(await answer.arrayBuffer());
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) return null;
        throw error;
      }
    };
    try {
      const check = await checkPackage({
        read,
        manifestNames: this.names,
        sumsSha256: this.lead.evidence?.sums_sha256 ?? "",
        progress: (done, all) => this.browser.say("busy", "check.running", { done, all }),
      });
      this.#show(check);
      this.checked.browser(check);
    } catch (error) {
      this.browser.say("bad", "check.failed", { reason: error instanceof Error ? error.message : String(error) });
    }
  }

  /** @param {PackageCheck} check */
  #show(check) {
    this.browser.say(check.holds ? "good" : "bad", check.holds ? "check.ok" : "check.bad");
    fill(this.details,
      detail(check.signature, "check.signature", check.signature ? "check.valid" : "check.invalid", check.signatureFault),
      detail(check.sums, "check.sums", check.sums ? "check.match" : "check.mismatch"));
    if (check.certificate) {
      const print = check.certificate.sha256.replace(/(.{4})/g, "$1 ").trim();
      translate(this.certificate, "check.certificate", { name: check.certificate.name || "—", print });
    }
  }

  async #runThere() {
    this.server.say("busy", "check.running", { done: "…", all: "…" });
    try {
      const result = await callJson(`/v1/evidence/${encodeURIComponent(this.lead.lead_id)}/verification`);
      fill(this.report, result.checks.map(serverCheck));
      this.checked.server(result);
      this.server.say(...(VERDICTS[result.verdict] ?? VERDICTS.broken));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.server.say("bad", "check.failed", { reason: error.message });
    }
  }
}

/** @param {string} title */
function line(title) {
  const verdict = h("span", { class: "verdict", "data-tone": "none", role: "status" });
  return {
    node: h("p", { class: "check-line" }, translate(h("span"), title), verdict),
    /** @param {"good" | "warn" | "bad" | "busy" | "none"} tone @param {string} key @param {Record<string, string | number>} [values] */
    say(tone, key, values) {
      verdict.dataset.tone = tone;
      translate(verdict, key, values);
    },
  };
}

/** @param {boolean} good @param {string} what @param {string} verdict @param {string} [fault] */
function detail(good, what, verdict, fault = "") {
  const note = h("span", { class: "check-fault" });
  write(note, fault);
  return h("li", {}, translate(h("span"), what), translate(h("span", { class: "verdict", "data-tone": good ? "good" : "bad" }), verdict), fault ? note : null);
}

/** @param {{name: string, title: string, outcome: string, sentence: string, sentence_zh: string}} check */
function serverCheck({ name, title, outcome, sentence, sentence_zh: chinese }) {
  const what = hasWords(`check.name.${name}`) ? translate(h("span"), `check.name.${name}`) : h("span", {}, title);
  const said = h("span", { class: "check-fault" }, language() === "zh" ? chinese : sentence);
  const note = outcome === "skipped" && hasWords(`check.skipped.${name}`) ? translate(h("span", { class: "check-fault" }), `check.skipped.${name}`) : said;
  const verdict = h("span", { class: "verdict", "data-tone": TONES[outcome] ?? "none" });
  return h("li", {}, what, translate(verdict, `check.outcome.${outcome}`),
    outcome === "ok" ? null : note);
}
