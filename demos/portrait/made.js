/** Portraits of changes that are put together from parts. */

import { box, changed, dot, grid, line, overlaid, part, segment, times, transposed, word } from "./svg.js";

/** @typedef {number[][]} Matrix @typedef {import("./svg.js").Tone} Tone */

/** @param {{second: Matrix, change: Matrix}} now @param {{still: {first: Matrix}}} around */
export function hadamard({ second, change: D }, { still: { first } }) {
  const cell = 5.6;
  const side = cell * first.length;
  const factors = [first, second].map((M, k) => {
    const y = 5 + 65 * k;
    return grid(M, { x: 8, y, cell }, changed) + box(8, y, side, side, "faint", { width: 1 });
  });
  return [
    ...factors,
    word([8 + side / 2, 65.5], "⊙", 16),
    segment(59, 56, 67, 56, "ink") + segment(59, 60, 67, 60, "ink"),
    grid(D, { x: 74, y: 18, cell: 10 }, changed),
  ].join("");
}

/** @param {{change: Matrix, gains: Matrix}} now @param {{still: {before: Matrix, stamp: Matrix}}} around */
export function stamps({ change: D, gains }, { still: { before, stamp } }) {
  const [x, y, f, side] = [57, 12, gains.length, 8 * stamp.length];
  const frames = gains.flatMap((row, i) =>
    row.map((_, j) => box(x + j * side, y + i * side, side, side, "paper", { width: 1.6 })),
  );
  return [
    grid(gains, { x: 9, y, cell: 12 }, changed),
    box(9, y, 12 * f, 12 * f, "faint", { width: 1 }),
    word([27, 66], "⊗", 16),
    grid(stamp, { x: 9, y: 72, cell: 9 }, (v) => (v ? ["ink", 0.15 + 0.75 * Math.abs(v)] : null)),
    box(9, 72, 9 * stamp.length, 9 * stamp.length, "ink", { width: 1.4 }),
    overlaid(before, D, { x, y, cell: 8 }),
    ...frames,
  ].join("");
}

/** @param {{change: Matrix, blocks: Matrix[]}} now @param {{still: {before: Matrix}}} around */
export function guided({ change: D, blocks }, { still: { before } }) {
  const [cell, r] = [6.6, blocks[0].length];
  const side = r * cell;
  const bands = blocks.map((block, a) => {
    const y = 4 + a * 59;
    const tiles = Array.from({ length: before[0].length / r }, (_, k) => {
      const x = 57 + k * (side + 5);
      const [W, change] = [before, D].map((M) => part(M, a * r, k * r, r, r));
      const above = grid(W, { x, y, cell }, (v) => ["soft", v ? 0.75 : 0.1]);
      const below = grid(change, { x, y: y + side + 1.2, cell }, (v, i, j) => changed(v, i, j) ?? ["soft", 0.1]);
      return box(x - 0.4, y - 0.4, side + 0.8, side + 0.8, "faint", { width: 0.8 }) + above + below;
    });
    return [
      grid(block, { x: 8, y: y + 14, cell }, (v, i, j) => changed(v, i, j) ?? ["own", 0.08]),
      box(7.6, y + 13.6, side + 0.8, side + 0.8, "own", { width: 1.8 }),
      segment(40, y + 27, 50, y + 27, "soft", { width: 1.4 }),
      ...tiles,
    ].join("");
  });
  return bands.join("");
}

/** @typedef {{k: number, M: Matrix, x: number, y: number, cell: number, high: number}} Piece a copy of the bank's k-th vector */

/**
 * @param {{bank: Matrix, A: Matrix, B: Matrix, change: Matrix}} now
 * @param {{still: {before: Matrix, rows: Matrix, columns: Matrix}}} around
 */
