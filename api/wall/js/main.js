/**
 * Main: the entry point. Asks who is signed in, shows the login if nobody is, then the wall or the officer's page.
 * @module
 */
import { pathOf } from "./shared/address.js";
import { h } from "./shared/dom.js";
import { ApiProblem, onUnauthorised } from "./shared/http.js";
import { onLanguage, translate, t } from "./shared/i18n.js";
import { logOut, whoAmI } from "./shared/session.js";
import { forgetCursor } from "./wall/events.js";
import { askLogin } from "./wall/login.js";

const RETRY_MS = 3000;
const EXPIRED = "plumewatch.expired";
const host = /** @type {HTMLElement} */ (document.getElementById("app"));

/** Reload the page, which starts again at the login without any state of the old session. @param {boolean} expired */
function leave(expired) {
  forgetCursor();
  if (expired) sessionStorage.setItem(EXPIRED, "yes");
  location.reload();
}

/** True if the address names the officer's page, which stands alone: a phone must not load the wall's video. */
function isOfficers() {
  return pathOf(location.hash)[0] === "officer";
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
  const logout = async () => {
    await page.outbox.flush();
    left = true;
    try {
      await logOut();
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (error.status !== 401) {
        // the session is still valid: showing the login would make the next person believe that it has ended
        left = false;
        page.say("login.notout", { reason: error.status === 0 ? t("login.unreachable") : error.message });
        return;
      }
    }
    leave(false);
  };
  const doubt = async () => {
    const known = await whoAmI().catch(() => operator);
    if (!known) lose();
  };
  const officers = isOfficers();
  const page = officers ? new (await import("./officer/page.js")).OfficerPage({ logout }) : new (await import("./wall/wall.js")).Wall({ logout, doubt });
  addEventListener("hashchange", () => { if (isOfficers() !== officers) location.reload(); });
  host.replaceChildren(page.node);
  await page.start(operator);
}

void start();
