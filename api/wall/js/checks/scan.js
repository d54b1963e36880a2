/**
 * Scan form: the enterprise's own code, typed, pasted or read from a picture; who showed a certificate; and where.
 * @module
 */
import { inWords } from "../loop/refusals.js";
import { fill, h, write } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { say, translate, t } from "../shared/i18n.js";
import { usccIn } from "./words.js";

/** @typedef {import("./words.js").Check} Check */

const PLACE_TIMEOUT_MS = 15_000;

export class ScanForm {
  #busy = false;
  /** @type {{lon: number, lat: number} | null} */
  #place = null;

  /** @param {Check} check @param {{scanned: (check: Check) => void}} acts */
  constructor(check, acts) {
    this.check = check;
    this.acts = acts;
    this.uscc = /** @type {HTMLInputElement} */ (h("input", { type: "text", name: "uscc", maxLength: 300, autocapitalize: "characters", autocomplete: "off", spellcheck: false, "aria-required": "true" }));
    this.picture = /** @type {HTMLInputElement} */ (h("input", { type: "file", class: "unseen", accept: "image/*", on: { change: () => void this.#read() } }));
    this.picture.setAttribute("capture", "environment");
    const reader = h("label", { class: "button file-choice", hidden: !("BarcodeDetector" in window) }, translate(h("span"), "scan.picture"), this.picture);
    this.officers = check.officers.map(({ cert_no: number, name }) => ({ number, box: /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", value: number, checked: true })), name }));
    this.ecode = /** @type {HTMLInputElement} */ (h("input", { type: "text", name: "ecode", maxLength: 64 }));
    this.where = h("span", { class: "note", role: "status" });
    this.message = h("p", { class: "review-message", role: "status", tabIndex: -1 });
    this.node = h("form", { class: "scan-form", noValidate: true, on: { submit: (event) => void this.#send(event) } },
      h("div", { class: "field" }, h("label", { class: "field" }, h("span", {}, translate(h("span"), "scan.uscc"), h("b", { class: "must", "aria-hidden": "true" }, " *")), this.uscc), h("div", { class: "scan-read" }, reader)),
      h("fieldset", { class: "field-group several" }, translate(h("legend"), "scan.officers"), this.officers.map(({ box, name, number }) => h("label", { class: "tick" }, box, h("span", {}, `${name} ${number}`)))),
      h("div", { class: "scan-place" }, translate(h("button", { class: "button", type: "button", "data-act": "scan-place", on: { click: () => this.#locate() } }), "scan.place"), this.where),
      h("label", { class: "field" }, translate(h("span"), "scan.ecode"), this.ecode),
      translate(h("button", { class: "primary", type: "submit", "data-act": "scan" }), "scan.send"),
      this.message);
  }

  /** Read the code from a picture that the phone took. */
  async #read() {
    const file = this.picture.files?.[0];
    this.picture.value = "";
    if (!file) return;
    try {
      const detector = new /** @type {any} */ (window).BarcodeDetector();
      const found = await detector.detect(await createImageBitmap(file));
      const uscc = found.map((/** @type {any} */ code) => usccIn(code.rawValue)).find(Boolean);
      if (uscc) {
        this.uscc.value = uscc;
        say(this.message, "good", "scan.read", { uscc });
      } else say(this.message, "bad", "scan.unread");
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      say(this.message, "bad", "scan.unread");
    }
  }

  /** Ask the phone where it is; only ever on a click. */
  #locate() {
    if (!("geolocation" in navigator)) {
      translate(this.where, "scan.noplace");
      return;
    }
    translate(this.where, "scan.locating");
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      this.#place = { lon: Number(coords.longitude.toFixed(6)), lat: Number(coords.latitude.toFixed(6)) };
      translate(this.where, "scan.at", { lon: this.#place.lon.toFixed(5), lat: this.#place.lat.toFixed(5), m: Math.round(coords.accuracy) });
    }, () => translate(this.where, "scan.noplace"), { enableHighAccuracy: true, timeout: PLACE_TIMEOUT_MS, maximumAge: 0 });
  }

  /** @param {Event} event */
  async #send(event) {
    event.preventDefault();
    if (this.#busy) return;
    const uscc = usccIn(this.uscc.value) || this.uscc.value.trim().toUpperCase();
    if (!uscc) {
      say(this.message, "bad", "scan.empty");
      this.uscc.focus();
      return;
    }
    this.#busy = true;
    try {
      const body = { uscc, officers: this.officers.filter(({ box }) => box.checked).map(({ number }) => number), ...(this.#place ?? {}), ...(this.ecode.value.trim() ? { ecode_record_id: this.ecode.value.trim() } : {}) };
      const check = await callJson(`/v1/check-codes/${this.check.check_code}/scans`, { method: "POST", json: body });
      this.acts.scanned(check);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      say(this.message, "bad", "visit.refused", { reason: problemWords(error) });
      this.message.focus();
    } finally {
      this.#busy = false;
    }
  }
}

/** Return what an answer says against something, in words. @param {ApiProblem} problem */
export function problemWords(problem) {
  if (problem.status === 0) return t("login.unreachable");
  return inWords(problem.errors[0]?.reason.replace(/^Value error, /, "") ?? problem.message);
}

/** Return the scans of a check as a list. @param {Check} check @param {(moment: string) => string} time */
export function scanList(check, time) {
  return h("ul", { class: "scans" }, check.scans.map((scan) => h("li", { "data-warned": Boolean(scan.warning) },
    h("span", {}, time(scan.at)), " ", h("strong", {}, scan.by), " ",
    h("span", { class: "note" }, [
      scan.officers.map((/** @type {string} */ number) => check.officers.find(({ cert_no: known }) => known === number)?.name ?? number).join("、"),
      scan.lon === null ? t("scan.placeless") : `${scan.lon.toFixed(5)}, ${scan.lat.toFixed(5)}`,
      scan.distance_m === null ? "" : t("scan.distance", { m: Math.round(scan.distance_m) }),
    ].filter(Boolean).join(" · ")),
    scan.warning ? h("em", {}, t("scan.far")) : null)));
}

/** Write a check's QR code into a node: the address of its public page. @param {HTMLElement} node @param {Check} check */
export function showQr(node, check) {
  const image = h("img", { class: "qr", src: `/v1/check-codes/${check.check_code}/qr.svg`, alt: t("visit.qr.alt", { code: check.check_code }) });
  fill(node, image);
  image.addEventListener("error", () => write(node, ""));
}
