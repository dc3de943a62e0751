/** Portraits in the singular basis of a weight. */

import { box, changed, grid, seen, still, word } from "./svg.js";

/** @typedef {number[][]} Matrix */

/** @param {{core: Matrix}} now @param {{still: {U: Matrix, Vt: Matrix, trained: Matrix}}} around */
export function axes({ core }, { still: { U, Vt, trained } }) {
  const n = core.length;
  const [cell, y] = [6.6, 32];
  const [left, middle, right] = [4, 11 + n * cell, 18 + 2 * n * cell];
  /** @type {import("./svg.js").Tone} */
  const strength = (v, i, j) => (trained[i][j] ? changed(seen(v), i, j) : null);
  return [
    grid(U, { x: left, y, cell }, still),
    grid(core, { x: middle, y, cell }, strength),
    box(middle - 1, y - 1, n * cell + 2, n * cell + 2, "own", { width: 1.4 }),
    grid(Vt, { x: right, y, cell }, still),
    ...[left, middle, right].map((x, i) => word([x + (n * cell) / 2, 104], ["U", "Σ", "Vᵀ"][i], 14, "soft")),
  ].join("");
}

/** @param {{strong: Matrix, values: number[]}} now @param {{still: {rest: Matrix, sigma: number[]}}} around */
export function split({ strong, values }, { still: { rest, sigma } }) {
  const side = 66;
  const cell = side / strong.length;
  const bars = /** @type {(values: number[], name: string, first?: number) => string[]} */ (
    (list, name, first = 0) =>
      list.map((v, i) => {
        const high = 18 * Math.sqrt(v);
        return box(9 + 8 * (first + i), 117 - high, 6, high, name, { fill: true });
      })
  );
  return [
    grid(rest, { x: 87, y: 18, cell, gap: 0 }, (v) => ["soft", 0.1 + 1.6 * Math.abs(v)]),
    box(87, 18, side, side, "soft", { width: 1 }),
    box(7, 3, side + 4, side + 4, "paper", { fill: true }),
    grid(strong, { x: 9, y: 5, cell, gap: 0 }, (v) => ["own", 0.06 + 0.94 * Math.max(0, v)]),
    box(9, 5, side, side, "own", { width: 2.2 }),
    word([81, 54], "+", 15),
    ...bars(sigma.slice(values.length), "soft", values.length),
    ...bars(values, "own"),
  ].join("");
}

/** @param {{cores: Matrix[]}} now @param {{still: {left: Matrix[], right: Matrix[]}}} around */
export function products({ cores }, { still: { left, right } }) {
  const cell = 5.9;
  return cores
    .map((core, k) => {
      const [d, high, y] = [core.length, left[k].length * cell, 7 + k * 59];
      const [own, x] = [10 * d, 38];
      const middle = y + high / 2;
      return [
        word([18, middle + 5], k ? "V·O" : "Q·K", 13, "soft"),
        grid(left[k], { x, y, cell }, still),
        grid(core, { x: x + d * cell + 6, y: middle - own / 2, cell: 10 }, (v) => changed(seen(v), 0, 0)),
        box(x + d * cell + 5, middle - own / 2 - 1, own + 2, own + 2, "own", { width: 1.8 }),
        grid(right[k], { x: x + d * cell + own + 12, y: middle - (d * cell) / 2, cell }, still),
      ].join("");
    })
    .join("");
}
