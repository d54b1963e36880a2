/**
 * Gaps: the coverage of one camera in detail: when it was not watched and why, as a time line and as a list.
 * @module
 */
import { inChinese } from "../fleet/streamfaults.js";
import { fill, h } from "../shared/dom.js";
import { ApiProblem, callJson } from "../shared/http.js";
import { hasWords, language, onLanguage, translate, t } from "../shared/i18n.js";
import { shortTime } from "../shared/times.js";
import { joined, lengthWords, shareWords } from "./strips.js";

/** @typedef {import("./strips.js").Gap} Gap */

const SHOWN_MOST = 200;

/** Return the reason of a gap or a fault in words. @param {string} reason */
export function reasonWords(reason) {
  return t([`gap.${reason}`, `fault.${reason}`].find(hasWords) ?? "gap.other");
}

/** Return a detail in words if it is a known fault of the picture or the stream, otherwise unchanged. @param {string} detail */
export function detailWords(detail) {
  if (hasWords(`fault.${detail}`)) return t(`fault.${detail}`);
  return language() === "zh" ? inChinese(detail) : detail;
}

export class GapPanel {
  /** @type {{camera: string, name: string, from: string, to: string} | null} */
  #asked = null;
  /** @type {any} */
  #told = null;

  constructor() {
    this.title = translate(h("h4"), "cover.day");
    this.figures = h("dl", { class: "cov-figures" });
    this.line = h("div", { class: "cov-line", "aria-hidden": "true" });
    this.list = h("ol", { class: "cov-gaps" });
    this.table = translate(h("a", { class: "button" }), "cover.csv");
    this.node = h("section", { class: "cov-detail", "aria-live": "polite", hidden: true },
      h("header", { class: "cov-detail-head" }, this.title, this.table), this.figures, this.line, this.list);
    onLanguage(() => this.#draw());
  }

  /** Show a camera's coverage between two times. @param {string} camera @param {string} name @param {string} from @param {string} to */
  async show(camera, name, from, to) {
    const asked = { camera, name, from, to };
    const same = this.#asked?.camera === camera;
    this.#asked = asked;
    if (!same) this.#told = null;
    this.node.hidden = false;
    const query = `?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
    const path = `/v1/cameras/${encodeURIComponent(camera)}/coverage`;
    this.table.setAttribute("href", `${path}.csv${query}`);
    if (!same) this.#draw();
    try {
      const told = await callJson(path + query);
      if (this.#asked !== asked) return;
      this.#told = told;
      this.#draw();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (this.#asked === asked) fill(this.list, translate(h("li", { class: "panel-error" }), "cover.failed", { reason: error.message }));
    }
  }

  #draw() {
    if (!this.#asked) return;
    if (!this.#told) {
      fill(this.figures);
      fill(this.line);
      fill(this.list);
      return;
    }
    const { interval, hours, reconnects, patrol_s: patrol, focus_s: focus, share, start, end } = this.#told;
    const seconds = (/** @type {number | null} */ n) => (n === null ? "–" : t("age.seconds", { n: n < 10 ? n.toFixed(1) : Math.round(n) }));
    const facts = [
      ["cover.share", shareWords(share)],
      ["cover.interval", `${seconds(interval.median_s)} / ${seconds(interval.p99_s)} / ${seconds(interval.max_s)}`],
      ["cover.limit", seconds(interval.limit_s)],
      ["cover.modes", `${shareWords(patrol + focus ? patrol / (patrol + focus) : null)} / ${shareWords(patrol + focus ? focus / (patrol + focus) : null)}`],
      ["cover.reconnects", String(reconnects)],
    ];
    fill(this.figures, facts.flatMap(([key, value]) => [translate(h("dt"), key), h("dd", {}, value)]));
    const gaps = joined(hours.flatMap((/** @type {any} */ hour) => hour.gaps));
    const [from, to] = [Date.parse(start), Date.parse(end)];
    fill(this.line, gaps.map((gap) => {
      const bar = h("i", { "data-reason": gap.reason, title: `${shortTime(Date.parse(gap.start))} ${reasonWords(gap.reason)}` });
      bar.style.setProperty("--from", String((Date.parse(gap.start) - from) / (to - from)));
      bar.style.setProperty("--length", String((Date.parse(gap.end) - Date.parse(gap.start)) / (to - from)));
      return bar;
    }));
    const newest = gaps.slice(-SHOWN_MOST).reverse();
    fill(this.list, newest.length ? newest.map(gapRow) : translate(h("li", { class: "note" }), "cover.nogaps"));
    if (gaps.length > newest.length) this.list.append(translate(h("li", { class: "note" }), "cover.moregaps", { n: gaps.length - newest.length }));
  }
}

/** @param {Gap} gap */
function gapRow(gap) {
  return h("li", { class: "cov-gap", "data-reason": gap.reason },
    h("strong", {}, reasonWords(gap.reason)),
    h("span", { class: "cov-gap-length" }, lengthWords(gap.seconds)),
    h("span", { class: "cov-gap-when" }, `${shortTime(Date.parse(gap.start))} – ${shortTime(Date.parse(gap.end))}`),
    h("span", { class: "cov-gap-why" }, [detailWords(gap.detail), gap.worker].filter(Boolean).join(" · ")));
}
