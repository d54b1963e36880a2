/**
 * People: which roles the operator holds in the loop, and whether roles are enforced at this site.
 * @module
 */
import { ApiProblem, callJson } from "../shared/http.js";
import { language, t } from "../shared/i18n.js";

/** Roles that may be granted, in the order of the loop. */
export const ROLES = ["D", "V", "E", "P", "O", "R", "M", "X"];

/** @typedef {{username: string, enforced: boolean, roles: string[]}} Standing */

/** Return the operator's roles; at a site without grants that is all of them. @param {string} username @returns {Promise<Standing>} */
export async function standingOf(username) {
  let told = { enforced: false, grants: /** @type {{username: string, role: string}[]} */ ([]) };
  try {
    told = await callJson("/v1/loop/grants");
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
  }
  const held = told.grants.filter((grant) => grant.username === username).map((grant) => grant.role);
  return { username, enforced: told.enforced, roles: ROLES.filter((role) => !told.enforced || held.includes(role)) };
}

/** Return roles in words: `值守、核实`. @param {string[]} roles */
export function roleWords(roles) {
  return roles.map((role) => t(`role.${role}`)).join(language() === "zh" ? "、" : ", ");
}
