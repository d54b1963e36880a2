/**
 * Top bar: name, time, connection, counts and controls.
 * @module
 */
import { levelOf, shareWords } from "../coverage/strips.js";
import { h, MARK, write } from "../shared/dom.js";
import { language, onLanguage, setLanguage, translate, t } from "../shared/i18n.js";
import { clockTime, dayName, serverClock } from "../shared/times.js";
import { LAYOUTS } from "./grid.js";

/** @typedef {import("./grid.js").Layout} Layout */

/**
 * @typedef {object} TopbarActs
 * @property {(layout: Layout) => void} layout
 * @property {(step: number) => void} turn
 * @property {() => void} sound
 * @property {() => void} logout
 * @property {() => void} coverage
 */

/** Pages with an address of their own, each with the key of its words. */
const PAGES = [["#register", "register.page"], ["#checks", "visit.title"], ["#legal", "legal.page"], ["#officer", "officer.title"]];
/** A fault is shown for this long. */
const SAID_MS = 15_000;

export class Topbar {
  #saying = 0;

  /** @param {TopbarActs} acts */
  constructor(acts) {
    this.day = h("span", { class: "bar-day" });
    this.time = h("time", { class: "bar-time" });
    this.link = h("span", { class: "bar-link", role: "status", "data-link": "connecting" });
    this.playing = h("span", { class: "figure", "data-tone": "calm" });
    this.lost = h("span", { class: "figure" });
    this.waiting = h("span", { class: "figure" });
    this.covered = h("span", { class: "figure" }, "–");
    this.cover = h("button", { class: "figure-set share", type: "button", "data-act": "coverage", on: { click: acts.coverage } },
      translate(h("span", { class: "figure-name" }), "cover.name"), this.covered);
    translate(this.cover, "cover.open", {}, "title");
    this.layouts = LAYOUTS.map((layout) => {
      const button = h("button", { class: "segment", type: "button", "data-layout": layout, on: { click: () => acts.layout(layout) } }, layout === "auto" ? "" : layout);
      return layout === "auto" ? translate(button, "bar.layout.auto") : button;
    });
    this.page = h("span", { class: "bar-page" });
    this.pager = h("div", { class: "pager", hidden: true },
      translate(h("button", { class: "segment", type: "button", on: { click: () => acts.turn(-1) } }, "‹"), "bar.page.prev", {}, "aria-label"),
      this.page,
      translate(h("button", { class: "segment", type: "button", on: { click: () => acts.turn(1) } }, "›"), "bar.page.next", {}, "aria-label"));
    this.sound = h("button", { class: "quiet", type: "button", on: { click: acts.sound } });
    this.full = h("button", { class: "quiet", type: "button", on: { click: () => toggleFull() } });
    const tongue = translate(h("button", { class: "quiet", type: "button", "data-act": "language", on: { click: () => setLanguage(language() === "zh" ? "en" : "zh") } }), "bar.language");
    translate(tongue, "bar.language.title", {}, "title");
    this.said = h("p", { class: "panel-error bar-fault", role: "alert", hidden: true });
    this.who = translate(h("button", { class: "quiet", type: "button", "data-act": "logout", on: { click: acts.logout } }), "bar.logout");
    this.node = h("header", { class: "bar" },
      h("div", { class: "brand" }, h("img", { src: MARK, alt: "" }), translate(h("strong"), "name")),
      translate(h("nav", { class: "bar-pages" }, PAGES.map(([hash, words]) => translate(h("a", { class: "quiet", href: hash }), words))), "bar.pages", {}, "aria-label"),
      h("div", { class: "bar-clock" }, this.time, this.day),
      this.link,
      h("div", { class: "figures" },
        h("span", { class: "figure-set" }, translate(h("span", { class: "figure-name" }), "bar.cameras"), this.playing, translate(h("span", { class: "figure-unit" }), "bar.playing"), this.lost, translate(h("span", { class: "figure-unit" }), "bar.lost")),
        this.cover,
        h("span", { class: "figure-set" }, translate(h("span", { class: "figure-name" }), "leads.title"), this.waiting, translate(h("span", { class: "figure-unit" }), "bar.waiting"))),
      h("div", { class: "bar-acts" },
        this.pager,
        translate(h("div", { class: "segments", role: "group" }, this.layouts), "bar.layout", {}, "aria-label"),
        this.sound, this.full, tongue, this.who), this.said);
    document.addEventListener("fullscreenchange", () => this.#showFull());
    onLanguage(() => this.tick());
    this.#showFull();
    this.tick();
  }

  /** Update the time. */
  tick() {
    const now = serverClock.now();
    write(this.time, clockTime(now));
    this.time.title = t("bar.time");
    write(this.day, dayName(now));
  }

  /** @param {{playing: number, lost: number, waiting: number, waitingFigure: string}} counts */
  count({ playing, lost, waiting, waitingFigure }) {
    write(this.playing, String(playing));
    write(this.lost, String(lost));
    this.lost.dataset.tone = lost ? "bad" : "none";
    write(this.waiting, waitingFigure);
    this.waiting.dataset.tone = waiting ? "warn" : "none";
  }

  /** Show the share of the last day's duty that was watched. @param {number | null} share */
  share(share) {
    write(this.covered, shareWords(share));
    this.covered.dataset.level = String(levelOf(share));
  }

  /** @param {"live" | "connecting" | "offline"} state */
  connection(state) {
    this.link.dataset.link = state;
    translate(this.link, `bar.${state}`);
  }

  /** @param {"on" | "off" | "blocked"} state */
  soundState(state) {
    this.sound.dataset.sound = state;
    translate(this.sound, `bar.sound.${state}`);
  }

  /** @param {Layout} layout @param {{page: number, pages: number}} pages */
  layoutState(layout, { page, pages }) {
    for (const button of this.layouts) button.setAttribute("aria-pressed", String(button.dataset.layout === layout));
    this.pager.hidden = pages < 2;
    translate(this.page, "bar.page", { page, pages });
  }

  /** Show for a while, above the leads, what failed. @param {string} key @param {Record<string, string>} values */
  fault(key, values) {
    this.said.hidden = false;
    translate(this.said, key, values);
    clearTimeout(this.#saying);
    this.#saying = window.setTimeout(() => { this.said.hidden = true; }, SAID_MS);
  }

  /** @param {string} username */
  operator(username) {
    this.who.title = username;
  }

  #showFull() {
    translate(this.full, document.fullscreenElement ? "bar.full.leave" : "bar.full");
  }
}

function toggleFull() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
}
