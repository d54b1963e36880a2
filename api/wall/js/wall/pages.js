/**
 * Pages: views that have an address of their own after the `#`: open when it names them, gone from it when they close.
 * @module
 */
import { pathOf } from "../shared/address.js";

/** @typedef {{node: HTMLDialogElement, open: (path: string[]) => void}} Page */

export class Pages {
  /** @param {Record<string, Page>} pages by the first part of the address */
  constructor(pages) {
    this.pages = pages;
    for (const [name, page] of Object.entries(pages)) {
      page.node.addEventListener("close", () => {
        if (pathOf(location.hash)[0] === name) history.replaceState(history.state, "", location.pathname + location.search);
      });
    }
    addEventListener("hashchange", () => this.follow());
  }

  /** Open the page that the address names, and close the others. */
  follow() {
    const [name, ...path] = pathOf(location.hash);
    for (const [other, page] of Object.entries(this.pages)) if (other !== name && page.node.open) page.node.close();
    if (Object.hasOwn(this.pages, name)) this.pages[name].open(path);
  }
}