export function bank({ bank: vectors, A, B, change: D }, { still: { before, rows, columns } }) {
  const [x, y, cell, thick, b] = [75, 35, 6.9, 7.5, vectors[0].length];
  const aside = /** @type {(q: number) => number} */ ((q) => 11 * (q + 1) - 1.5);
  /** @type {Piece[]} */
  const pieces = [
    ...rows.flatMap((row, q) =>
      row.map((k, p) => ({ k, M: part(A, q, p * b, 1, b), x: x + p * b * cell, y: y - aside(q), cell, high: thick })),
    ),
    ...columns.flatMap((row, p) =>
      row.map((k, q) => ({
        k,
        M: part(B, p * b, q, b, 1),
        x: x - aside(q),
        y: y + p * b * cell,
        cell: thick,
        high: cell,
      })),
    ),
  ];
  const uses = vectors.map((_, k) => pieces.filter((piece) => piece.k === k).length);
  const most = uses.indexOf(Math.max(...uses));
  const shelf = /** @type {(k: number) => number} */ ((k) => 9 + k * 22);
  const frame = /** @type {(p: Piece) => string} */ (
    (p) => box(p.x, p.y, p.cell * p.M[0].length, p.high * p.M.length, "ink", { width: 1.4 })
  );
  const shown = pieces.filter(({ k }) => k === most);
  const ways = shown.map((p) =>
    segment(8 + 7 * b, shelf(most) + 6, p.x, p.y + (p.high * p.M.length) / 2, "ink", { width: 1, alpha: 0.6 }),
  );
  const bank = vectors.map(
    (v, k) =>
      grid([v], { x: 8, y: shelf(k), cell: 7, high: 12 }, changed) +
      box(8, shelf(k), 7 * b, 12, k === most ? "ink" : "soft", { width: k === most ? 2 : 1 }),
  );
  const strips = [
    ...A.map((row, q) => grid([row], { x, y: y - aside(q), cell, high: thick }, changed)),
    ...transposed(B).map((column, q) =>
      grid(transposed([column]), { x: x - aside(q), y, cell: thick, high: cell }, changed),
    ),
  ];
  const field = overlaid(times(before, 0.5), times(D, 0.5), { x, y, cell });
  return [field, ...ways, ...strips, ...shown.map(frame), ...bank].join("");
}

/** Crests and troughs alone. @type {Tone} */
const striped = (value) => (Math.abs(value) < 0.35 ? null : [value < 0 ? "other" : "own", 0.8]);

/** The tone of a change, down to nothing. @type {Tone} */
const smoothly = (value) => [value < 0 ? "other" : "own", Math.abs(value)];

/**
 * Parts with a fader each, and their sum.
 *
 * @param {{change: Matrix, knobs: number[]}} now @param {Matrix[]} parts @param {number} gap @param {Tone} small @param {Tone} large
 */
function sum({ change: D, knobs }, parts, gap, small, large) {
  const [side, full] = [30, 14]; // a picture's side, and what a knob moves at most
  const list = parts.map((M, k) => {
    const y = 9 + k * 36;
    const [middle, knob] = [y + side / 2, y + side / 2 - full * knobs[k]];
    return [
      grid(M, { x: 8, y, cell: side / M.length, gap }, small),
      segment(46, y, 46, y + side, "faint", { width: 2.4 }),
      segment(42.5, middle, 49.5, middle, "faint", { width: 1.2 }),
      segment(46, middle, 46, knob, "own", { width: 2.4 }),
      dot([46, knob], 3.8, "own"),
    ].join("");
  });
  const whole = grid(D, { x: 57, y: 11, cell: 96 / D.length, gap }, large);
  return [...list, whole, box(57, 11, 96, 96, "faint", { width: 1 })].join("");
}

/** @param {{change: Matrix, knobs: number[]}} now @param {{still: {parts: Matrix[]}}} around */
export const waves = (now, { still: { parts } }) => sum(now, parts, 0, striped, smoothly);

/** @param {{change: Matrix, knobs: number[]}} now @param {{still: {parts: Matrix[]}}} around */
export const bases = (now, { still: { parts } }) => sum(now, parts, 0.08, changed, changed);
