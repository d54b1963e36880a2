/**
 * Arrangement: how to place tiles in an area so that their pictures are as large as possible.
 * @module
 */

/** @typedef {{columns: number, rows: number, big: number}} Arrangement `big`: cells that the first tile takes each way */

/**
 * Return the arrangement of `count` tiles with the largest total area of pictures, and the width of a picture in it.
 * @param {number} count @param {number} width @param {number} height
 * @param {number} [strip] height of a tile's strip @param {number} [gap] between tiles
 * @returns {Arrangement & {picture: number}}
 */
export function arrangement(count, width, height, strip = 0, gap = 0) {
  /** @type {Arrangement[]} */
  const options = [];
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) options.push({ columns, rows: Math.max(1, Math.ceil(count / columns)), big: 1 });
  if (count === 3) options.push({ columns: 2, rows: 3, big: 2 });
  if (count === 6) options.push({ columns: 3, rows: 3, big: 2 });
  if (count === 8) options.push({ columns: 4, rows: 4, big: 3 });
  let best = { ...options[0], picture: 0 };
  let most = -1;
  for (const option of options) {
    const picture = pictureWidth(option, width, height, strip, gap);
    const cells = option.big > 1 ? count - 1 + option.big ** 2 : count;
    if (picture ** 2 * cells > most) {
      most = picture ** 2 * cells;
      best = { ...option, picture };
    }
  }
  return best;
}

/**
 * Return the width of a picture that takes one cell, so that all tiles fit.
 * @param {Arrangement} arranged @param {number} width @param {number} height @param {number} strip @param {number} gap
 */
export function pictureWidth({ columns, rows, big }, width, height, strip, gap) {
  const byWidth = (width - gap * (columns - 1)) / columns;
  const lines = height - gap * (rows - 1);
  // beside a big tile are `big` small ones, each with its own strip; other rows have one strip each
  const strips = columns > big || big === 1 ? rows * strip : (rows - big + 1) * strip - gap * (big - 1) * (1 - 9 / 16);
  const byHeight = (((lines - strips) / rows) * 16) / 9;
  return Math.max(0, Math.min(byWidth, byHeight));
}
