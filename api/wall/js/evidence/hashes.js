/**
 * Hashes: the check of an evidence package in the browser. Every listed file is downloaded and hashed, and the list's
 * signature is checked with the node's certificate. The server is trusted for nothing but delivering the bytes.
 * @module
 */
import { sha256 } from "../shared/hash.js";
import { certificateDer, certificateKey, rawSignature } from "./der.js";

/** @typedef {"match" | "mismatch" | "missing" | "unlisted" | "unread"} FileVerdict */
/** @typedef {{name: string, expected: string, found: string, verdict: FileVerdict}} FileCheck */
/**
 * @typedef {object} PackageCheck
 * @property {FileCheck[]} files
 * @property {boolean} signature true if the list's signature is valid under the certificate's key
 * @property {string} signatureFault why the signature could not be checked or is invalid; empty if it is valid
 * @property {boolean} sums true if the list's own hash is the one in the lead
 * @property {{name: string, sha256: string} | null} certificate
 * @property {boolean} holds true if all checks above passed
 */

/** Fetches a file of the package: its bytes, or `null` if the server has no such file. */
/** @typedef {(name: string) => Promise<Uint8Array | null>} ReadFile */

const SUMS_LINE = /^([0-9a-f]{64}) [ *]([^/\0]+)$/;

/**
 * Return the entries of a `sha256sum` list; raise `SyntaxError` if a line is not an entry.
 * @param {string} text
 * @returns {Map<string, string>} name to hash
 */
export function parseSums(text) {
  const sums = new Map();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const found = SUMS_LINE.exec(line);
    if (!found) throw new SyntaxError(`SHA256SUMS: not a sha256sum line: ${line.slice(0, 80)}`);
    if (sums.has(found[2])) throw new SyntaxError(`SHA256SUMS names ${found[2]} twice`);
    sums.set(found[2], found[1]);
  }
  return sums;
}

/**
 * Check a package: the hash of each file, the signature of the list, and the list's hash against the lead.
 * @param {object} options
 * @param {ReadFile} options.read
 * @param {string[]} options.manifestNames files that the manifest names: each must be in the list
 * @param {string} options.sumsSha256 hash of the list as recorded in the lead; empty if none is recorded
 * @param {(done: number, all: number) => void} [options.progress]
 * @returns {Promise<PackageCheck>}
 */
export async function checkPackage({ read, manifestNames, sumsSha256, progress = () => {} }) {
  const listBytes = await read("SHA256SUMS");
  if (!listBytes) throw new Error("SHA256SUMS is missing");
  const sums = parseSums(new TextDecoder().decode(listBytes));
  const all = sums.size + 2;
  progress(0, all);
  /** @type {FileCheck[]} */
  const files = [];
  for (const [name, expected] of sums) {
    files.push(await checkFile(name, expected, read));
    progress(files.length, all);
  }
  for (const name of [...manifestNames, "manifest.json"]) {
    if (!sums.has(name)) files.push({ name, expected: "", found: "", verdict: "unlisted" });
  }
  const { valid, fault, certificate } = await checkSignature(listBytes, read);
  progress(all - 1, all);
  const sumsHold = (await sha256(listBytes)) === sumsSha256;
  progress(all, all);
  const holds = valid && sumsHold && files.every((file) => file.verdict === "match");
  return { files, signature: valid, signatureFault: fault, sums: sumsHold, certificate, holds };
}

/** @param {string} name @param {string} expected @param {ReadFile} read @returns {Promise<FileCheck>} */
async function checkFile(name, expected, read) {
  try {
    const bytes = await read(name);
    if (!bytes) return { name, expected, found: "", verdict: "missing" };
    const found = await sha256(bytes);
    return { name, expected, found, verdict: found === expected ? "match" : "mismatch" };
  } catch {
    return { name, expected, found: "", verdict: "unread" };
  }
}

/** @param {Uint8Array} list @param {ReadFile} read */
async function checkSignature(list, read) {
  /** @type {{name: string, sha256: string} | null} */
  let certificate = null;
  try {
    const [signature, pem] = await Promise.all([read("SHA256SUMS.sig"), read("node.crt")]);
    if (!signature) return { valid: false, fault: "SHA256SUMS.sig is missing", certificate };
    if (!pem) return { valid: false, fault: "node.crt is missing", certificate };
    const der = certificateDer(pem);
    const { spki, name } = certificateKey(der);
    certificate = { name, sha256: await sha256(der) };
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.importKey("spki", spki, algorithm, false, ["verify"]);
    const valid = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, rawSignature(signature), list);
    return { valid, fault: valid ? "" : "the signature does not fit the list", certificate };
  } catch (error) {
    return { valid: false, fault: error instanceof Error ? error.message : String(error), certificate };
  }
}
