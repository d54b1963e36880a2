/**
 * HTTP: calls to the API of this server. Problem answers become errors; each answer also sets the server's clock.
 * @module
 */
import { serverClock } from "./times.js";

/** The server accepts changes only with this header, which foreign pages cannot send (api/people/auth.py). */
const CSRF_HEADER = "X-Plumewatch-Csrf";

/** An answer other than a success, or no answer at all (`status` 0): unreachable, broken off, or not from this server. */
export class ApiProblem extends Error {
  /**
   * @param {number} status HTTP status; 0 if no complete answer of the server came
   * @param {string} detail the server's explanation, for people
   * @param {string} type the problem's type
   * @param {{where: string, reason: string}[]} errors each invalid field of the request, by its path
   * @param {number} waitS seconds to wait before the next attempt, as the server says; 0 if it does not
   * @param {Record<string, unknown>} members all members of the problem document
   */
  constructor(status, detail, type = "", errors = [], waitS = 0, members = {}) {
    super(detail);
    this.name = "ApiProblem";
    this.status = status;
    this.type = type;
    this.errors = errors;
    this.waitS = waitS;
    this.members = members;
  }

  /** @returns {string} last part of the problem's type, e.g. `stale-version` */
  get slug() {
    return this.type.slice(this.type.lastIndexOf(":") + 1);
  }
}

/** Called when an answer says that nobody is logged in. @type {{ lost: () => void }} */
export const onUnauthorised = { lost() {} };

/**
 * Call the API and return the answer; raise `ApiProblem` unless it is a success.
 * @param {string} path
 * @param {RequestInit & {json?: unknown, quiet?: boolean}} [options] `quiet`: a 401 does not call `onUnauthorised`
 * @returns {Promise<Response>}
 */
export async function call(path, { json, quiet = false, ...options } = {}) {
  const headers = new Headers(options.headers);
  if (options.method && options.method !== "GET") headers.set(CSRF_HEADER, "1");
  if (json !== undefined) headers.set("Content-Type", "application/json");
  const asked = Date.now();
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(path, {
      ...options,
      headers,
      credentials: "same-origin",
      cache: options.cache ?? "no-store",
      body: json === undefined ? options.body : JSON.stringify(json),
    });
  } catch (error) {
    throw unanswered(error);
  }
  serverClock.learn(answer.headers.get("Date"), asked, Date.now());
  if (answer.ok) return answer;
  if (answer.status === 401 && !quiet) onUnauthorised.lost();
  const problem = await answer.json().catch(() => ({}));
  throw new ApiProblem(answer.status, String(problem.detail || problem.title || answer.statusText), String(problem.type ?? ""), Array.isArray(problem.errors) ? problem.errors : [], Number(answer.headers.get("Retry-After")) || 0, problem);
}

/**
 * Call the API and return the JSON it answers.
 * @param {string} path
 * @param {Parameters<typeof call>[1]} [options]
 * @returns {Promise<any>}
 */
export async function callJson(path, options) {
  const answer = await call(path, options);
  return answer.status === 204 ? null : received(answer.json());
}

/**
 * Return the body of an answer; raise `ApiProblem` with status 0 if it breaks off or cannot be parsed, as when a proxy
 * restarts: `fetch` itself has succeeded by then.
 * @template Body
 * @param {Promise<Body>} reading `answer.json()` and the like
 * @returns {Promise<Body>}
 */
export async function received(reading) {
  try {
    return await reading;
  } catch (error) {
    throw unanswered(error);
  }
}

/** Return the error to raise for a failure inside the browser; an abort is returned unchanged. @param {unknown} error */
function unanswered(error) {
  if (error instanceof DOMException && error.name === "AbortError") return error;
  return new ApiProblem(0, String(error instanceof Error ? error.message : error));
}

/** Return the WebSocket address of a path of this server. @param {string} path */
export function socketAddress(path) {
  return new URL(path, location.href.replace(/^http/, "ws")).href;
}
