/**
 * Words of the officer's page: cases, route, code, photos, record: key to [Chinese, English].
 * @module
 */

/** @type {Record<string, [string, string]>} */
export const OFFICER = {
  "officer.title": ["外勤", "Field"],
  "officer.name": ["外勤执法", "Field work"],
  "officer.wall": ["视频墙", "Wall"],

  "case.group.active": ["检查中", "In hand"],
  "case.group.new": ["待接收", "To accept"],
  "case.group.other": ["整改与复查", "Rectification"],
  "case.group.none": ["暂无", "none"],
  "case.norole": ["您没有执法角色，请联系管理员分配。", "You hold no role of enforcement officer; ask the administrator."],
  "case.back": ["返回", "Back"],
  "case.where": ["一、前往", "1. The way"],
  "case.route": ["导航", "Route"],
  "case.noplace": ["未登记位置", "no place is registered"],
  "case.code": ["二、检查码", "2. Check code"],
  "case.scan": ["三、现场扫码", "3. Scan on site"],
  "case.scan.again": ["再次扫码", "Scan again"],
  "case.photos": ["四、照片与笔录", "4. Photos and record"],
  "case.files": ["照片、笔录文件", "Photos and files"],
  "case.record": ["现场笔录", "Record of the visit"],
  "case.record.save": ["生成笔录文件", "Make the file"],
  "case.record.empty": ["请先填写笔录。", "Please write the record first."],
  "case.record.saved": ["已生成并登记：{name}，文件已存到本机，请妥善保存。", "Made and attached: {name}. The file is on this phone; keep it."],
  "case.evidence": ["查看线索证据", "Show the evidence"],
};
