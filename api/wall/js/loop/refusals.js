/**
 * Refusals: what the API says against a move or a check code, in Chinese; what is not known here stays as it is said.
 * @module
 */
import { hasWords, language, t } from "../shared/i18n.js";

/** @typedef {(...parts: string[]) => string} Says */

/** @param {string} state */
const stateWords = (state) => (hasWords(`state.${state}`) ? t(`state.${state}`) : state);
/** Roles in the API's English. @type {Record<string, string>} */
const ROLES = {
  "system": "A", "duty officer": "D", "verifier": "V", "evidence officer": "E", "dispatcher": "P", "enforcement officer": "O",
  "legal reviewer": "R", "head of unit": "M", "partner unit": "X", "company": "C",
};
/** @param {string} said `dispatcher or evidence officer` */
const rolesIn = (said) => said.split(" or ").map((role) => (ROLES[role] ? t(`role.${ROLES[role]}`) : role)).join("或");
/** @param {string} said names of fields with commas between them */
const fieldsIn = (said) => said.split(", ").map((name) => (hasWords(`content.${name}`) ? t(`content.${name}`) : name)).join("、");
/** @param {string} utc `2026-12-03 06:30` */
const localIn = (utc) => {
  const local = new Date(Date.parse(`${utc.replace(" ", "T")}:00Z`) + 8 * 3_600_000);
  return Number.isNaN(local.getTime()) ? utc : local.toISOString().slice(0, 16).replace("T", " ");
};

