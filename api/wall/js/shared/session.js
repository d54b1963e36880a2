/**
 * Session: who is logged in; logging in and out, changing the password.
 * @module
 */
import { ApiProblem, call, callJson } from "./http.js";

/**
 * @typedef {object} Operator
 * @property {string} username
 * @property {string} role
 * @property {boolean} password_change_required
 */

/** Shortest password that the server accepts. */
export const SHORTEST_PASSWORD = 10;

/** Return the operator who is logged in, `null` if nobody is. @returns {Promise<Operator | null>} */
export async function whoAmI() {
  try {
    return await callJson("/v1/session", { quiet: true });
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return null;
    throw error;
  }
}

/** @param {string} username @param {string} password @returns {Promise<Operator>} */
export async function logIn(username, password) {
  return callJson("/v1/session", { method: "POST", json: { username, password }, quiet: true });
}

/** @param {string} current @param {string} wanted */
export async function changePassword(current, wanted) {
  await call("/v1/session/password", { method: "POST", json: { current, new: wanted }, quiet: true });
}

/** End the session on the server. */
export async function logOut() {
  await call("/v1/session", { method: "DELETE", quiet: true });
}
