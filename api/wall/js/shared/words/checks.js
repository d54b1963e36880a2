/**
 * Words of checks and their codes: key to [Chinese, English].
 * @module
 */

/** @type {Record<string, [string, string]>} */
export const CHECKS = {
  "check.state.ISSUED": ["已签发", "issued"],
  "check.state.ACTIVE": ["检查中", "active"],
  "check.state.DONE": ["已完成", "done"],
  "check.state.RATED": ["已评价", "rated"],
  "check.state.EXPIRED": ["已过期", "expired"],
  "check.state.CANCELLED": ["已取消", "cancelled"],
  "check.mode.on_site": ["现场", "on site"],
  "check.mode.non_site": ["非现场", "from afar"],
};
