/**
 * DER: the part of ASN.1 that a signature check needs: key and name of a certificate, the two numbers of an ECDSA signature.
 * @module
 */
import { hex } from "../shared/hash.js";

const INTEGER = 0x02;
const OBJECT_ID = 0x06;
const SEQUENCE = 0x30;
const SET = 0x31;
const EXPLICIT_0 = 0xa0;
/** Object id 2.5.4.3, common name. */
const COMMON_NAME = "550403";

/** @typedef {{tag: number, start: number, body: number, end: number}} Node */

/**
 * Return the element at offset `at`; raise `RangeError` if it runs beyond the data.
 * @param {Uint8Array} bytes
 * @param {number} at
 * @returns {Node}
 */
export function element(bytes, at) {
  if (at + 2 > bytes.length) throw new RangeError(`DER ends at ${bytes.length}, an element begins at ${at}`);
  let length = bytes[at + 1];
  let body = at + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) throw new RangeError(`DER length of ${count} bytes at ${at}`);
    length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + bytes[body + i];
    body += count;
  }
  const end = body + length;
  if (!(end <= bytes.length)) throw new RangeError(`DER element at ${at} ends at ${end}, the data at ${bytes.length}`);
  return { tag: bytes[at], start: at, body, end };
}

/** Return the elements inside another. @param {Uint8Array} bytes @param {Node} node @returns {Node[]} */
export function children(bytes, node) {
  const found = [];
  for (let at = node.body; at < node.end; ) {
    const child = element(bytes, at);
    if (child.end > node.end) throw new RangeError(`DER element at ${at} leaves its parent`);
    found.push(child);
    at = child.end;
  }
  return found;
}

/**
 * Return a certificate's public key as SPKI and its subject's common name.
 * @param {Uint8Array} certificate DER
 * @returns {{spki: Uint8Array, name: string}}
 */
export function certificateKey(certificate) {
  const outer = expect(element(certificate, 0), SEQUENCE, "certificate");
  const tbs = expect(children(certificate, outer)[0], SEQUENCE, "tbsCertificate");
  const fields = children(certificate, tbs);
  // version [0] is optional; then serial, signature algorithm, issuer, validity, subject, subjectPublicKeyInfo
  const first = fields[0]?.tag === EXPLICIT_0 ? 1 : 0;
  const subject = expect(fields[first + 4], SEQUENCE, "subject");
  const key = expect(fields[first + 5], SEQUENCE, "subjectPublicKeyInfo");
  return { spki: certificate.slice(key.start, key.end), name: commonName(certificate, subject) };
}

/**
 * Return an ECDSA P-256 signature as the 64 bytes `r || s` that Web Crypto takes.
 * @param {Uint8Array} signature DER
 */
export function rawSignature(signature) {
  const outer = expect(element(signature, 0), SEQUENCE, "signature");
  const [r, s, extra] = children(signature, outer);
  if (extra || outer.end !== signature.length) throw new RangeError("signature holds more than r and s");
  const raw = new Uint8Array(64);
  [r, s].forEach((node, i) => {
    expect(node, INTEGER, "signature number");
    let { body } = node;
    while (body < node.end - 1 && signature[body] === 0) body += 1;
    const length = node.end - body;
    if (length > 32) throw new RangeError(`signature number of ${length} bytes, expected at most 32`);
    raw.set(signature.subarray(body, node.end), 32 * (i + 1) - length);
  });
  return raw;
}

/** Return the DER of a certificate given as PEM or DER. @param {Uint8Array} bytes */
export function certificateDer(bytes) {
  if (bytes[0] === SEQUENCE) return bytes;
  const text = new TextDecoder().decode(bytes);
  const inside = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(text);
  if (!inside) throw new RangeError("neither a PEM nor a DER certificate");
  return Uint8Array.from(atob(inside[1].replace(/\s+/g, "")), (letter) => letter.charCodeAt(0));
}

/** @param {Node | undefined} node @param {number} tag @param {string} what @returns {Node} */
function expect(node, tag, what) {
  if (node?.tag !== tag) throw new RangeError(`${what}: expected DER tag ${tag}, found ${node?.tag}`);
  return node;
}

/** @param {Uint8Array} bytes @param {Node} name @returns {string} */
function commonName(bytes, name) {
  for (const set of children(bytes, name)) {
    if (set.tag !== SET) continue;
    for (const pair of children(bytes, set)) {
      const [type, value] = children(bytes, pair);
      if (type?.tag === OBJECT_ID && hex(bytes.subarray(type.body, type.end)) === COMMON_NAME && value) {
        return new TextDecoder().decode(bytes.subarray(value.body, value.end));
      }
    }
  }
  return "";
}
