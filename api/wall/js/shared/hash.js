/**
 * Hash: SHA-256 in the browser, of bytes and of files that somebody chooses.
 * @module
 */

/** Largest file that is hashed: it is held in memory as a whole. */
export const MOST_BYTES = 512 * 1024 * 1024;

/** True if the browser lets the page compute hashes: over https or on localhost. */
export function canHash() {
  return window.isSecureContext && Boolean(globalThis.crypto?.subtle);
}

/** Return SHA-256 as lower-case hex. @param {BufferSource} bytes */
export async function sha256(bytes) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Return bytes as lower-case hex. @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return a random key of 128 bits as hex; `crypto.randomUUID` is there over https only. */
export function randomKey() {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}
