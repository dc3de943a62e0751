/** A dot of a plot by touch: a finger is wider than it. */

const REACH = 24; // pixels

/**
 * @template {Element} Dot
 * @param {Iterable<Dot>} dots
 * @param {{clientX: number, clientY: number}} event
 * @returns {Dot | undefined} The dot that is nearest to where the reader points, if it is within reach.
 */
export function nearest(dots, { clientX, clientY }) {
  /** @type {Dot | undefined} */
  let found;
  let least = REACH;
  for (const dot of dots) {
    const { x, y, width, height } = dot.getBoundingClientRect();
    const away = Math.hypot(x + width / 2 - clientX, y + height / 2 - clientY);
    if (away <= least) [found, least] = [dot, away];
  }
  return found;
}
