/**
 * Lead book: the leads this wall knows, newest first, each once; a newer version replaces an older one and never the
 * other way round.
 * @module
 */

/**
 * @typedef {object} Lead the lead of domain.md 6.3
 * @property {string} lead_id
 * @property {string} state
 * @property {number} version
 * @property {string} violation_code
 * @property {string} class
 * @property {"P1" | "P2" | "P3"} priority
 * @property {number} score
 * @property {{division: string, town: string, lon: number | null, lat: number | null}} place
 * @property {{id: string, name: string, gb_id: string, preset: number | null}} camera
 * @property {{start: string, confirmed: string, end: string, timezone: string, clock_source: string, uncertainty_s: number}} event
 * @property {{kind: string, class_name: string, peak_confidence: number, peak_xyxy: number[], peak_utc: string, observations: number, duration_s: number, zone: string, quality: string, values: Record<string, number>, probability?: number | null, validity?: string, opacity_pct?: number | null, opacity_sd_pct?: number | null, least_opacity_pct?: number | null, grade?: number | null, grade_limit?: number | null, colour?: string, method?: string, readings?: number, readings_valid?: number, r2?: number | null, sun_angle_deg?: number | null}} measure
 * @property {{id: string, version: string, params: Record<string, string | number | boolean>}} rule
 * @property {{name: string, version: string, sha256: string}} model
 * @property {{zone: string, uscc: string, name: string, outlet: string, risk: "red" | "yellow" | "green" | "", positive_list: boolean, registry_version: string} | null} [target]
 * @property {{in_force_at: string, basis: string[], text_zh: string, penalty_zh: string, authority: string, confirmed_by: string} | null} [legal]
 * @property {{action: "lead" | "warn_only" | "watch", notify: string[], approval_required: boolean, reasons: string[]} | null} [disposition]
 * @property {{source: string, name: string, says: string}[]} [votes]
 * @property {{package: string, sums_sha256: string, tsa: string, log_index: number | null} | null} evidence
 * @property {string} node
 */

/** States in which somebody still has to do something. */
export const OPEN_STATES = new Set(["CANDIDATE", "PENDING_VERIFY", "NEED_MORE"]);

/** @typedef {"all" | "open" | "done"} Filter */

export class LeadBook {
  /** @type {Map<string, Lead>} */
  #leads = new Map();
  /** @type {Set<(lead: Lead | null) => void>} */
  #listeners = new Set();

  /**
   * Take in a lead. Return true if it is new or newer than the one known.
   * @param {Lead} lead
   */
  take(lead) {
    const known = this.#leads.get(lead.lead_id);
    if (known && (known.version > lead.version || (known.version === lead.version && !fuller(lead, known)))) return false;
    this.#leads.set(lead.lead_id, lead);
    for (const listener of this.#listeners) listener(lead);
    return true;
  }

  /** @param {string} id @returns {Lead | undefined} */
  get(id) {
    return this.#leads.get(id);
  }

  /** @param {Filter} filter @returns {Lead[]} newest first */
  list(filter = "all") {
    const wanted = [...this.#leads.values()].filter((lead) => filter === "all" || OPEN_STATES.has(lead.state) === (filter === "open"));
    return wanted.sort((a, b) => Date.parse(b.event.start) - Date.parse(a.event.start) || (a.lead_id < b.lead_id ? 1 : -1));
  }

  /** @returns {number} leads that wait for a reviewer */
  get waiting() {
    let count = 0;
    for (const lead of this.#leads.values()) if (OPEN_STATES.has(lead.state)) count += 1;
    return count;
  }

  /** @param {string} cameraId @returns {Lead | undefined} the newest open lead of a camera */
  newestOpen(cameraId) {
    return this.list("open").find((lead) => lead.camera.id === cameraId);
  }

  /** @param {(lead: Lead | null) => void} listener called with each lead taken in */
  onChange(listener) {
    this.#listeners.add(listener);
  }
}

/** True if `lead` says more than `known` of the same version. @param {Lead} lead @param {Lead} known */
function fuller(lead, known) {
  return (lead.evidence && !known.evidence) || (known.state === "CANDIDATE" && lead.state !== "CANDIDATE");
}
