/**
 * Words of the legal page: published penalties, working days, confirmed rows of the catalogue.
 * @module
 */

/** @type {Record<string, [string, string]>} */
export const LEGAL = {
  "legal.page": ["法制", "Legal"],
  "legal.parts": ["法制事项", "Legal matters"],
  "legal.loading": ["正在读取…", "loading…"],
  "legal.unread": ["未能读取：{reason}", "Could not be read: {reason}"],
  "legal.refused": ["未能保存：{reason}", "Could not be saved: {reason}"],
  "legal.saved": ["已保存", "Saved"],
  "legal.save": ["保存", "Save"],

  "publicity.title": ["处罚公示", "Published penalties"],
  "publicity.note": ["公示期满的处罚信息应当撤下；此处列出所选日期前到期的公示。", "A penalty is taken down when its time is over; listed are those that end by the chosen day."],
  "publicity.until": ["到期日不晚于", "Ends by"],
  "publicity.none": ["没有到期的公示。", "None ends by then."],
  "publicity.decision": ["决定书文号", "Decision"],
  "publicity.company": ["当事人", "Enterprise"],
  "publicity.from": ["公示开始", "From"],
  "publicity.end": ["公示截止", "Until"],
  "publicity.over": ["已期满，请撤下", "over: take it down"],
  "publicity.lead": ["线索", "Lead"],

  "calendar.title": ["工作日", "Working days"],
  "calendar.note": ["默认按国家法定节假日安排；此处仅登记与之不同的日子。已在计时的时限不变。", "The calendar of public holidays holds; only days that differ from it are listed. Limits that run already stay."],
  "calendar.year": ["年份", "Year"],
  "calendar.none": ["{year} 年没有另行规定的日子。", "No day of {year} differs."],
  "calendar.day": ["日期", "Day"],
  "calendar.kind": ["安排", "Kind"],
  "calendar.working": ["上班", "working day"],
  "calendar.free": ["休息", "day off"],
  "calendar.reason": ["理由", "Reason"],
  "calendar.by": ["登记人", "By"],
  "calendar.remove": ["恢复默认", "Back to default"],
  "calendar.incomplete": ["请填写日期和理由。", "Give a day and a reason."],
  "calendar.asked": ["恢复 {day} 的理由", "Reason for leaving {day} to the calendar"],

  "catalogue.title": ["事项确认", "Catalogue"],
  "catalogue.note": ["法制审核人员逐项确认法律依据；未确认的事项不能立案。确认只对所核对的目录版本（{version}）有效。", "A legal reviewer confirms each row; no case is filed on a row without that. It holds for the version that was looked at ({version})."],
  "catalogue.code": ["事项", "Row"],
  "catalogue.basis": ["依据", "Basis"],
  "catalogue.state": ["确认情况", "State"],
  "catalogue.confirmed": ["已确认：{reference}（{by}，{time}）", "confirmed: {reference} ({by}, {time})"],
  "catalogue.old": ["确认的是旧版 {version}", "confirmed for the old version {version}"],
  "catalogue.withdrawn": ["已撤回：{reference}（{by}，{time}）", "withdrawn: {reference} ({by}, {time})"],
  "catalogue.open": ["未确认", "not confirmed"],
  "catalogue.reference": ["确认文件", "Document"],
  "catalogue.confirm": ["确认", "Confirm"],
  "catalogue.withdraw": ["撤回", "Withdraw"],
  "catalogue.reference.empty": ["请写明确认所依据的文件。", "Name the document in which it is written."],
};
