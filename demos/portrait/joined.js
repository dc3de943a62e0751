/** Portraits of changes that a few small matrices make up by a rule that is not trained. */

import { box, changed, grid, overlaid, segment, still, times } from "./svg.js";

/** @typedef {number[][]} Matrix */

/** @param {{change: Matrix, square: Matrix}} now @param {{still: {before: Matrix}}} around */
export function square({ change: D, square: M }, { still: { before } }) {
  const [x, y, cell, s] = [57, 11, 8.2, M.length];
  const side = s * cell;
  const pieces = D.length / s;
  const frames = Array.from({ length: pieces ** 2 }, (_, k) =>
    box(x + (k % pieces) * side, y + Math.floor(k / pieces) * side, side, side, "ink", { width: 1.3 }),
  );
  const middle = y + (D.length * cell) / 2;
  return [
    grid(M, { x: 6, y: middle - side / 2, cell }, changed),
    box(5.6, middle - side / 2 - 0.4, side + 0.8, side + 0.8, "ink", { width: 2.2 }),
    segment(43, middle, 52, middle, "soft"),
    segment(48, middle - 4, 52, middle, "soft") + segment(48, middle + 4, 52, middle, "soft"),
    overlaid(before, D, { x, y, cell }),
    ...frames,
  ].join("");
}

/** @param {{A: Matrix, change: Matrix}} now @param {{still: {before: Matrix, B: Matrix}}} around */
export function folded({ A, change: D }, { still: { before, B } }) {
  const [k, cell] = [A[0].length, 8.4];
  const side = k * cell;
  const drawn = D.map((row, i) => {
    const [x, y] = [29 + (i % 2) * 66, 18 + Math.floor(i / 2) * 55];
    const fold = (/** @type {number[]} */ flat) => B[i].map((_, l) => flat.slice(l * k, (l + 1) * k));
    return [
      grid([A[i]], { x, y: y - cell - 2.5, cell }, changed),
      grid(
        B[i].map((v) => [v]),
        { x: x - cell - 2.5, y, cell },
        A[i].some((v) => Math.abs(v) > 0.004) ? changed : still,
      ),
      overlaid(times(fold(before[i]), 0.7), fold(row), { x, y, cell }),
      box(x, y, side, side, "faint", { width: 1 }),
    ].join("");
  });
  return drawn.join("");
}

/** @param {{change: Matrix, B: number[]}} now @param {{still: {before: Matrix, A: number[], places: Matrix}}} around */
export function outliers({ change: D, B }, { still: { before, A, places } }) {
  const [x, y, cell] = [38, 17, 8.2];
  const frames = places.flatMap((row, i) =>
    row.map((at, j) => (at ? box(x + j * cell, y + i * cell, cell, cell, "ink", { width: 1.2 }) : "")),
  );
  const used = B.some((v) => Math.abs(v) > 0.004);
  return [
    grid([A], { x, y: y - cell - 3, cell }, used ? changed : still),
    grid(
      B.map((v) => [v]),
      { x: x - cell - 3, y, cell },
      changed,
    ),
    overlaid(times(before, 0.7), D, { x, y, cell }),
    ...frames,
  ].join("");
}
