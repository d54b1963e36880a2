/**
 * Login: the form before the wall. A one-time password must be replaced first.
 * @module
 */
import { h, MARK, write } from "../shared/dom.js";
import { ApiProblem } from "../shared/http.js";
import { untranslate, language, setLanguage, translate } from "../shared/i18n.js";
import { changePassword, logIn, SHORTEST_PASSWORD } from "../shared/session.js";

/** @typedef {import("../shared/session.js").Operator} Operator */

/**
 * Show the login in `host`; return the operator once logged in with a password of their own.
 * @param {HTMLElement} host
 * @param {{operator?: Operator | null, expired?: boolean}} [start] an operator who still has to change the password
 * @returns {Promise<Operator>}
 */
export async function askLogin(host, { operator = null, expired = false } = {}) {
  let password = "";
  let who = operator;
  if (!who) ({ who, password } = await askPassword(host, expired));
  if (who.password_change_required) {
    await askNewPassword(host, password);
    who = { ...who, password_change_required: false };
  }
  host.replaceChildren();
  return who;
}

/** @param {HTMLElement} host @param {boolean} expired @returns {Promise<{who: Operator, password: string}>} */
function askPassword(host, expired) {
  const username = field("login.username", { name: "username", autocomplete: "username", required: true });
  const password = field("login.password", { name: "password", type: "password", autocomplete: "current-password", required: true });
  const form = card(host, "login.title", [username, password], "login.submit", "login.first");
  if (expired) form.say("login.expired");
  username.input.focus();
  return new Promise((resolve) => {
    form.onSubmit(async () => {
      const missing = [username, password].find(({ input }) => input.value.trim() === "");
      if (missing) {
        form.say("login.empty");
        missing.input.focus();
        return;
      }
      try {
        const who = await logIn(username.input.value.trim(), password.input.value);
        resolve({ who, password: password.input.value });
      } catch (error) {
        const problem = asProblem(error);
        if (problem.slug === "wrong-login") form.say("login.wrong");
        else if (problem.status === 429) sayWait(form, problem);
        else if (problem.status === 0) form.say("login.unreachable");
        else form.say("login.failed", { reason: problem.message });
        password.input.select();
        password.input.focus();
      }
    });
  });
}

/** @param {HTMLElement} host @param {string} known the password that was just typed; empty after a reload @returns {Promise<void>} */
function askNewPassword(host, known) {
  const current = field("password.current", { name: "current", type: "password", autocomplete: "current-password", required: true });
  const values = { min: SHORTEST_PASSWORD };
  const wanted = field("password.new", { name: "new", type: "password", autocomplete: "new-password", required: true }, values);
  const repeat = field("password.repeat", { name: "repeat", type: "password", autocomplete: "new-password", required: true });
  const form = card(host, "password.title", known ? [wanted, repeat] : [current, wanted, repeat], "password.submit", "password.why");
  (known ? wanted : current).input.focus();
  return new Promise((resolve) => {
    form.onSubmit(async () => {
      const old = known || current.input.value;
      if (old === "") return form.say("password.empty");
      if (wanted.input.value.length < SHORTEST_PASSWORD) return form.say("password.short", values);
      if (wanted.input.value !== repeat.input.value) return form.say("password.differs");
      if (wanted.input.value === old) return form.say("password.same");
      try {
        await changePassword(old, wanted.input.value);
        resolve();
      } catch (error) {
        const problem = asProblem(error);
        if (problem.status === 0) form.say("login.unreachable");
        else if (problem.slug === "wrong-login") form.say("password.wrong");
        else if (problem.slug === "weak-password") form.say("password.weak");
        else if (problem.status === 429) sayWait(form, problem);
        else form.say("password.failed", { reason: problem.message });
      }
      return undefined;
    });
  });
}

/** @param {string} label @param {Record<string, unknown>} props @param {Record<string, number>} [values] */
function field(label, props, values = {}) {
  const input = /** @type {HTMLInputElement} */ (h("input", { spellcheck: false, autocapitalize: "none", ...props }));
  return { input, node: h("label", { class: "field" }, translate(h("span"), label, values), input) };
}

/**
 * @param {HTMLElement} host @param {string} title @param {{node: HTMLElement}[]} fields @param {string} submit
 * @param {string} note
 */
function card(host, title, fields, submit, note) {
  const error = h("p", { class: "form-error", role: "alert" });
  const button = /** @type {HTMLButtonElement} */ (translate(h("button", { class: "primary", type: "submit" }), submit));
  const tongue = translate(h("button", { class: "quiet", type: "button", on: { click: () => setLanguage(language() === "zh" ? "en" : "zh") } }), "bar.language");
  const form = h("form", { class: "login-card", noValidate: true },
    h("div", { class: "login-brand" },
      h("img", { src: MARK, alt: "", class: "login-mark" }),
      h("div", {}, translate(h("strong"), "name"), translate(h("span"), "name.tag")),
      tongue),
    translate(h("h1"), title),
    fields.map((one) => one.node),
    error,
    button,
    translate(h("p", { class: "note" }), note));
  host.replaceChildren(h("main", { class: "login" }, form));
  return {
    /** @param {string} key @param {Record<string, string | number>} [values] */
    say(key, values) {
      translate(error, key, values);
    },
    /** @param {() => Promise<unknown>} act */
    onSubmit(act) {
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        if (button.disabled) return;
        button.disabled = true;
        untranslate(error);
        write(error, "");
        await act();
        button.disabled = false;
      });
    },
  };
}

/** @param {{say: (key: string, values?: Record<string, number>) => void}} form @param {ApiProblem} problem */
function sayWait(form, { waitS }) {
  if (waitS > 0) form.say("login.many.wait", { n: Math.ceil(waitS / 60) });
  else form.say("login.many");
}

/** @param {unknown} error @returns {ApiProblem} */
function asProblem(error) {
  return error instanceof ApiProblem ? error : new ApiProblem(-1, error instanceof Error ? error.message : String(error));
}
