/**
 * Words of the wall: key to [Chinese, English]. One word per thing, as in docs/glossary.md.
 * @module
 */
import { CAMERAS } from "./words/cameras.js";
import { DISPOSITION } from "./words/disposition.js";
import { EVIDENCE } from "./words/evidence.js";
import { FINDINGS } from "./words/findings.js";
import { LEADS } from "./words/leads.js";
import { PAGE } from "./words/page.js";
import { REDACTIONS } from "./words/redactions.js";
import { ZONES } from "./words/zones.js";

/** @type {Record<string, [string, string]>} */
export const WORDS = { ...PAGE, ...CAMERAS, ...LEADS, ...FINDINGS, ...DISPOSITION, ...EVIDENCE, ...REDACTIONS, ...ZONES };
