/**
 * Reasons: why a lead moved; those that the system gives, in the language of the page.
 * @module
 */
import { hasWords, language, t } from "../shared/i18n.js";

/** @param {string} state */
const stateWords = (state) => (hasWords(`state.${state}`) ? t(`state.${state}`) : state);

/** @type {[RegExp, (...parts: string[]) => string][]} */
const SAYINGS = [
  [/^first minor finding: .*$/, () => "首次轻微情形，提醒企业限时改正"],
  [/^closed for (\d+) days$/, (days) => `办结满 ${days} 天`],
  [/^seen again in (\d+) leads; watched for (\d+%) of (\d+) days$/, (leads, share, days) => `再次发生，线索 ${leads} 条；观察 ${days} 天，观察率 ${share}`],
  [/^not seen again; watched for (\d+%) of (\d+) days$/, (share, days) => `未再发生；观察 ${days} 天，观察率 ${share}`],
  [/^not seen again, but .*: watched for (\d+%) of (\d+) days$/, (share, days) => `未见再次发生，但观察不足，无法判断；观察 ${days} 天，观察率 ${share}`],
  [/^score (\d+) -> (\d+): lead (\S+) of the same enterprise is (\w+)$/, (from, to, lead, state) => `评分 ${from} → ${to}：同一企业的线索 ${lead} 为“${stateWords(state)}”`],
  [/^lead (\S+) of the same enterprise is (\w+)$/, (lead, state) => `同一企业的线索 ${lead} 为“${stateWords(state)}”`],
];

/** Return a reason; one given by the system is translated, what people wrote stays. @param {string} reason */
export function reasonWords(reason) {
  const key = `history.reason.${reason}`;
  if (hasWords(key)) return t(key);
  if (language() !== "zh") return reason;
  for (const [pattern, says] of SAYINGS) {
    const found = pattern.exec(reason);
    if (found) return says(...found.slice(1));
  }
  return reason;
}
