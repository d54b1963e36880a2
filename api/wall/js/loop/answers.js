/**
 * Answers: the four questions about the record that a reviewer answers (Penalty Law, art. 41).
 * @module
 */
import { h } from "../shared/dom.js";
import { translate, t } from "../shared/i18n.js";

export const QUESTIONS = ["true", "clear", "complete", "accurate"];
let made = 0;

/** Return the four questions as one control; all four or none are read. @returns {import("../shared/controls.js").Control & {open: () => string | undefined}} */
export function answersControl() {
  const turn = ++made;
  const doubt = translate(h("p", { class: "note answers-doubt", hidden: true }), "answer.doubt");
  const box = h("fieldset", { class: "answers" }, translate(h("legend"), "answer.title"), QUESTIONS.map(question));
  const answer = (/** @type {string} */ of) => {
    const chosen = /** @type {HTMLInputElement | null} */ (box.querySelector(`[data-question="${of}"] input:checked`));
    return chosen ? chosen.value === "yes" : null;
  };
  const open = () => QUESTIONS.find((of) => answer(of) === null);

  /** @param {string} of */
  function question(of) {
    const label = `answer-${of}-${turn}`;
    const choice = (/** @type {string} */ value) => h("label", { class: "answer" },
      h("input", { type: "radio", name: `answer-${of}`, value, on: { change: () => { doubt.hidden = !QUESTIONS.some((each) => answer(each) === false); } } }), translate(h("span"), `answer.${value}`));
    return h("div", { class: "question", role: "radiogroup", "data-question": of, "aria-labelledby": label },
      h("span", { id: label }, translate(h("strong"), `answer.${of}`), translate(h("small"), `answer.${of}.why`)), choice("yes"), choice("no"));
  }

  return {
    node: h("div", { "data-field": "review" }, box, doubt),
    open,
    read: () => (open() ? undefined : Object.fromEntries(QUESTIONS.map((of) => [of, answer(of)]))),
    write(value) {
      for (const of of QUESTIONS) {
        for (const input of box.querySelectorAll(`[data-question="${of}"] input`)) {
          const radio = /** @type {HTMLInputElement} */ (input);
          radio.checked = value ? (radio.value === "yes") === value[of] : false;
        }
      }
      doubt.hidden = !QUESTIONS.some((each) => answer(each) === false);
    },
    focus: () => /** @type {HTMLElement | null} */ (box.querySelector(`[data-question="${open() ?? QUESTIONS[0]}"] input`))?.focus(),
  };
}

/** Return the four answers in words: `真实 是 · 清晰 是 · …`. @param {Record<string, boolean>} review */
export function answersInWords(review) {
  return QUESTIONS.map((question) => `${t(`answer.${question}`)} ${t(review[question] ? "answer.yes" : "answer.no")}`).join(" · ");
}
