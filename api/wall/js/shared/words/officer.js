/**
 * Words of the officer's page: cases, route, photos: key to [Chinese, English].
 * @module
 */

/** @type {Record<string, [string, string]>} */
export const OFFICER = {
  "officer.title": ["外勤", "Field"],
};
