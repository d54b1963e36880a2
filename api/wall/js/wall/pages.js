/**
 * Pages: views that have an address of their own after the `#`: loaded when it first names them, open while it does.
 * @module
 */
import { pathOf } from "../shared/address.js";

/** @typedef {{node: HTMLDialogElement, open: (path: string[]) => void}} Page */

export class Pages {
  /** Pages that were named, each once. @type {Map<string, Promise<Page>>} */
  #named = new Map();

  /**
   * @param {Record<string, () => Promise<Page>>} makers load and make a page, by the first part of the address
   * @param {{host: HTMLElement, failed: () => void}} parts `failed` is called where a page could not be loaded
   */
  constructor(makers, { host, failed }) {
    this.makers = makers;
    this.host = host;
    this.failed = failed;
    addEventListener("hashchange", () => void this.follow());
  }

  /** Open the page that the address names, and close the others. */
  async follow() {
    const { hash } = location;
    const [name, ...path] = pathOf(hash);
    for (const dialog of /** @type {NodeListOf<HTMLDialogElement>} */ (this.host.querySelectorAll("dialog[data-page][open]"))) {
      if (dialog.dataset.page !== name) dialog.close();
    }
    if (!Object.hasOwn(this.makers, name)) return;
    const page = await this.#load(name);
    if (page && location.hash === hash) page.open(path);
  }

  /** @param {string} name @returns {Promise<Page | null>} `null`: it could not be loaded */
  async #load(name) {
    const named = this.#named.get(name) ?? this.#make(name);
    this.#named.set(name, named);
    try {
      return await named;
    } catch (error) {
      // the server is away, or serves a newer version whose files have other addresses
      this.#named.delete(name);
      this.failed();
      if (!(error instanceof TypeError)) throw error;
      return null;
    }
  }

  /** @param {string} name @returns {Promise<Page>} */
  async #make(name) {
    const page = await this.makers[name]();
    page.node.dataset.page = name;
    page.node.addEventListener("close", () => {
      if (pathOf(location.hash)[0] === name) history.replaceState(history.state, "", location.pathname + location.search);
    });
    this.host.append(page.node);
    return page;
  }
}
