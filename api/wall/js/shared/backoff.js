/**
 * Back-off: growing pauses between attempts, with jitter so that many tiles do not reconnect at the same moment.
 * @module
 */

export class Backoff {
  #attempt = 0;
  #firstMs;
  #longestMs;
  #random;

  /**
   * @param {number} firstMs pause after the first failure
   * @param {number} longestMs longest pause
   * @param {() => number} random in [0, 1)
   */
  constructor(firstMs = 500, longestMs = 10_000, random = Math.random) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
    this.#random = random;
  }

  /** @returns {number} milliseconds to wait before the next attempt: half to all of the doubled pause */
  next() {
    const ceiling = Math.min(this.#longestMs, this.#firstMs * 2 ** Math.min(this.#attempt, 16));
    this.#attempt += 1;
    return ceiling * (0.5 + 0.5 * this.#random());
  }

  /** Start again with the shortest pause, after a success. */
  reset() {
    this.#attempt = 0;
  }
}
