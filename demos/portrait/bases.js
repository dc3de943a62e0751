/** Portraits in the singular basis of a weight. */

import { arrow, box, changed, grid, still, word } from "./svg.js";

/** @typedef {import("./draw.js").Draw} Draw @typedef {number[][]} Matrix */

/** @type {Draw} */
export function axes({ core }, { still: { U, Vt, trained } }) {
  const n = core.length;
  const [cell, y] = [6.6, 36];
  const [left, middle, right] = [4, 11 + n * cell, 18 + 2 * n * cell];
  const strength = /** @type {import("./svg.js").Tone} */ (
    (v, i, j) => (trained[i][j] ? changed(Math.sign(v) * Math.max(0.1, Math.abs(v)), i, j) : null)
  );
  return [
    grid(U, { x: left, y, cell }, still),
    grid(core, { x: middle, y, cell }, strength),
    box(middle - 1, y - 1, n * cell + 2, n * cell + 2, "own", { width: 1.4 }),
    grid(Vt, { x: right, y, cell }, still),
    arrow([left + 23, 103], [left + 23, 91], "soft", { width: 1.8, head: 5 }),
    arrow([right + 17, 97], [right + 29, 97], "soft", { width: 1.8, head: 5 }),
  ].join("");
}

/** @type {Draw} */
export function split({ strong, values }, { still: { rest, sigma } }) {
  const side = 66;
  const cell = side / strong.length;
  const bar = (/** @type {number} */ v, /** @type {number} */ i, /** @type {string} */ name) =>
    box(9 + 8 * i, 117 - 18 * Math.sqrt(v), 6, 18 * Math.sqrt(v), name, { fill: true });
  return [
    grid(rest, { x: 87, y: 18, cell, gap: 0 }, (v) => ["soft", 0.1 + 1.6 * Math.abs(v)]),
    box(87, 18, side, side, "soft", { width: 1 }),
    box(7, 3, side + 4, side + 4, "paper", { fill: true }),
    grid(strong, { x: 9, y: 5, cell, gap: 0 }, (v) => ["own", 0.06 + 0.94 * Math.max(0, v)]),
    box(9, 5, side, side, "own", { width: 2.2 }),
    word([81, 54], "+", 15),
    ...sigma.map((/** @type {number} */ v, /** @type {number} */ i) => bar(v, i, i < values.length ? "faint" : "soft")),
    ...values.map((/** @type {number} */ v, /** @type {number} */ i) => bar(v, i, "own")),
  ].join("");
}

/** @type {Draw} */
export function products({ cores }, { still: { left, right } }) {
  const cell = 5.9;
  return cores
    .map((/** @type {Matrix} */ core, /** @type {number} */ k) => {
      const [d, high, y] = [core.length, left[k].length * cell, 7 + k * 59];
      const [own, x] = [10 * d, 38];
      const middle = y + high / 2;
      return [
        word([18, middle + 5], k ? "V·O" : "Q·K", 13, "soft"),
        grid(left[k], { x, y, cell }, still),
        grid(core, { x: x + d * cell + 6, y: middle - own / 2, cell: 10 }, (v) =>
          changed(Math.sign(v || 1) * Math.max(0.1, Math.abs(v)), 0, 0),
        ),
        box(x + d * cell + 5, middle - own / 2 - 1, own + 2, own + 2, "own", { width: 1.8 }),
        grid(right[k], { x: x + d * cell + own + 12, y: middle - (d * cell) / 2, cell }, still),
      ].join("");
    })
    .join("");
}
