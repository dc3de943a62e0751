/** Portraits in the singular basis of a weight. */

import { arrow, box, changed, circle, dot, grid, line, overlaid, placed, seen, still, word } from "./svg.js";

/** @typedef {import("./svg.js").Point} Point @typedef {number[][]} Points @typedef {number[][]} Matrix */

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

/** @param {{strengths: number[], exchanges: number[]}} now @param {{still: {pairs: number[][]}, first: {strengths: number[]}}} around */
export function exchange({ strengths, exchanges }, { still: { pairs }, first }) {
  const [step, ground] = [16, 113];
  const x = (/** @type {number} */ k) => 16 + step * k;
  const top = (/** @type {number} */ k) => ground - 54 * strengths[k];
  const bars = strengths.map((_, k) =>
    [
      box(x(k) - 5, ground - 54 * first.strengths[k], 10, 54 * first.strengths[k], "soft", { fill: true, alpha: 0.25 }),
      box(x(k) - 3.5, top(k), 7, 54 * strengths[k], "own", { fill: true }),
    ].join(""),
  );
  const arcs = pairs.map(([from, to], l) => {
    const [a, b] = [x(from), x(to)];
    const [high, v] = [12 + 4.6 * Math.abs(from - to), exchanges[l]];
    const points = Array.from({ length: 19 }, (_, k) => {
      const s = k / 18;
      return /** @type {import("./svg.js").Point} */ ([a + s * (b - a), 52 - high * 4 * s * (1 - s)]);
    });
    const name = v < 0 ? "other" : "own";
    return (
      line(points, "faint", { width: 1 }) +
      line(points, name, { width: 2.6 * Math.abs(v) + 0.01 }) +
      dot([b, 52], 2.2, "ink")
    );
  });
  return [...bars, ...arcs].join("");
}

/** @param {{core: Matrix}} now @param {{still: {before: Matrix}}} around */
export function cellar({ core }, { still: { before } }) {
  const [x, y, cell, r] = [30, 10, 10, 4];
  const side = cell * before.length;
  const kept = side - cell * r;
  return [
    box(x, y, side, side, "faint", { width: 1 }),
    overlaid(before, core, { x, y, cell }),
    box(x, y, kept, kept, "soft", { width: 1.6 }),
    box(x + kept, y + kept, cell * r, cell * r, "own", { width: 2 }),
  ].join("");
}

/** @param {{looks: Matrix}} now @param {{still: {loud: number[]}}} around */
export function bearings({ looks }, { still: { loud } }) {
  const [x, y, cell, high] = [38, 46, 9.6, 17];
  const names = ["W", "W·x", "x", "∇"];
  return [
    ...loud.map((v, k) => box(x + k * cell + 1.5, 40 - 32 * v, cell - 3, 32 * v, "soft", { fill: true, alpha: 0.5 })),
    grid(looks, { x, y, cell, high }, (v) => ["own", Math.min(1, 0.04 + v)]),
    ...looks.map((_, k) => box(x, y + k * high, cell * loud.length, high, "faint", { width: 0.8 })),
    ...names.map((name, k) => word([19, y + 12 + k * high], name, 12)),
  ].join("");
}

/** @param {{inputs: Points, outputs: Points}} now @param {{first: {inputs: Points, outputs: Points}}} around */
export function both_sides({ inputs, outputs }, { first }) {
  const [left, right] = [/** @type {Point} */ ([38, 60]), /** @type {Point} */ ([116, 60])];
  const [from, to] = [placed(left, 30), placed(right, 38)];
  const ellipse = Array.from({ length: 49 }, (_, k) => {
    const [c, s] = [Math.cos((Math.PI * k) / 24), Math.sin((Math.PI * k) / 24)];
    return to([c * outputs[0][0] + s * outputs[1][0], c * outputs[0][1] + s * outputs[1][1]]);
  });
  return [
    circle(left, 30, "soft", { width: 1.4 }),
    ...first.inputs.map((p) => arrow(left, from(p), "faint", { width: 1.4 })),
    ...first.outputs.map((p) => arrow(right, to(p), "faint", { width: 1.4 })),
    line(ellipse, "soft", { width: 1.4, close: true }),
    ...inputs.map((p, i) => arrow(left, from(p), "own", { width: i ? 1.6 : 2.6 })),
    ...outputs.map((p, i) => arrow(right, to(p), "own", { width: i ? 1.6 : 2.6 })),
  ].join("");
}

/** @param {{inputs: Points, outputs: Points, normals_in: Points, normals_out: Points}} now @param {{first: {inputs: Points, outputs: Points}}} around */
export function mirrored_sides(now, around) {
  const mirrors = (/** @type {Points} */ normals, /** @type {Point} */ middle, /** @type {number} */ reach) =>
    normals.map(([x, y]) =>
      line(
        [-1, 1].map((s) => placed(middle, reach)([s * y, -s * x])),
        "ink",
        { width: 1.6, dash: "0.5 3.6" },
      ),
    );
  return [
    ...mirrors(now.normals_in, [38, 60], 37),
    ...mirrors(now.normals_out, [116, 60], 43),
    both_sides(now, around),
  ].join("");
}
