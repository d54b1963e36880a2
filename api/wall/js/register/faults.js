/**
 * Faults: what is wrong with a table's row or an entry's field, in Chinese; what is not known here stays as it is said.
 * @module
 */
import { hasWords, language, t } from "../shared/i18n.js";

/** Sets of words that tables use, with the words of the page. */
const SETS = ["risk", "premises", "outlet", "visit.mode", "measure", "level", "day"];

/** @param {string} word */
function known(word) {
  for (const set of SETS) if (hasWords(`${set}.${word}`)) return t(`${set}.${word}`);
  return word;
}
/** @param {string} said `'a', 'b' or 'c'` or `a, b` */
const listed = (said) => said.split(/, | or /).map((word) => known(word.replaceAll("'", ""))).join("、");

/** @type {[RegExp, (...parts: string[]) => string][]} */
const SAYINGS = [
  [/^(?:Input should be |one of )((?:'[\w]+'|[a-z_]+)(?:(?:, | or )(?:'[\w]+'|[a-z_]+))*)$/, (words) => `应为：${listed(words)}`],
  [/^one of (.+); several parted by ;$/, (words) => `${listed(words)}；多项用分号分隔`],
  [/^(.+); several parted by ;$/, (inner) => `${inner}；多项用分号分隔`],
  [/^Input should be a valid (?:number|integer).*$/, () => "应为数字"],
  [/^Input should be a valid (?:date|datetime).*$/, () => "应为日期，如 2026-01-31"],
  [/^Input should be a valid boolean.*$/, () => "应为“是”或“否”"],
  [/^Input should be greater than or equal to (.+)$/, (least) => `不得小于 ${least}`],
  [/^Input should be less than or equal to (.+)$/, (most) => `不得大于 ${most}`],
  [/^String should have at most (\d+) characters?$/, (most) => `最多 ${most} 个字符`],
  [/^String should have at least (\d+) characters?$/, () => "不得为空"],
  [/^String should match pattern .*$/, () => "格式不正确"],
  [/^Field required$/, () => "必填"],
  [/^(?:Value error, )?a unified social credit code has 18 of .*$/, () => "统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z）"],
  [/^(?:Value error, )?the check character of '(.+)' should be '(.)': .*$/, (code, right) => `${code} 的校验位应为 ${right}，有一位录入错误`],
  [/^(?:Value error, )?lon and lat must both be given.*$/, () => "经度和纬度须同时填写或同时留空"],
  [/^(?:Value error, )?valid_to must not be before valid_from.*$/, () => "失效日期不得早于生效日期"],
  [/^(?:Value error, )?to must be after from.*$/, () => "结束时间须晚于开始时间"],
  [/^(?:Value error, )?two of them begin on (.+)$/, (day) => `有两段自 ${day} 起`],
  [/^(?:Value error, )?one lasts until (.+), the next begins on (.+)$/, (end, begin) => `前一段至 ${end}，后一段自 ${begin} 起，相互重叠`],
  [/^a text without line breaks$/, () => "不换行的文字"],
  [/^a number such as (.+)$/, (one) => `数字，如 ${one}`],
  [/^a date such as (.+)$/, (one) => `日期，如 ${one}`],
  [/^a time such as (.+) \(Beijing\).*$/, (one) => `时间，如 ${one}（北京时间）`],
  [/^is in row (\d+) already$/, (row) => `与第 ${row} 行重复`],
  [/^one row for each \w+$/, () => "每个条目一行"],
  [/^has more cells than there are heads$/, () => "单元格多于表头"],
  [/^a head for each$/, () => "每列须有表头"],
];

/** Return what is wrong, in the language of the page where it is known. @param {string} said */
export function faultWords(said) {
  if (language() !== "zh") return said;
  for (const [pattern, says] of SAYINGS) {
    const found = pattern.exec(said);
    if (found) return says(...found.slice(1));
  }
  return said;
}
