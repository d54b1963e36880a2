/**
 * Main: the entry point. Asks who is signed in, shows the login if nobody is, then the wall.
 * @module
 */
import { h } from "./shared/dom.js";
import { ApiProblem, onUnauthorised } from "./shared/http.js";
import { onLanguage, translate, t } from "./shared/i18n.js";
import { logOut, whoAmI } from "./shared/session.js";
import { forgetCursor } from "./wall/events.js";
import { askLogin } from "./wall/login.js";
import { Wall } from "./wall/wall.js";

const RETRY_MS = 3000;
const EXPIRED = "plumewatch.expired";
const host = /** @type {HTMLElement} */ (document.getElementById("app"));

/** Reload the page, which starts again at the login without any state of the old session. @param {boolean} expired */
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
    host.replaceChildren(h("main", { class: "login" }, translate(h("p", { class: "panel-error", role: "alert" }), "login.unreachable")));
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
      await wall.outbox.flush();
      left = true;
      try {
        await logOut();
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        if (error.status !== 401) {
          // the session is still valid: showing the login would make the next person believe that it has ended
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
