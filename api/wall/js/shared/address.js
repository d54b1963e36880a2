/**
 * Address: the part of the page's address after the `#`, which names a page and what it shows.
 * @module
 */

/** Return the parts of an address after the `#`: `#register/unit/X` to `["register", "unit", "X"]`. @param {string} hash untrusted @returns {string[]} */
export function pathOf(hash) {
  return hash.slice(1).split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return "";
    }
  });
}

/** Write the address of a page, which opens it; the same address opens it anew. @param {string} hash */
export function goTo(hash) {
  if (location.hash === hash) dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = hash;
}
