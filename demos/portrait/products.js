/** Portraits of changes that are put together from the weight itself, or in a basis of another kind. */

import {
  arrow,
  box,
  changed,
  dot,
  grid,
  line,
  overlaid,
  part,
  placed,
  segment,
  still,
  times,
  transposed,
  word,
} from "./svg.js";

/** @typedef {number[][]} Matrix */

/** @param {{factors: Matrix, change: Matrix}} now @param {{still: {before: Matrix}}} around */
export function proportion({ factors, change: D }, { still: { before } }) {
  const [x, cell, large] = [22, 4, 5.5];
  const [side, whole] = [cell, large].map((size) => size * before.length);
  return [
    grid(before, { x, y: 4, cell }, still) + word([x - 11, 32], "W", 11),
    word([x + side / 2, 65], "⊙", 15),
    grid(factors, { x, y: 68, cell }, changed) + box(x, 68, side, side, "faint", { width: 1 }),
    word([x - 11, 96], "BA", 11),
    segment(77, 58, 85, 58, "ink") + segment(77, 62, 85, 62, "ink"),
    grid(D, { x: 91, y: 20, cell: large }, changed) + box(91, 20, whole, whole, "faint", { width: 1 }),
    word([91 + whole / 2, 20 + whole + 13], "ΔW", 11),
  ].join("");
}

/** @param {{change: Matrix, B: Matrix[]}} now @param {{still: {before: Matrix, A: Matrix[]}}} around */
export function quilt({ change: D, B }, { still: { before, A } }) {
  const [cell, b] = [7, B[0].length];
  const drawn = B.flatMap((columns, j) =>
    A.map((rows, n) => {
      const [x, y] = [37 + n * 53, 17 + j * 53];
      const column = columns.map((row) => [row[n]]);
      const used = column.some(([v]) => Math.abs(v) > 0.004);
      const [W, change] = [times(before, 0.7), D].map((M) => part(M, j * b, n * b, b, b));
      return [
        box(x, y - 10, cell * b, cell, "faint", { fill: true, alpha: 0.28 }),
        box(x - 10, y, cell, cell * b, "faint", { fill: true, alpha: 0.28 }),
        grid([rows[j]], { x, y: y - 10, cell }, used ? changed : still),
        grid(column, { x: x - 10, y, cell }, changed),
        overlaid(W, change, { x, y, cell }),
        box(x, y, cell * b, cell * b, "faint", { width: 1 }),
      ].join("");
    }),
  );
  return drawn.join("");
}

/** @param {{change: Matrix}} now @param {{still: {before: Matrix, patterns: Matrix[]}}} around */
export function patches({ change: D }, { still: { before, patterns } }) {
  const shelf = patterns.map((pattern, k) => {
    const y = 9 + k * 27;
    return grid(pattern, { x: 12, y, cell: 10 }, changed) + box(12, y, 20, 20, "ink", { width: 1.4 });
  });
  return shelf.join("") + overlaid(before, D, { x: 49, y: 7, cell: 8.8 });
}

/**
 * @param {{theta: number[], A: Matrix, B: Matrix, change: Matrix}} now
 * @param {{still: {before: Matrix, rows: Matrix, columns: Matrix}}} around
 */
export function scattered({ theta, A, B, change: D }, { still: { before, rows, columns } }) {
  const [x, y, cell, one] = [68, 30, 7.1, 0];
  const frame = /** @type {(u: number, v: number, side: number) => string} */ (
    (u, v, side) => box(u, v, side, side, "ink", { width: 1.3 })
  );
  const strips = A.flatMap((row, q) => {
    const [above, aside] = [y - 10 * (q + 1), x - 10 * (q + 1)];
    const column = B.map((r) => [r[q]]);
    return [
      box(x, above, cell * row.length, cell, "faint", { fill: true, alpha: 0.28 }),
      box(aside, y, cell, cell * B.length, "faint", { fill: true, alpha: 0.28 }),
      grid([row], { x, y: above, cell }, changed),
      grid(column, { x: aside, y, cell }, changed),
      ...rows[q].map((k, j) => (k === one ? frame(x + j * cell, above, cell) : "")),
      ...columns.map((r, i) => (r[q] === one ? frame(aside, y + i * cell, cell) : "")),
    ];
  });
  return [
    grid(transposed([theta]), { x: 12, y: 26, cell: 12 }, (v, i, j) => changed(v, i, j) ?? ["faint", 0.3]),
    frame(12, 26 + 12 * one, 12),
    box(12, 26, 12, 12 * theta.length, "faint", { width: 1 }),
    ...strips,
    overlaid(times(before, 0.7), D, { x, y, cell }),
  ].join("");
}

/** @param {{v: number[], core: Matrix}} now @param {{still: {before: Matrix}}} around */
export function corner({ v, core }, { still: { before } }) {
  const [x, y, cell, r] = [56, 10, 10, 4];
  const faders = v.map((value, k) => {
    const [middle, at] = [25, 30 + k * 24];
    return [
      segment(middle - 18, at, middle + 18, at, "faint", { width: 2.4 }),
      segment(middle, at, middle + 18 * value, at, value < 0 ? "other" : "own", { width: 2.4 }),
      box(middle + 18 * value - 2.5, at - 6, 5, 12, value < 0 ? "other" : "own", { fill: true }),
    ].join("");
  });
  return [
    ...faders,
    box(x, y, cell * before.length, cell * before.length, "faint", { width: 1 }),
    overlaid(before, core, { x, y, cell }),
    box(x, y, cell * r, cell * r, "ink", { width: 1.8 }),
  ].join("");
}

