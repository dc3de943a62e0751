/** Portraits of changes that are put together from the weight itself, or in a basis of another kind. */

import { box, changed, grid, segment, still, word } from "./svg.js";

/** @typedef {number[][]} Matrix */

/** @param {{factors: Matrix, change: Matrix}} now @param {{still: {before: Matrix}}} around */
export function proportion({ factors, change: D }, { still: { before } }) {
  const [x, cell] = [8, 4.3];
  const side = cell * before.length;
  return [
    grid(before, { x, y: 4, cell }, still),
    word([x + side / 2, 65.5], "⊙", 16),
    grid(factors, { x, y: 68, cell }, changed) + box(x, 68, side, side, "faint", { width: 1 }),
    segment(65, 58, 73, 58, "ink") + segment(65, 62, 73, 62, "ink"),
    grid(D, { x: 79, y: 23.5, cell: 6.1 }, changed) + box(79, 23.5, 73.2, 73.2, "faint", { width: 1 }),
  ].join("");
}
