/**
 * Answer: what a part shows while its answer is on the way or missing, and what became of a change.
 * @module
 */
import { ApiProblem, call } from "../shared/http.js";
import { t } from "../shared/i18n.js";
import { html, useState } from "../shared/ui.js";

/** Show that an answer is on the way, or why there is none. @param {{fault: Error | null}} props */
export function Waiting({ fault }) {
  if (!fault) return html`<p class="note">${t("legal.loading")}</p>`;
  return html`<p class="panel-error" role="alert">${t("legal.unread", { reason: fault.message || t("login.unreachable") })}</p>`;
}

/**
 * Keep what is said of the last change of a part.
 * @param {() => void} changed called after a change was made
 * @returns {{said: any, lack: (words: string) => void, change: (path: string, how: RequestInit & {json?: unknown}) => Promise<boolean>}} `said`: an element; `lack`: say what is missing
 */
export function useChange(changed) {
  const [message, say] = useState(/** @type {{tone: string, words: () => string} | null} */ (null));
  const change = async (/** @type {string} */ path, /** @type {RequestInit & {json?: unknown}} */ how) => {
    try {
      await call(path, how);
      say({ tone: "good", words: () => t("legal.saved") });
      changed();
      return true;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      say({ tone: "bad", words: () => t("legal.refused", { reason: error.message || t("login.unreachable") }) });
      return false;
    }
  };
  return {
    said: html`<p class="review-message" role="status" data-tone=${message?.tone ?? ""}>${message?.words() ?? ""}</p>`,
    lack: (words) => say({ tone: "bad", words: () => t(words) }),
    change,
  };
}
