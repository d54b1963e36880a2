/**
 * Codes: names of violation codes (domain.md 7.1), of detector classes and of leads, in both languages.
 * @module
 */

/** @type {Record<string, [string, string]>} code to [Chinese, English] */
const VIOLATIONS = {
  V01_STACK_SMOKE: ["烟囱冒烟", "Stack smoke"],
  V01B_BYPASS: ["旁路偷排", "Treatment by-pass"],
  V02_COLOR_PLUME: ["有色烟羽", "Coloured plume"],
  V03_STRAW_BURN: ["露天焚烧秸秆落叶", "Straw or leaf burning"],
  V04_WASTE_BURN: ["露天焚烧垃圾", "Waste burning"],
  V05_OPEN_BBQ: ["露天烧烤", "Open-air barbecue"],
  V06_FUME_DIRECT: ["油烟直排", "Untreated cooking fume"],
  V07_BARE_SOIL: ["裸土未苫盖", "Bare soil uncovered"],
  V08_SITE_DUST: ["施工扬尘", "Construction dust"],
  V09_TRUCK_COVER: ["渣土车未密闭", "Uncovered muck truck"],
  V10_BLACK_CAR: ["机动车冒黑烟", "Black-smoke vehicle"],
  V11_NRMM_SMOKE: ["非道路机械冒黑烟", "Smoking machinery"],
  V12_ALERT_STOP: ["重污染应急未停限产", "Alert measures ignored"],
  V13_OUTDOOR_SPRAY: ["露天喷涂", "Outdoor spraying"],
  V14_DUMPING: ["非法倾倒固废", "Illegal dumping"],
  V15_COLOR_WATER: ["异色水体排放", "Coloured discharge"],
  V16_FUGITIVE: ["无组织排放", "Fugitive emission"],
  V17_DEVICE_TAMPER: ["监控设备异常", "Monitoring device tampered"],
};

export const VIOLATION_CODES = Object.keys(VIOLATIONS);

/** @type {Record<string, [string, string]>} */
const CLASSES = {
  smoke: ["烟", "Smoke"],
  fire: ["火", "Fire"],
  flame: ["火焰", "Flame"],
  steam: ["水汽", "Steam"],
  fume: ["油烟", "Fume"],
  dust: ["扬尘", "Dust"],
  person: ["人员", "Person"],
  car: ["汽车", "Car"],
  bus: ["客车", "Bus"],
  truck: ["货车", "Truck"],
  vehicle: ["车辆", "Vehicle"],
  motorcycle: ["摩托车", "Motorcycle"],
  object: ["新出现物体", "New object"],
  black: ["黑屏", "Black picture"],
  glare: ["过曝", "Glare"],
  frozen: ["画面冻结", "Frozen picture"],
  covered: ["镜头遮挡", "Covered lens"],
  blurred: ["画面模糊", "Blurred picture"],
  moved: ["镜头移位", "Turned away"],
};

/**
 * Return the name of a violation code; an unknown code is returned as it is.
 * @param {string} code
 * @param {"zh" | "en"} language
 */
export function violationName(code, language) {
  const names = Object.hasOwn(VIOLATIONS, code) ? VIOLATIONS[code] : undefined;
  return names ? names[language === "zh" ? 0 : 1] : code;
}

/** @type {Record<string, [string, string]>} what is seen, by detector class */
const SEEN = { fire: ["可见明火", "Visible flames"], smoke: ["可见烟气", "Visible smoke"] };

/**
 * Return the title of a lead: what was seen, "over the limit" only with a valid reading above it. The same rules as in
 * `api/contract/titles.py`.
 * @param {import("./store.js").Lead} lead
 * @param {"zh" | "en"} language
 */
export function leadTitle(lead, language) {
  const at = language === "zh" ? 0 : 1;
  const code = lead.violation_code;
  const reasons = lead.disposition?.reasons ?? [];
  const kind = lead.measure.class_name;
  const seen = Object.hasOwn(SEEN, kind) ? SEEN[kind][at] : "";
  if (kind === "fire" && reasons.includes("fire_alarm")) return ["火情报警", "Fire alarm"][at];
  if (!seen || code === "V02_COLOR_PLUME") return violationName(code, language);
  if (code === "V01_STACK_SMOKE") return isOverLimit(lead.measure, reasons) ? ["烟气黑度超标", "Smoke over the limit"][at] : seen;
  if (isCodeProposed(lead)) return seen;
  const name = violationName(code, language);
  return at === 0 ? `${seen} · 疑似${name}` : `${seen} · suspected ${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

/** True if no zone sets the lead's code, which then is the usual one of its rule. @param {import("./store.js").Lead} lead */
export function isCodeProposed(lead) {
  return lead.disposition?.reasons.includes("code_proposed") ?? false;
}

/** @param {import("./store.js").Lead["measure"]} measure @param {string[]} reasons */
function isOverLimit({ validity, grade, grade_limit: limit, values }, reasons) {
  if (validity !== "valid" || typeof limit !== "number") return false;
  return (typeof grade === "number" && grade > limit) || ((values?.peak_grade ?? 0) > limit && reasons.includes("fast_alarm"));
}

/**
 * Return the number part of a code: `V01_STACK_SMOKE` to `V01`.
 * @param {string} code
 */
export function violationNumber(code) {
  return code.split("_", 1)[0];
}

/**
 * Return the name of a detector class; an unknown class is returned as it is.
 * @param {string} name
 * @param {"zh" | "en"} language
 */
export function className(name, language) {
  const names = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  return names ? names[language === "zh" ? 0 : 1] : name;
}
