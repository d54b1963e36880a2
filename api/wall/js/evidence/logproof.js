/**
 * Log proof: whether a package is in the site's append-only log (RFC 6962), checked in the browser with the proof and
 * the signed checkpoint stored beside the package.
 * @module
 */
import { hex } from "../shared/hash.js";
import { certificateDer, certificateKey, rawSignature } from "./der.js";

/** @typedef {{log_id: string, index: number, tree_size: number, root: string, path: string[]}} LogProof */
/** @typedef {{index: number, size: number, included: boolean, signed: boolean, fault: string}} LogCheck `fault`: name of the file that fails the check, empty if none does */

const LEAF = 0;
const NODE = 1;
const FORM = /^([A-Za-z0-9._/+-]{1,100})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/;

/** @param {number} prefix @param {...Uint8Array} parts */
async function digest(prefix, ...parts) {
  const joined = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
  joined[0] = prefix;
  let at = 1;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
}

/** Return the hash of a leaf. @param {Uint8Array} data */
export function leafHash(data) {
  return digest(LEAF, data);
}

/**
 * True if `path` leads from a leaf to the root of a tree of `size` leaves (RFC 6962, 2.1.1).
 * @param {Uint8Array} leaf hash of the leaf @param {number} index @param {number} size @param {Uint8Array[]} path @param {Uint8Array} root
 */
export async function inclusionHolds(leaf, index, size, path, root) {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  // divided, not shifted: JavaScript shifts only 32 bits
  let [at, last, found] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      found = await digest(NODE, sibling, found);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else found = await digest(NODE, found, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && hex(found) === hex(root);
}

/**
 * Check a package's place in the log.
 * @param {(name: string) => Promise<Uint8Array | null>} read reads a file of the package; `null` if there is none
 * @returns {Promise<LogCheck | null>} `null` if there is no proof yet
 */
export async function checkLog(read) {
  const [proofBytes, list, text, signature, pem] = await Promise.all(["tlog.json", "SHA256SUMS", "checkpoint.txt", "checkpoint.sig", "log.crt"].map(read));
  if (!proofBytes || !list || !text) return null;
  /** @type {LogProof} */
  const proof = JSON.parse(new TextDecoder().decode(proofBytes));
  const check = { index: proof.index, size: proof.tree_size, included: false, signed: false, fault: "" };
  const form = FORM.exec(new TextDecoder().decode(text));
  const root = form ? Uint8Array.from(atob(form[3]), (letter) => letter.charCodeAt(0)) : null;
  if (!form || !root) return { ...check, fault: "checkpoint.txt" };
  if (Number(form[2]) !== proof.tree_size || hex(root) !== proof.root || !form[1].endsWith(`/${proof.log_id.slice(0, 16)}`)) return { ...check, fault: "checkpoint.txt" };
  check.included = await inclusionHolds(await leafHash(list), proof.index, proof.tree_size, proof.path.map(bytesOf), root);
  if (!check.included) return { ...check, fault: "tlog.json" };
  try {
    if (signature && pem) {
      const { spki } = certificateKey(certificateDer(pem));
      const key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
      check.signed = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, rawSignature(signature), text);
    }
  } catch {
    check.signed = false;
  }
  return { ...check, fault: check.signed ? "" : "checkpoint.sig" };
}

/** @param {string} text hex @returns {Uint8Array} */
function bytesOf(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
