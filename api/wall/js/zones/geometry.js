/**
 * Geometry: the rules for a zone's polygon, the same as in `api/contract/zones.py`.
 * @module
 */

/** @typedef {[number, number]} Point x and y as shares of the picture's width and height */

export const MOST_POINTS = 64;
const LEAST_AREA = 1e-5;

/** @param {Point} a @param {Point} b @param {Point} c */
function side(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/** True if two edges cross; touching is not crossing. @param {Point} a @param {Point} b @param {Point} c @param {Point} d */
function cross(a, b, c, d) {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/**
 * Return the numbers of two edges that cross, `null` if none do; edge *i* goes from point *i* to the next.
 * @param {Point[]} points @param {boolean} [closed] whether there is an edge from the last point to the first
 * @returns {[number, number] | null}
 */
export function crossing(points, closed = true) {
  const edges = points.length - (closed ? 0 : 1);
  for (let i = 0; i < edges; i += 1) {
    for (let j = i + 1; j < edges; j += 1) {
      if (cross(points[i], points[(i + 1) % points.length], points[j], points[(j + 1) % points.length])) return [i, j];
    }
  }
  return null;
}

/** Return the area as a share of the picture. @param {Point[]} points */
export function area(points) {
  const doubled = points.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(doubled) / 2;
}

/** Return the key of what is wrong with a polygon, `null` if it is valid. @param {Point[]} points */
export function polygonFault(points) {
  if (points.length < 3) return "zones.fault.few";
  if (points.length > MOST_POINTS) return "zones.fault.many";
  if (crossing(points)) return "zones.fault.cross";
  return area(points) < LEAST_AREA ? "zones.fault.flat" : null;
}

/** Return a point clipped to the picture and rounded to a ten-thousandth. @param {number} x @param {number} y @returns {Point} */
export function within(x, y) {
  const kept = (/** @type {number} */ share) => Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 10_000;
  return [kept(x), kept(y)];
}

/** Return points moved together, no further than the edge of the picture. @param {Point[]} points @param {number} dx @param {number} dy */
export function moved(points, dx, dy) {
  const limit = (/** @type {number} */ step, /** @type {number[]} */ all) => Math.min(1 - Math.max(...all), Math.max(-Math.min(...all), step));
  const stepX = limit(dx, points.map(([x]) => x));
  const stepY = limit(dy, points.map(([, y]) => y));
  return points.map(([x, y]) => within(x + stepX, y + stepY));
}

/** Return the middle of an edge. @param {Point[]} points @param {number} edge @returns {Point} */
export function middle(points, edge) {
  const [a, b] = [points[edge], points[(edge + 1) % points.length]];
  return within((a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
}
