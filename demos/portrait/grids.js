/** Portraits of the entries of a weight: which of them change, and how much they can differ. */

import { arrow, box, changed, dot, grid, line, overlaid, part, seen, segment, still, times } from "./svg.js";

/** @typedef {number[][]} Matrix @typedef {import("./svg.js").Tone} Tone */

/** @param {{change: Matrix}} now @param {{still: {before: Matrix}}} around */
export function change({ change: D }, { still: { before } }) {
  const plain = D.map((row) =>
    row.map((v) => v && Math.min(1, 20 * Math.abs(v)) * seen(0.55 * v + 0.45 * Math.sign(v), 0)),
  );
  return overlaid(before, plain, { x: 12.5, y: 6, cell: 9 });
}

/** @param {{change: Matrix, B: Matrix}} now @param {{still: {before: Matrix, A: Matrix}}} around */
export function plaid({ change: D, B }, { still: { before, A } }) {
  const [x, y, cell, step] = [53, 33, 7, 8.5];
  const strips = A.flatMap((row, q) => {
    const column = B.map((r) => [r[q]]);
    const used = column.some(([v]) => Math.abs(v) > 0.004);
    const [above, aside] = [y - (q + 1) * step - 1.5, x - (q + 1) * step - 1.5];
    return [
      box(x, above, cell * row.length, cell, "faint", { fill: true, alpha: 0.28 }),
      box(aside, y, cell, cell * B.length, "faint", { fill: true, alpha: 0.28 }),
      grid([row], { x, y: above, cell }, used ? changed : still),
      grid(column, { x: aside, y, cell }, changed),
    ];
  });
  return strips.join("") + overlaid(times(before, 0.7), D, { x, y, cell });
}

/** @param {{weights: number[], kept: number[]}} now @param {{still: {P: Matrix, Q: Matrix}}} around */
export function triplets({ weights, kept }, { still: { P, Q } }) {
  const [top, step, cell, high] = [9, 17.6, 3.3, 10];
  const right = 150 - cell * P[0].length;
  const list = weights.map((weight, q) => {
    const y = top + q * step;
    const dropped = weight > 0 && !kept[q];
    /** @type {Tone} */
    const tone = (v, i, j) => (kept[q] ? changed(v, i, j) : ["soft", 0.1 + 0.2 * Math.abs(v)]);
    const bar = dropped
      ? box(57, y + 0.5, 46 * weight, 9, "soft", { width: 1.3, dash: "2 2" })
      : box(56.5, y, 46 * weight, high, "own", { fill: true });
    return grid([P[q]], { x: 10, y, cell, high }, tone) + bar + grid([Q[q]], { x: right, y, cell, high }, tone);
  });
  const last = kept.findIndex((v, q) => !v && weights[q] > 0);
  const cut = top + last * step - 3.8;
  return list.join("") + (last < 0 ? "" : segment(6, cut, 154, cut, "ink", { width: 1.5, dash: "3 4" }));
}

/** @param {{change: Matrix, shard: Matrix}} now @param {{still: {before: Matrix}}} around */
export function shard({ change: D, shard: own }, { still: { before } }) {
  const [x, y, cell, high, n, r] = [54, 12, 8.3, 9.6, own.length, own[0].length];
  const copies = Array.from({ length: D[0].length / r }, (_, k) => {
    const left = x + k * (r * cell + 1.6);
    const [W, change] = [before, D].map((M) => part(M, 0, k * r, n, r));
    const frame = box(left, y, r * cell, n * high, "own", { width: 0.9 });
    return overlaid(W, change, { x: left, y, cell, high }) + frame;
  });
  return [
    grid(own, { x: 8, y, cell, high }, changed),
    box(7.6, y - 0.4, r * cell + 0.8, n * high + 0.8, "ink", { width: 2.2 }),
    segment(37, 60, 48, 60, "soft"),
    segment(44, 56, 48, 60, "soft") + segment(44, 64, 48, 60, "soft"),
    ...copies,
  ].join("");
}

/** @param {{change: Matrix}} now @param {{still: {before: Matrix}}} around */
export function tiles({ change: D }, { still: { before } }) {
  const [cell, b] = [8.8, D.length / 2];
  const drawn = [0, 1, 2, 3].map((k) => {
    const [i, j] = [k >> 1, k % 2];
    const [x, y] = [26 + j * (b * cell + 3), 6 + i * (b * cell + 3)];
    const [W, change] = [times(before, 0.5), D].map((M) => part(M, i * b, j * b, b, b));
    return overlaid(W, change, { x, y, cell }) + box(x, y, b * cell, cell, "ink", { width: 1.5 });
  });
  return drawn.join("");
}

/** @param {{table: Matrix}} now @param {{still: {before: Matrix, ids: number[]}}} around */
export function rows({ table }, { still: { before, ids } }) {
  const [cell, high] = [8.8, 10];
  const drawn = table.map((row, i) => {
    const moved = ids.includes(i) && row.some((v, j) => Math.abs(v - before[i][j]) > 0.004);
    const [x, y] = [moved ? 34 : 30, 5 + i * high];
    /** @type {Tone} */
    const tone = (v, a, b) => (moved ? changed(seen(v, 0.05), a, b) : still(0.55 * v, a, b));
    const token = dot([x - 9, y + high / 2], moved ? 4 : 2.6, moved ? "own" : "faint");
    return token + grid([row], { x, y, cell, high, gap: 0.12 }, tone);
  });
  return drawn.join("");
}

