/**
 * Words of the wall: key to [Chinese, English]. One word per thing, as in docs/glossary.md.
 * @module
 */
import { CAMERAS } from "./words/cameras.js";
import { CARRIED } from "./words/carried.js";
import { CHECKS } from "./words/checks.js";
import { DISPOSITION } from "./words/disposition.js";
import { EVIDENCE } from "./words/evidence.js";
import { FINDINGS } from "./words/findings.js";
import { LEADS } from "./words/leads.js";
import { LEGAL } from "./words/legal.js";
import { LOOP } from "./words/loop.js";
import { PAGE } from "./words/page.js";
import { OFFICER } from "./words/officer.js";
import { REDACTIONS } from "./words/redactions.js";
import { REGISTER } from "./words/register.js";
import { ZONES } from "./words/zones.js";

/** @type {Record<string, [string, string]>} */
export const WORDS = {
  ...PAGE, ...CAMERAS, ...LEADS, ...LOOP, ...CARRIED, ...REGISTER, ...CHECKS, ...OFFICER, ...LEGAL,
  ...FINDINGS, ...DISPOSITION, ...EVIDENCE, ...REDACTIONS, ...ZONES,
};
