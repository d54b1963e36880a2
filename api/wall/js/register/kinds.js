/**
 * Kinds: what the register holds, as its pages and forms show it: where entries are, their columns and their fields.
 * @module
 */

/** @typedef {import("../shared/controls.js").Field} Field */
/**
 * @typedef {object} Kind
 * @property {string} name as in `kind=` of the tables
 * @property {string} path
 * @property {string} key member that tells one entry from the next
 * @property {(entry: any) => string} title what an entry is called
 * @property {string[]} columns members shown in the list, after the title
 * @property {[string, string][]} status values that the list can be confined to, each with the key of its words
 * @property {Field[]} fields
 */

/** @param {string} name @param {Field["kind"]} kind @param {Partial<Field>} [more] @returns {Field} */
const field = (name, kind = "text", more = {}) => ({ name, kind, words: `register.${name}`, most: 1000, ...more });
/** @param {string} set @param {string[]} values @returns {[string, string][]} */
const worded = (set, values) => values.map((value) => [value, `${set}.${value}`]);

const USCC = field("uscc", "text", { must: true, most: 18, hint: "register.uscc.hint" });
const OWNER = field("uscc", "text", { most: 18, hint: "register.uscc.hint" });
const ID = field("id", "text", { must: true, most: 64 });
const NAME = field("name", "text", { must: true, most: 128 });
const DIVISION = field("division", "text", { most: 12, pattern: "[0-9]{2,12}" });
const ADDRESS = field("address");
const PLACE = [field("lon", "number"), field("lat", "number")];
const DAYS = [field("valid_from", "day", { must: true }), field("valid_to", "day", { hint: "register.valid_to.hint" })];
const COLOURS = worded("risk", ["red", "yellow", "green"]);
const MEASURES = worded("measure", ["production", "earthwork", "transport", "spraying", "barbecue"]);
const MODES = worded("visit.mode", ["on_site", "non_site"]);
const OUTLETS = worded("outlet", ["stack", "vent", "water", "other"]);
const PREMISES = worded("premises", ["existing", "potential"]);
const LEVELS = worded("level", ["yellow", "orange", "red"]);

/** @type {Kind[]} */
const ALL = [
  {
    name: "enterprise", path: "/v1/registry/enterprises", key: "uscc", title: (entry) => entry.name, columns: ["uscc", "risk_now", "listed_now", "address"], status: [],
    fields: [USCC, NAME, field("industry", "text", { most: 128 }), DIVISION, ADDRESS, ...PLACE,
      field("risk", "rows", { fields: [field("colour", "choice", { options: COLOURS, must: true }), ...DAYS, field("source"), field("reason")] }),
      field("positive_list", "rows", { fields: [...DAYS, field("version", "text", { most: 64 }), field("source"), field("reason")] }),
      field("exempt_measures", "several", { options: MEASURES }), field("finance_consent", "tick"),
      field("contacts", "rows", { fields: [field("name", "text", { words: "register.person", must: true, most: 128 }), field("role", "text", { most: 128 }), field("phone", "text", { most: 64 })] })],
  },
  {
    name: "outlet", path: "/v1/registry/outlets", key: "id", title: (entry) => entry.number, columns: ["id", "uscc", "outlet_kind", "monitor"], status: OUTLETS,
    fields: [ID, USCC, field("number", "text", { must: true, most: 64 }), field("outlet_kind", "choice", { options: OUTLETS }), ...PLACE, field("height_m", "number"), field("monitor", "text", { most: 64 }), field("factors", "lines", { hint: "register.lines" })],
  },
  {
    name: "premises", path: "/v1/registry/premises", key: "id", title: (entry) => entry.name, columns: ["id", "status", "address", "camera"], status: PREMISES,
    fields: [ID, NAME, OWNER, DIVISION, ADDRESS, ...PLACE, field("status", "choice", { options: PREMISES }), field("dwelling_above", "flag"), field("dedicated_flue", "flag"), field("nearest_dwelling_m", "number"), field("camera", "text", { most: 64 }), field("zone", "text", { most: 64 })],
  },
  {
    name: "permit", path: "/v1/registry/permits", key: "id", title: (entry) => entry.id, columns: ["uscc", "version", "valid_from", "valid_to"], status: [],
    fields: [ID, USCC, field("version", "text", { most: 64 }), ...DAYS, field("outlets", "lines", { hint: "register.lines" }),
      field("limits", "rows", { fields: [field("outlet", "text", { most: 64 }), field("factor", "text", { must: true, most: 64 }), field("value", "number", { must: true }), field("unit", "text", { words: "register.limit_unit", most: 64 })] }),
      field("working_hours", "rows", { fields: [field("days", "several", { options: worded("day", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]) }), field("from", "text", { words: "register.clock_from", must: true, most: 5 }), field("to", "text", { words: "register.clock_to", must: true, most: 5 })] }),
      field("alert_measures", "lines", { hint: "register.lines" }), field("dust_plan", "area")],
  },
  {
    name: "officer", path: "/v1/registry/officers", key: "cert_no", title: (entry) => entry.name, columns: ["cert_no", "unit", "valid_to", "username"], status: [],
    fields: [field("cert_no", "text", { must: true, most: 64 }), field("name", "text", { words: "register.person", must: true, most: 128 }), ...DAYS, field("unit", "text", { most: 64 }), DIVISION, field("username", "text", { most: 64 })],
  },
  {
    name: "unit", path: "/v1/units", key: "code", title: (entry) => entry.name, columns: ["code", "authority", "division"], status: [],
    fields: [field("code", "text", { must: true, most: 64 }), NAME, DIVISION, field("authority")],
  },
  {
    name: "plan", path: "/v1/registry/plans", key: "id", title: (entry) => entry.id, columns: ["uscc", "year", "mode", "done_by"], status: MODES,
    fields: [ID, field("year", "whole", { must: true }), field("quarter", "whole"), USCC, field("items", "lines", { hint: "register.lines" }), field("mode", "choice", { options: MODES }), field("units", "lines", { hint: "register.lines" }), field("done_by", "choice", { options: MODES }), field("done_at", "moment"), field("package_sha256", "text", { most: 64 })],
  },
  {
    name: "no_penalty", path: "/v1/registry/no-penalty", key: "id", title: (entry) => entry.title, columns: ["id", "version", "codes", "valid_to"], status: [],
    fields: [ID, field("title", "text", { must: true }), field("version", "text", { most: 64 }), ...DAYS, field("codes", "lines", { must: true, hint: "register.codes.hint" }), field("first_only", "flag"), field("corrected_within_h", "number"), field("condition", "area")],
  },
  {
    name: "alert", path: "/v1/alerts", key: "id", title: (entry) => entry.id, columns: ["level", "from", "to"], status: LEVELS,
    fields: [ID, field("level", "choice", { options: LEVELS, must: true }), field("from", "moment", { must: true }), field("to", "moment", { must: true }), field("order", "area"), field("exempt", "lines", { hint: "register.lines" }),
      field("measures", "rows", { fields: [field("sector"), field("class", "text", { most: 64 }), field("measure", "text", { must: true }), field("detector_code", "choice", { options: MEASURES })] })],
  },
];

/** @type {Map<string, Kind>} */
export const KINDS = new Map(ALL.map((kind) => [kind.name, kind]));

/** Return a kind by its name; raise `RangeError` for one that there is not. @param {string} name */
export function kindOf(name) {
  const kind = KINDS.get(name);
  if (!kind) throw new RangeError(`no kind of entry is called ${name}`);
  return kind;
}