/** @type {[RegExp, Says][]} */
const SAYINGS = [
  [/^to (\w+) a ([\w ]+) proposes first, and another person confirms; nothing is proposed$/, (to, role) => `“${stateWords(to)}”须先由${rolesIn(role)}人员提议，再由另一人确认`],
  [/^(.+) proposed (\w+); confirm that, or decline it \(\w+\)$/, (who, to) => `${who} 已提议“${stateWords(to)}”，请确认或退回该提议`],
  [/^to move a lead from (\w+) to (\w+) takes the role ([\w ]+) in its division$/, (from, to, roles) => `从“${stateWords(from)}”到“${stateWords(to)}”须由该区域的${rolesIn(roles)}人员办理`],
  [/^(.+) proposed it; another person must confirm it$/, (who) => `由 ${who} 提议，须由另一人确认`],
  [/^(.+) acted on this lead as ([\w ]+); another person must be ([\w ]+)$/, (who, as, role) => `${who} 已作为${rolesIn(as)}人员办理过本线索，${rolesIn(role)}须由他人担任`],
  [/^only who may confirm a proposal may decline it$/, () => "只有有权确认的人员可以退回提议"],
  [/^lead \S+ is (\w+) and may go to .*, not to (\w+)$/, (from, to) => `线索为“${stateWords(from)}”，不能转为“${stateWords(to)}”`],
  [/^to go from \w+ to (\w+), give (.+)$/, (to, fields) => `“${stateWords(to)}”须填写：${fieldsIn(fields)}`],
  [/^the four answers .* are required to leave PENDING_VERIFY$/, () => "须先回答真实、清晰、完整、准确四项"],
  [/^lead \S+ (?:has|is at) version \d+.*$/, () => "其他人刚刚更新了这条线索"],
  [/^(\w+) is never merely warned of, whatever colour or list$/, (code) => `${code} 一律不得仅作提醒`],
  [/^a warning is for first minor findings of green or listed enterprises; proposed is (\w+)$/, () => "仅提醒适用于绿色或正面清单企业的首次轻微情形，本线索不适用"],
  [/^the enterprise is on the positive list: name the approval of the head of unit in approval_ref$/, () => "企业在正面清单内：须填写负责人批准文号"],
  [/^no site is entered without a check code.*$/, () => "无检查码不得进入现场：请先为本线索申领检查码"],
  [/^check (\S+) does not answer this lead.*$/, (code) => `检查码 ${code} 与本线索无关：请为本线索申领，或将线索并入该码`],
  [/^check (\S+) is for the enterprise (\S+), and the lead is on (\S+)$/, (code, uscc, other) => `检查码 ${code} 属于企业 ${uscc}，线索对象为 ${other}`],
  [/^check (\S+) is for a check from afar$/, (code) => `检查码 ${code} 用于非现场检查`],
  [/^check (\S+) is (\w+) and was valid to (.+) UTC$/, (code, state, until) => `检查码 ${code} ${hasWords(`visit.state.${state}`) ? t(`visit.state.${state}`) : state}，有效期至 ${localIn(until)}`],
  [/^the enterprise's code was not scanned under check (\S+); scan it on the spot first$/, () => "尚未扫企业码：请先在现场扫码"],
  [/^the record of the visit is missing.*$/, () => "缺少检查笔录：请添加类别为“检查笔录”的附件"],
  [/^smoke from a stack is confirmed by a measurement.*$/, () => "烟囱冒烟须以标准方法测量：请填写“标准方法测量”"],
  [/^the legal section has not confirmed the row (\w+).*$/, (code) => `法制部门尚未确认违法情形 ${code}，不得据此立案`],
  [/^the receipt must name the hash of the package that was handed over, (.+)$/, (hash) => `回执须载明所移送证据包的哈希：${hash}`],
  [/^the target is still being watched for a recurrence(?:, until (.+) UTC)?\w*$/, (until) => `复发观察尚未结束${until ? `，至 ${localIn(until)}` : ""}`],
  [/^the lead has no package yet$/, () => "证据包尚未入库"],
  [/^the package has no clip .*$/, () => "证据包缺少事前视频"],
  [/^the package cannot be read: .*$/, () => "证据包无法读取"],
  [/^the package does not verify: .*$/, () => "证据包核验未通过"],
  [/^the package's time stamp is (.+); wait for it, or ask the administrator$/, () => "证据包尚无有效时间戳，请稍候或联系管理员"],
  [/^this takes the role ([\w ]+) in .+$/, (roles) => `须由该区域的${rolesIn(roles)}人员办理`],
  [/^the register holds no enterprise (\S+)$/, (uscc) => `名录中没有企业 ${uscc}`],
  [/^no certificate holds from (\S+) to (\S+) for (.+); see the register$/, (from, to, numbers) => `执法证 ${numbers} 在 ${from} 至 ${to} 间无效，请核对名录`],
  [/^lead (\S+) is on (\S+), not on (\S+)$/, (lead, own, asked) => `线索 ${lead} 的对象为 ${own}，不是 ${asked}`],
  [/^the annual plan has no row (\S+)$/, (plan) => `年度计划中没有 ${plan}`],
  [/^row (\S+) of the plan is on (\S+), not on (\S+)$/, (plan, own) => `年度计划 ${plan} 的对象为 ${own}`],
  [/^row (\S+) of the plan was done on (\S+)$/, (plan, day) => `年度计划 ${plan} 已于 ${day} 完成`],
  [/^code (\S+) is open for (.+) until (.+) UTC; join it instead$/, (code, items, until) => `检查码 ${code} 尚在有效期（${localIn(until)} 止），事项：${items}，请并入该码`],
  [/^(.+); name who approved the visit .*$/, (why) => (why.startsWith("the enterprise is green") ? "绿色企业须先非现场核查，确需进入现场的，填写批准人和批准文号" : "企业在正面清单内：须填写批准人和批准文号")],
  [/^the enterprise was visited on (\S+), and is not visited again within (\S+) days.*$/, (day, days) => `企业已于 ${day} 检查，${days} 天内不再进入现场（P1 线索、投诉、应急除外），请非现场核查`],
  [/^(\S+) codes were issued in this division today$/, (most) => `本区域今日已签发 ${most} 个检查码，达到上限`],
  [/^the emergency of code (\S+) was never justified$/, (code) => `检查码 ${code} 的应急情况尚未补充说明`],
  [/^code (\S+) is for (\S+), and the scanned code is of (\S+)$/, (_, own, scanned) => `检查码属于企业 ${own}，扫到的是 ${scanned}`],
  [/^code (\S+) names no officer (.+); let them join it first$/, (_, numbers) => `检查码未列执法人员 ${numbers}，请先加入`],
  [/^code (\S+) holds from (.+) UTC on$/, (code, from) => `检查码 ${code} 自 ${localIn(from)} 起有效`],
  [/^code (\S+) ran out at (.+) UTC$/, (code, until) => `检查码 ${code} 已于 ${localIn(until)} 过期`],
  [/^code (\S+) is for a check from afar: .*$/, (code) => `检查码 ${code} 用于非现场检查，无须扫码`],
  [/^code (\S+) was scanned (\S+) times$/, (code, times) => `检查码 ${code} 已扫码 ${times} 次，达到上限`],
  [/^cancel is false: .*$/, () => "没有要办理的内容"],
  [/^code (\S+) is of an emergency: justify it first$/, (code) => `检查码 ${code} 为应急检查，请先补充说明`],
  [/^code (\S+) owes no justification$/, (code) => `检查码 ${code} 无须补充说明`],
  [/^(?:code|check) (\S+) is (\w+); .*$/, (code, state) => `检查码 ${code} ${hasWords(`visit.state.${state}`) ? t(`visit.state.${state}`) : state}，不能进行此操作`],
];

/** Return what the API says, in the language of the page where it is known. @param {string} said */
export function inWords(said) {
  if (language() !== "zh") return said;
  for (const [pattern, says] of SAYINGS) {
    const found = pattern.exec(said);
    if (found) return says(...found.slice(1));
  }
  return said;
}
