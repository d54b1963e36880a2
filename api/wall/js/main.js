/**
 * Main: who is there, then the wall.
 * @module
 */
import { h } from "./shared/dom.js";
import { ApiProblem, onUnauthorised } from "./shared/http.js";
import { onLanguage, speak, t } from "./shared/i18n.js";
import { logOut, whoAmI } from "./shared/session.js";
import { forgetCursor } from "./wall/events.js";
import { askLogin } from "./wall/login.js";
import { Wall } from "./wall/wall.js";

const RETRY_MS = 3000;
const EXPIRED = "plumewatch.expired";
const host = /** @type {HTMLElement} */ (document.getElementById("app"));

/** Start afresh with the login: everything of the old session is gone with the page. @param {boolean} expired */
function leave(expired) {
  forgetCursor();
  if (expired) sessionStorage.setItem(EXPIRED, "yes");
  location.reload();
}

async function start() {
  document.title = t("name");
  onLanguage(() => { document.title = t("name"); });
  let operator;
  try {
    operator = await whoAmI();
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    host.replaceChildren(h("main", { class: "login" }, speak(h("p", { class: "panel-error", role: "alert" }), "login.unreachable")));
    setTimeout(start, RETRY_MS);
    return;
  }
  if (!operator || operator.password_change_required) {
    const expired = sessionStorage.getItem(EXPIRED) === "yes";
    sessionStorage.removeItem(EXPIRED);
    operator = await askLogin(host, { operator, expired });
  }
  let left = false;
  const lose = () => {
    if (left) return;
    left = true;
    leave(true);
  };
  onUnauthorised.lost = lose;
  const wall = new Wall({
    logout: async () => {
      left = true;
      try {
        await logOut();
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        if (error.status !== 401) {
          // the session lives on: whoever comes next must not find the login and think it over
          left = false;
          wall.bar.fault("login.notout", { reason: error.status === 0 ? t("login.unreachable") : error.message });
          return;
        }
      }
      leave(false);
    },
    doubt: async () => {
      const known = await whoAmI().catch(() => operator);
      if (!known) lose();
    },
  });
  host.replaceChildren(wall.node);
  await wall.start(operator);
}

void start();
