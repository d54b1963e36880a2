/**
 * Words of leads and what people do with them: the list, the review, corrections, records: key to [Chinese, English].
 * @module
 */

/** @type {Record<string, [string, string]>} */
export const LEADS = {
  "leads.title": ["线索", "Leads"],
  "leads.all": ["全部", "All"],
  "leads.waiting": ["待处理", "Open"],
  "leads.done": ["已处理", "Handled"],
  "leads.empty": ["暂无线索", "No leads"],
  "leads.empty.how": ["系统确认烟、火后，线索会立即出现在这里，并附带可离线核验的证据包。", "As soon as smoke or fire is confirmed, a lead appears here with an evidence package that can be verified offline."],
  "leads.empty.filter": ["没有符合筛选条件的线索。", "No lead matches the filter."],
  "leads.more": ["加载更早的线索", "Load earlier leads"],
  "leads.failed": ["无法取得线索：{reason}", "Leads cannot be loaded: {reason}"],
  "leads.new": ["新线索：{what}，{camera}", "New lead: {what}, {camera}"],
  "leads.peak": ["峰值置信度", "Peak confidence"],
  "leads.open": ["查看证据：{what}，{camera}，{time}", "Open evidence: {what}, {camera}, {time}"],

  "lead.code.proposed": ["拟 {number}", "{number} proposed"],
  "lead.code.proposed.long": ["{code}（系统拟定，须人工确定）", "{code} (proposed by the system, a person must confirm it)"],

  "correct.title": ["更正线索要素", "Correct a fact"],
  "correct.field": ["更正项", "Field"],
  "correct.value": ["更正为", "Correct value"],
  "correct.reason": ["依据（必填，记入日志）", "Basis (required, kept in the log)"],
  "correct.note": ["原值与新值都记入存证日志，不可删改；测量值、时间和证据包不变。", "The old and the new value both stay in the evidence log; measured values, times and the package do not change."],
  "correct.send": ["更正", "Correct"],
  "correct.sent": ["已更正", "Corrected"],
  "correct.done": ["更正 {field}", "{field} corrected"],
  "correct.change": ["由“{before}”改为“{after}”：{reason}", "from “{before}” to “{after}”: {reason}"],
  "correct.violation_code": ["违法情形", "Violation"],
  "correct.place.division": ["行政区划", "Division"],
  "correct.place.town": ["地点", "Place"],
  "correct.place.lon": ["经度", "Longitude"],
  "correct.place.lat": ["纬度", "Latitude"],
  "correct.target.name": ["单位", "Enterprise"],
  "correct.target.uscc": ["统一社会信用代码", "USCC"],
  "correct.target.outlet": ["排放口编号", "Outlet"],

  "history.custody": ["证据存取记录", "Access to the evidence"],
  "history.filed": ["入库", "filed"],
  "history.viewed": ["查看", "viewed"],
  "history.played": ["播放", "played"],
  "history.downloaded": ["下载", "downloaded"],
  "history.exported": ["导出", "exported"],
  "history.printed": ["打印", "printed"],
  "history.verified": ["核验", "verified"],
  "history.redacted": ["遮挡副本", "covered copy made"],
  "history.held": ["保全", "put on hold"],
  "history.released": ["解除保全", "hold released"],
  "history.deleted": ["删除", "deleted"],
  "history.logged": ["已入日志", "in the log"],
  "history.package": ["整包", "whole package"],
  "history.reason.announced by the analyser": ["分析节点通报", "announced by the worker"],
  "history.reason.package verified": ["证据包核验通过，入库", "package verified and filed"],
  "history.failed": ["无法取得记录：{reason}", "The records cannot be loaded: {reason}"],
};
