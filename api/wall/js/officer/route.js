/**
 * Route: where an officer has to go, and the link that opens it in the phone's own map.
 * @module
 */
import { h } from "../shared/dom.js";
import { translate, t } from "../shared/i18n.js";

/** @typedef {{name: string, address: string, lon: number | null, lat: number | null}} Destination */

/** Return the address of a place for a map (RFC 5870), WGS 84. @param {{lon: number, lat: number}} place @param {string} label */
export function geoAddress({ lon, lat }, label) {
  return `geo:${lat},${lon}?q=${lat},${lon}(${encodeURIComponent(label)})`;
}

/** Return the destination with its link; where no place is known, in words alone. @param {Destination} to */
export function routeNode({ name, address, lon, lat }) {
  const place = lon !== null && lat !== null && lon !== undefined && lat !== undefined ? { lon, lat } : null;
  return h("div", { class: "case-route" },
    h("div", {}, h("strong", {}, name || "—"), h("p", { class: "note" }, [address, place ? `${place.lon.toFixed(5)}, ${place.lat.toFixed(5)}` : t("case.noplace")].filter(Boolean).join(" · "))),
    place ? translate(h("a", { class: "button", "data-act": "route", href: geoAddress(place, name || address) }), "case.route") : null);
}