/** @param {{gains: number[], weight: Matrix}} now */
export function faders({ gains, weight }) {
  const full = 19; // units for a gain of one
  const drawn = gains.map((gain, i) => {
    const y = 9 + i * 13;
    return [
      segment(8, y + 5.5, 8 + 2 * full, y + 5.5, "faint", { width: 2.4 }),
      segment(8, y + 5.5, 8 + full * gain, y + 5.5, "own", { width: 2.4 }),
      box(5.5 + full * gain, y, 5, 11, "own", { fill: true }),
      grid([weight[i]], { x: 58, y, cell: 10.4, high: 11 }, (v) => ["own", Math.max(0.1, 0.56 * v)]),
    ].join("");
  });
  return drawn.join("");
}

/** @param {{kept: Matrix}} now @param {{still: {before: Matrix}}} around */
export function switches({ kept }, { still: { before } }) {
  const [x, y, cell] = [26, 19.5, 9];
  const frames = kept.flatMap((row, i) =>
    row.map((v, j) =>
      v < 1 ? box(x + cell * j + 1.2, y + cell * i + 1.2, cell - 2.4, cell - 2.4, "own", { alpha: 1 - v }) : "",
    ),
  );
  const left = before.map((row, i) => row.map((v, j) => v * kept[i][j]));
  return grid(left, { x, y, cell }, (v) => ["soft", v && 0.2 + 0.7 * v]) + frames.join("");
}

/** @param {{theta: number[], change: Matrix}} now @param {{still: {before: Matrix}}} around */
export function dice({ theta, change: D }, { still: { before } }) {
  const [x, cell, middle] = [26, 9, 17];
  const bars = theta.map((v, k) =>
    box(
      x + 3 + 13.4 * k,
      v > 0 ? middle - 13 * v : middle,
      8,
      Math.max(0.5, 13 * Math.abs(v)),
      v > 0 ? "own" : "other",
      { fill: true },
    ),
  );
  const axis = segment(x, middle, x + cell * before[0].length, middle, "ink", { width: 1.2 });
  return [...bars, axis, overlaid(times(before, 0.7), D, { x, y: 36, cell })].join("");
}

/** @param {{strengths: number[], change: Matrix}} now @param {{still: {before: Matrix, parts: Matrix[]}}} around */
export function additions({ strengths, change: D }, { still: { before, parts } }) {
  const [small, cell] = [3.6, 7.6];
  const wide = small * before[0].length;
  const tasks = parts.flatMap((P, i) => {
    const x = 80 + (i ? 13 : -13 - wide);
    return [
      box(x - 2.5, 5.5, wide + 5, small * P.length + 5, strengths[i] ? "own" : "faint", { width: 1.2 }),
      grid(P, { x, y: 8, cell: small }, (v, i, j) => (v ? changed(seen(v, 0.35), i, j) : still(0, i, j))),
    ];
  });
  const [y, X] = [8 + (small * before.length) / 2, 80 - (cell * before[0].length) / 2];
  const plus = [segment(75, y, 85, y, "ink", { width: 1.8 }), segment(80, y - 5, 80, y + 5, "ink", { width: 1.8 })];
  const shown = D.map((row) => row.map((v) => v && Math.min(1, 20 * Math.abs(v)) * seen(v, 0.3)));
  return [...tasks, ...plus, overlaid(times(before, 0.7), shown, { x: X, y: 49, cell })].join("");
}

/** @param {{done: number[], change: Matrix}} now @param {{still: {before: Matrix}}} around */
export function rounds({ done, change: D }, { still: { before } }) {
  const [x, cell] = [26, 9];
  const wide = cell * before[0].length;
  const each = wide / done.length;
  const bars = done.map(
    (share, t) =>
      box(x + t * each + 1.5, 9, each - 3, 11, "faint", { fill: true, alpha: 0.3 }) +
      (share ? box(x + t * each + 1.5, 9, (each - 3) * share, 11, "own", { fill: true }) : ""),
  );
  return [...bars, overlaid(times(before, 0.7), D, { x, y: 30, cell })].join("");
}

/** @param {{reads: Matrix, writes: Matrix}} now @param {{still: {frozen: Matrix}}} around */
export function storey({ reads, writes }, { still: { frozen } }) {
  const [stream, top, cell] = [100, 14, 9];
  const strength = Math.max(...writes.flat().map(Math.abs));
  const table = (
    /** @type {Matrix} */ M,
    /** @type {number} */ x,
    /** @type {number} */ y,
    /** @type {string} */ name,
  ) =>
    box(x - 1, y - 1, 47, 29, name, { alpha: 0.5 }) +
    grid(M, { x, y, cell }, (v) => (Math.abs(v) < 0.004 ? null : [name, 0.15 + 0.85 * Math.abs(v)]));
  const block = (
    /** @type {number} */ x,
    /** @type {string} */ name,
    /** @type {Matrix[]} */ [above, below],
    /** @type {number} */ width,
  ) =>
    table(above, x, top, name) +
    table(below, x, top + 36, name) +
    arrow([x - 9, stream], [x - 9, top + 6], name, { width: 1.6, head: 5 }) +
    (width ? arrow([x + 54, top + 56], [x + 54, stream], name, { width, head: 5 }) : "");
  return [
    segment(4, stream, 156, stream, "soft", { width: 6, alpha: 0.45 }),
    block(20, "soft", [frozen, frozen], 1.6),
    block(96, "own", [reads, writes], strength < 0.004 ? 0 : 0.8 + 1.6 * strength),
  ].join("");
}
