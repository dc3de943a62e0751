/** Portraits of changes that a few small matrices make up by a rule that is not trained. */

import { box, changed, grid, overlaid, part, segment } from "./svg.js";

/** @typedef {number[][]} Matrix */

/** @param {{change: Matrix, square: Matrix}} now @param {{still: {before: Matrix}}} around */
export function square({ change: D, square: M }, { still: { before } }) {
  const [x, y, cell, s, gap] = [60, 9, 8, M.length, 1.6];
  const side = s * cell;
  const pieces = D.length / s;
  const copies = Array.from({ length: pieces ** 2 }, (_, k) => {
    const [i, j] = [Math.floor(k / pieces), k % pieces];
    const [left, top] = [x + j * (side + gap), y + i * (side + gap)];
    const [W, change] = [before, D].map((whole) => part(whole, i * s, j * s, s, s));
    return overlaid(W, change, { x: left, y: top, cell }) + box(left, top, side, side, "own", { width: 0.9 });
  });
  const middle = y + 1.5 * side + gap;
  return [
    grid(M, { x: 6, y: middle - side / 2, cell }, changed),
    box(5.6, middle - side / 2 - 0.4, side + 0.8, side + 0.8, "ink", { width: 2.2 }),
    segment(43, middle, 54, middle, "soft"),
    segment(50, middle - 4, 54, middle, "soft") + segment(50, middle + 4, 54, middle, "soft"),
    ...copies,
  ].join("");
}
