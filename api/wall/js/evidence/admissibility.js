/**
 * Admissibility: whether a lead's record may become evidence, what stands against it, and the proofs of when it existed.
 * @module
 */
import { fill, h } from "../shared/dom.js";
import { canHash } from "../shared/hash.js";
import { ApiProblem, call, callJson, received } from "../shared/http.js";
import { hasWords, translate, t } from "../shared/i18n.js";
import { fullTime } from "../shared/times.js";
import { checkLog } from "./logproof.js";

/** @typedef {import("../leads/store.js").Lead} Lead */
/** @typedef {import("./files.js").PackageFile} PackageFile */
/** @typedef {{admissibility: string, obstacles: string[]}} Judgement */
/** @typedef {{tsa_kind?: string, authority?: string, stamped?: string | null}} Verification */

const FIRST = "0".repeat(64);
const LOG_PROOF = "tlog.json";
/** Tone of a time-stamp by the kind of authority that gave it. @type {Record<string, string>} */
const STAMPS = { licensed: "good", own: "good", pending: "busy", none: "none", unchecked: "none", fail: "bad" };

export class Admissibility {
  /** @type {Judgement | null} */
  #judgement = null;
  /** @type {Verification | null} */
  #verification = null;
  /** @type {import("./logproof.js").LogCheck | null} */
  #place = null;

  /** @param {Lead} lead @param {any} manifest `null` if it cannot be read @param {PackageFile[]} files */
  constructor(lead, manifest, files) {
    this.lead = lead;
    this.manifest = manifest;
    this.files = files;
    this.use = h("section", { class: "facts admissibility" });
    this.chain = h("section", { class: "facts chain" });
    this.node = h("div", { class: "admissibility-set" }, this.use, this.chain);
    this.render();
  }

  /** Load the admissibility of the record, first and after each review. @param {Lead} lead */
  async load(lead) {
    this.lead = lead;
    const folder = `/v1/evidence/${encodeURIComponent(lead.lead_id)}`;
    const hasProof = this.files.some(({ name }) => name === LOG_PROOF);
    const read = async (/** @type {string} */ name) => {
      const answer = await orNull(call(`${folder}/files/${name}`));
      const bytes = answer && (await orNull(received(answer.arrayBuffer())));
      return bytes && new Uint8Array(bytes);
    };
    const [judgement, place] = await Promise.all([orNull(callJson(`${folder}/admissibility`)), hasProof && canHash() ? orNull(checkLog(read)) : null]);
    this.#judgement = judgement;
    this.#place = place;
    this.render();
  }

  /** Take over what the server's verification found about the time-stamp. @param {Verification} verification */
  verified(verification) {
    this.#verification = verification;
    this.render();
  }

  /** Show what is known so far. */
  render() {
    const judged = this.#judgement;
    const verdict = judged ? translate(h("span", { class: "admissibility-verdict", "data-use": judged.admissibility }), `use.${judged.admissibility}`) : translate(h("span", { class: "note" }), "use.unknown");
    fill(this.use, h("h3", {}, translate(h("span"), "use.title"), verdict),
      judged?.obstacles.length ? h("ul", { class: "obstacles" }, judged.obstacles.map((obstacle) => h("li", { "data-obstacle": obstacle }, known("obstacle", obstacle)))) : null);
    fill(this.chain, h("h3", {}, translate(h("span"), "chain.title"), translate(h("small"), "chain.note")), h("dl", {},
      row("chain.sums", h("span", { class: "mono hash" }, this.lead.evidence?.sums_sha256 ?? "")),
      row("chain.stamp", this.#stamp()), row("chain.log", this.#log()), row("chain.previous", this.#previous())));
  }

  #stamp() {
    const kind = this.#verification?.tsa_kind ?? this.lead.evidence?.tsa ?? "none";
    const at = this.#verification?.stamped ?? null;
    const whose = this.#verification?.authority ?? "";
    return h("span", {}, h("span", { class: "verdict", "data-tone": STAMPS[kind] ?? "none" }, known("stamp", kind)), whose ? ` ${whose}` : "", at ? ` ${t("chain.stamp.at", { time: fullTime(at) })}` : "");
  }

  #log() {
    const place = this.#place;
    const index = place?.index ?? this.lead.evidence?.log_index ?? null;
    if (index === null) return translate(h("span", { class: "note" }), "chain.log.none");
    if (!place) return t("chain.log.index", { n: index });
    const key = place.fault ? "chain.log.fault" : "chain.log.proven";
    return h("span", { class: "verdict", "data-tone": place.fault ? "bad" : "good" }, t(key, { n: index, size: place.size, file: place.fault }));
  }

  #previous() {
    const hash = this.manifest?.prev_package_sha256;
    if (!hash) return t("chain.previous.unknown");
    return hash === FIRST ? t("chain.previous.first") : h("span", { class: "mono hash" }, hash);
  }
}

/** @param {string} label @param {string | Node} value */
function row(label, value) {
  return [translate(h("dt"), label), h("dd", {}, value)];
}

/** @param {string} set @param {string} value */
function known(set, value) {
  const key = `${set}.${value}`;
  return hasWords(key) ? t(key) : value;
}

/** Await a promise; return `null` if the server refuses or its answer cannot be parsed. @param {Promise<any>} promised */
async function orNull(promised) {
  try {
    return await promised;
  } catch (error) {
    if (error instanceof ApiProblem || error instanceof SyntaxError) return null;
    throw error;
  }
}