/** @param {{points: Matrix}} now @param {{still: {before: Matrix, arrow: number[]}}} around */
export function cleared({ points }, { still: { before, arrow: q } }) {
  const at = placed([80, 60], 50);
  const along = /** @type {(s: number) => import("./svg.js").Point} */ ((s) => at([s * q[0], s * q[1]]));
  const across = /** @type {(s: number) => import("./svg.js").Point} */ ((s) => at([-s * q[1], s * q[0]]));
  return [
    line([across(-1.35), across(1.35)], "ink", { width: 1.4, dash: "4 3" }),
    arrow(along(-0.98), along(0.98), "soft", { width: 2 }),
    ...points.map((point, k) => segment(...at(before[k]), ...at(point), "own", { width: 1.2, alpha: 0.4 })),
    ...before.map((point) => dot(at(point), 3, "faint")),
    ...points.map((point) => dot(at(point), 4.2, "own")),
  ].join("");
}

/** @param {{gain: Matrix, shift: Matrix, change: Matrix}} now @param {{still: {before: Matrix}}} around */
export function desk({ gain, shift, change: D }, { still: { before } }) {
  const side = 35;
  const cell = side / before.length;
  const frame = /** @type {(x: number, y: number, side: number) => string} */ (
    (x, y, side) => box(x, y, side, side, "faint", { width: 1 })
  );
  return [
    grid(before, { x: 5, y: 16, cell }, still),
    word([46, 38], "⊙", 11),
    grid(gain, { x: 52, y: 16, cell }, changed) + frame(52, 16, side),
    word([46, 73], "+", 14),
    grid(shift, { x: 52, y: 70, cell }, changed) + frame(52, 70, side),
    segment(90, 58, 96, 58, "ink") + segment(90, 62, 96, 62, "ink"),
    grid(D, { x: 100, y: 32, cell: 55 / D.length }, changed) + frame(100, 32, 55),
  ].join("");
}

/** @param {{change: Matrix}} now @param {{still: {before: Matrix, features: Matrix}}} around */
export function tweaker({ change: D }, { still: { before, features } }) {
  const [x, cell] = [44, 3.7];
  const side = cell * before.length;
  const frame = /** @type {(y: number, high: number) => string} */ (
    (y, high) => box(x, y, side, high, "faint", { width: 1 })
  );
  const bend = /** @type {(y: number) => string} */ (
    (y) =>
      segment(18, y, 26, y, "own", { width: 2.4 }) +
      segment(26, y, 33, y - 8, "own", { width: 2.4 }) +
      segment(14, y + 4, 38, y + 4, "faint", { width: 1 })
  );
  return [
    grid(before, { x, y: 4, cell }, still) + frame(4, side),
    grid(features, { x, y: 54, cell, high: 6 }, changed) + frame(54, 12),
    grid(D, { x, y: 71.5, cell }, changed) + frame(71.5, side),
    bend(61),
    arrow([104, 26], [104, 58], "soft", { width: 1.6, head: 5 }),
    arrow([104, 64], [104, 94], "own", { width: 1.6, head: 5 }),
    word([118, 30], "W", 13, "soft"),
    word([122, 96], "ΔW", 13),
  ].join("");
}

/** @param {{change: Matrix}} now @param {{still: {before: Matrix, places: Matrix}}} around */
export function peaks({ change: D }, { still: { before, places } }) {
  const [x, y, cell] = [27, 7, 8.8];
  const frames = places.flatMap((row, i) =>
    row.map((at, j) => (at ? box(x + j * cell, y + i * cell, cell, cell, "ink", { width: 1.2 }) : "")),
  );
  return overlaid(before, D, { x, y, cell }) + frames.join("");
}

/** @param {{change: Matrix}} now @param {{still: {before: Matrix, group: number[]}}} around */
export function bands({ change: D }, { still: { before, group } }) {
  const [cell, high, top, gap] = [6, 10.4, 13, 6];
  const names = ["own", "other", "soft"];
  const order = group.map((_, i) => i).sort((a, b) => group[a] - group[b] || a - b);
  const y = (/** @type {number} */ place, /** @type {number} */ g) => top - gap + place * high + g * gap;
  const ways = order.map((i, place) => {
    const from = top + (i + 0.5) * high;
    return [
      segment(66, from, 92, y(place + 0.5, group[i]), names[group[i]], { width: 1.6 }),
      box(3, from - 3.5, 4, 7, names[group[i]], { fill: true }),
    ].join("");
  });
  const blocks = names.map((_, g) => {
    const rows = order.filter((i) => group[i] === g);
    const at = { x: 96, y: y(order.indexOf(rows[0]), g), cell, high };
    return overlaid(
      rows.map((i) => before[i].map((v) => 0.6 * v)),
      rows.map((i) => D[i]),
      at,
    );
  });
  return [grid(before, { x: 9, y: top, cell, high }, still), ...ways, ...blocks].join("");
}
