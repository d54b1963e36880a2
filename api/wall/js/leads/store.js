/**
 * Lead store: the leads that this wall has loaded, each once in its newest version, newest lead first. Open fire alarms come
 * before all others.
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
 * @property {{name: string, points: number, says: string}[]} [factors] summands of the score
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
 * @property {Record<string, string>} [timers] until when it should leave its state, by the limit's name
 * @property {{to: string, role: string, by: string, at: string} | null} [proposal]
 * @property {Record<string, any> | null} [handling] what its moves carried
 * @property {{list_version: string, list_item: string, first_in_24_months: boolean, correct_by: string | null, corrected_by: string | null} | null} [penalty_hint]
 * @property {string} node
 */

/** States in which a lead still needs a decision. */
export const OPEN_STATES = new Set(["CANDIDATE", "PENDING_VERIFY", "NEED_MORE"]);

/** @typedef {"all" | "open" | "done"} Filter */
/** @typedef {{newest: Lead[], waiting: number, newestOpen: Map<string, Lead>}} Digest `newestOpen` by camera */

export class LeadStore {
  /** @type {Map<string, Lead>} */
  #leads = new Map();
  /** @type {Set<(taken: Lead[]) => void>} */
  #listeners = new Set();
  /** Order and counts of the leads, computed when first needed after a change. @type {Digest | null} */
  #digest = null;
  #whole = false;
  /** Moves that are submitted and not sent yet, by lead. @type {Map<string, {act: string, to: string}>} */
  #awaited = new Map();

  /**
   * Add a lead. Return true if it is new or newer than the known version.
   * @param {Lead} lead
   */
  take(lead) {
    return this.takeAll([lead]) > 0;
  }

  /** Add many leads and notify once. Return how many are new or newer. @param {Lead[]} leads */
  takeAll(leads) {
    const taken = leads.filter((lead) => {
      const known = this.#leads.get(lead.lead_id);
      if (known && (known.version > lead.version || (known.version === lead.version && !fuller(lead, known)))) return false;
      this.#leads.set(lead.lead_id, lead);
      return true;
    });
    if (taken.length) this.#tell(taken);
    return taken.length;
  }

  /** @returns {boolean} true once every open lead of the server is loaded, so that the count is complete */
  get whole() {
    return this.#whole;
  }

  set whole(whole) {
    if (whole === this.#whole) return;
    this.#whole = whole;
    this.#tell([]);
  }

  /** @param {string} id @returns {Lead | undefined} */
  get(id) {
    return this.#leads.get(id);
  }

  /** Remember, or forget, that a move of a lead is submitted and not sent yet. @param {string} id @param {{act: string, to: string} | null} move */
  await(id, move) {
    if (move) this.#awaited.set(id, move);
    else if (!this.#awaited.delete(id)) return;
    this.#tell([]);
  }

  /** @param {string} id @returns {{act: string, to: string} | undefined} the move of a lead that is submitted and not sent yet */
  awaited(id) {
    return this.#awaited.get(id);
  }

  /** @param {Filter} filter @returns {Lead[]} open fire alarms first, then the newest */
  list(filter = "all") {
    return this.#summed.newest.filter((lead) => filter === "all" || OPEN_STATES.has(lead.state) === (filter === "open"));
  }

  /** @returns {number} number of open leads */
  get waiting() {
    return this.#summed.waiting;
  }

  /** @returns {string} number of open leads, with a `+` while not all are loaded */
  get waitingFigure() {
    if (this.#whole) return String(this.waiting);
    return this.waiting ? `${this.waiting}+` : "…";
  }

  /** @param {string} cameraId @returns {Lead | undefined} the newest open lead of a camera */
  newestOpen(cameraId) {
    return this.#summed.newestOpen.get(cameraId);
  }

  /** @param {(taken: Lead[]) => void} listener called with the leads added; with none when `whole` changes */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  get #summed() {
    this.#digest ??= digestOf(this.#leads.values());
    return this.#digest;
  }

  /** @param {Lead[]} taken */
  #tell(taken) {
    this.#digest = null;
    for (const listener of this.#listeners) listener(taken);
  }
}

/** @param {Iterable<Lead>} leads @returns {Digest} */
function digestOf(leads) {
  const dated = Array.from(leads, (lead) => ({ lead, ms: Date.parse(lead.event.start), fire: Number(isFireAlarm(lead)) }));
  dated.sort((a, b) => b.fire - a.fire || b.ms - a.ms || (a.lead.lead_id < b.lead.lead_id ? 1 : -1));
  const newest = dated.map(({ lead }) => lead);
  const open = newest.filter((lead) => OPEN_STATES.has(lead.state));
  /** @type {Map<string, Lead>} */
  const newestOpen = new Map();
  for (const lead of open) if (!newestOpen.has(lead.camera.id)) newestOpen.set(lead.camera.id, lead);
  return { newest, waiting: open.length, newestOpen };
}

/** True for an open lead about flames that no zone explains. @param {Lead} lead */
function isFireAlarm(lead) {
  return OPEN_STATES.has(lead.state) && Boolean(lead.disposition?.reasons.includes("fire_alarm"));
}

/** True if `lead` holds more than `known`, of the same version. @param {Lead} lead @param {Lead} known */
function fuller(lead, known) {
  return (lead.evidence && !known.evidence) || (known.state === "CANDIDATE" && lead.state !== "CANDIDATE");
}
