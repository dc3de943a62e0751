/** Portraits of neurons with two inputs: arrows and points in the plane. */

import { arc, arrow, box, circle, dot, line, placed, polar, segment, word } from "./svg.js";

/** @typedef {import("./svg.js").Point} Point @typedef {number[][]} Points */

/** @param {number[]} v */
const angle = ([x, y]) => Math.atan2(y, x);

/** @param {number} from @param {number} to the next angle, counter-clockwise */
const following = (from, to) => (to < from ? to + 2 * Math.PI : to);

/** @param {{tips: Points}} now @param {{first: {tips: Points}}} around */
export function turn({ tips }, { first }) {
  const middle = /** @type {Point} */ ([80, 61]);
  const at = placed(middle, 52);
  const arcs = tips.map((tip, i) => {
    const [from, to] = [angle(tip), angle(tips[(i + 1) % tips.length])];
    return arc(middle, 13 + 4 * (i % 2), from, following(from, to), "ink", { width: 1.5, alpha: 0.7 });
  });
  const ghosts = first.tips.map((tip) => arrow(middle, at(tip), "faint", { width: 1.6 }));
  const arrows = tips.map((tip) => arrow(middle, at(tip), "own"));
  const start = angle(first.tips[0]);
  const end = start + ((angle(tips[0]) - start + 2 * Math.PI) % (2 * Math.PI));
  const way = end - start > 0.05 ? arc(middle, 55, start, end, "own", { width: 1.4, dash: "1 4" }) : "";
  return [...ghosts, way, ...arcs, ...arrows].join("");
}

/** @param {{sums: Points, exact: number[]}} now */
export function terms({ sums, exact }) {
  const origin = /** @type {Point} */ ([30, 102]);
  const at = placed(origin, 92);
  const [from, ...steps] = sums.map(at);
  const to = at(exact);
  return [
    arc(origin, 92, -0.02, 1.25, "faint", { width: 1.4 }),
    arrow(origin, from, "faint", { width: 2 }),
    line([origin, to], "ink", { width: 1.4, dash: "1 4" }),
    arrow(origin, steps.at(-1) ?? to, "own", { width: 2.2, alpha: 0.55 }),
    ...steps.map((step, i) => arrow(i ? steps[i - 1] : from, step, "own", { width: 2.6, head: 5.5 })),
    circle(to, 4, "ink", { width: 1.6 }),
    dot(origin, 2.6, "ink"),
  ].join("");
}

/** @param {number[][]} points @param {number[]} ends @param {(p: number[]) => Point} at */
const strokes = (points, ends, at) => ends.map((end, i) => points.slice(i ? ends[i - 1] : 0, end).map(at));

/** @param {{points: Points, normals: Points}} now @param {{still: {before: Points, once?: Points, ends: number[]}}} around */
export function mirror({ points, normals }, { still: { before, once, ends } }) {
  const origin = /** @type {Point} */ ([80, once ? 78 : 64]);
  const at = placed(origin, once ? 52 : 54);
  const [up, down] = once ? [1.4, 0.35] : [1.1, 0.9];
  const glass = normals.map(([x, y]) => {
    const side = x > 0 ? 1 : -1; // both point upwards
    return line([at([-side * up * y, side * up * x]), at([side * down * y, -side * down * x])], "ink", {
      width: 2.4,
      dash: "0.5 4.8",
    });
  });
  return [
    line(strokes(before, ends, at), "faint", { width: 1.7 }),
    once ? line(strokes(once, ends, at), "own", { width: 1.2, alpha: 0.5 }) : "",
    ...glass,
    line(strokes(points, ends, at), "own", { width: 2.2 }),
    dot(origin, 2.6, "ink"),
  ].join("");
}

/** Two of them, with the picture between. */
export const mirrors = mirror;

/** @param {{tip: number[]}} now @param {{still: {before: number[]}}} around */
export function dial({ tip }, { still: { before } }) {
  const origin = /** @type {Point} */ ([24, 104]);
  const unit = 104;
  const at = placed(origin, unit);
  const [from, to] = [angle(before), angle(tip)];
  const [radius, length] = [Math.hypot(before[0], before[1]) * unit, Math.hypot(tip[0], tip[1]) * unit];
  const ticks = Array.from({ length: 13 }, (_, i) => {
    const a = 0.1 + 0.115 * i;
    return [polar(origin, radius, a), polar(origin, radius - (i % 3 ? 3 : 5), a)];
  });
  const aside = polar([0, 0], 7, to + Math.PI / 2);
  const ruler = (/** @type {number} */ r) => /** @type {Point} */ (polar(origin, r, to).map((v, i) => v + aside[i]));
  const marks = Array.from({ length: 9 }, (_, i) => [
    ruler(16 + 10 * i),
    polar(ruler(16 + 10 * i), 3, to + Math.PI / 2),
  ]);
  return [
    arc(origin, radius, 0.02, 1.55, "faint", { width: 1.4 }),
    line(/** @type {Point[][]} */ (ticks), "faint", { width: 1.2 }),
    arrow(origin, at(before), "faint", { width: 2.2, head: 7 }),
    to > from + 0.01 ? arc(origin, radius, from, to, "own", { width: 3.4 }) : "",
    line([ruler(6), ruler(102)], "faint", { width: 1.2 }),
    line(/** @type {Point[][]} */ (marks), "faint", { width: 1.2 }),
    length > radius + 0.5 ? line([ruler(radius), ruler(length)], "other", { width: 3.6 }) : "",
    arrow(origin, at(tip), "own", { width: 3.2, head: 8 }),
    dot(origin, 3, "ink"),
  ].join("");
}

/** @param {{tip: number[], raw: number[]}} now @param {{still: {before: number[], middle: number[], radius: number}}} around */
export function bound({ tip, raw }, { still: { before, middle, radius } }) {
  const unit = 46;
  const shift = placed([78, 64], unit);
  const at = (/** @type {number[]} */ p) => shift([p[0] - middle[0], p[1] - middle[1]]);
  const outside = Math.hypot(raw[0] - middle[0], raw[1] - middle[1]) > radius;
  const centre = at(middle);
  return [
    circle(centre, radius * unit, "own", { fill: true, alpha: 0.13 }),
    circle(centre, radius * unit, "own", { width: outside ? 3 : 1.6 }),
    arrow(at([middle[0] - 1.55, middle[1] - 0.95]), at(before), "faint", { width: 2.4, head: 7 }),
    outside ? line([at(tip), at(raw)], "ink", { width: 1.6, dash: "2 4" }) + circle(at(raw), 4, "ink") : "",
    arrow(centre, at(tip), "own", { width: 3.2, head: 8 }),
    dot(centre, 2.6, "ink"),
  ].join("");
}

/** @param {{parts: Points, sum: number[]}} now @param {{still: {lines: Points}}} around */
export function star({ parts, sum }, { still: { lines } }) {
  const middle = /** @type {Point} */ ([80, 60]);
  const [wide, at] = [placed(middle, 53), placed(middle, 46)];
  return [
    line(
      lines.map((u) => [wide(u), wide([-u[0], -u[1]])]),
      "faint",
      { width: 1.6 },
    ),
    ...lines
      .flatMap((u) => [1, -1].map((s) => wide([s * u[0], s * u[1]])))
      .map(([x, y]) => box(x - 2, y - 2, 4, 4, "faint", { fill: true })),
    ...parts.map((p) => line([middle, at(p)], "own", { width: 2.4, alpha: 0.55 })),
    ...parts.map((p) => dot(at(p), 4.4, "own")),
    arrow(middle, placed(middle, 30)(sum), "ink", { width: 3, head: 8 }),
  ].join("");
}

/** @param {{hands: Points[]}} now */
export function pairs({ hands }) {
  return hands
    .map(([first, second], k) => {
      const middle = /** @type {Point} */ ([44 + 72 * (k % 2), 32 + 58 * (k >> 1)]);
      const at = placed(middle, 21);
      const [from, to] = [angle(first), angle(second)];
      const ghosts = [
        [1, 0],
        [0, 1],
      ].map((p) => arrow(middle, at(p), "faint", { width: 1.6, head: 5 }));
      const own = [first, second].map((p) => arrow(middle, at(p), "own", { width: 2.4, head: 5 }));
      return [
        circle(middle, 21, "faint", { width: 1.4 }),
        ...ghosts,
        ...own,
        arc(middle, 8, from, following(from, to), "own", { width: 1.6, alpha: 0.7 }),
      ].join("");
    })
    .join("");
}

/** @param {{plus: Points, minus: Points, alpha: number}} now @param {{still: {before: Points}}} around */
export function steer({ plus, minus, alpha }, { still: { before } }) {
  const middle = /** @type {Point} */ ([80, 84]);
  const at = placed(middle, 70);
  const [left, right] = [80 - 40 * alpha, 80 + 40 * alpha];
  const hollow = (/** @type {number[]} */ p) =>
    arrow(middle, at(p), "own", { width: 1.6, dash: "3 3", head: 6, alpha: 0.75 });
  return [
    ...before.map((p) => arrow(middle, at(p), "faint", { width: 1.8 })),
    ...(alpha > 0.02 ? minus.map(hollow) : []),
    ...plus.map((p) => arrow(middle, at(p), "own", { width: 2.8, head: 7 })),
    segment(34, 107, 126, 107, "faint", { width: 2.4 }),
    segment(80, 102, 80, 112, "faint", { width: 1.6 }),
    segment(80, 107, right, 107, "own", { width: 2.4 }),
    circle([left, 107], 5, "paper", { fill: true }) + circle([left, 107], 4.4, "own", { width: 1.6 }),
    dot([right, 107], 5, "own"),
    word([25, 112], "−", 15, "soft") + word([135, 112], "+", 15, "soft"),
  ].join("");
}

/** @param {{inputs: Points, outputs: Points}} now @param {{first: {inputs: Points, outputs: Points}}} around */
export function listens({ inputs, outputs }, { first }) {
  const [left, right] = [/** @type {Point} */ ([42, 58]), /** @type {Point} */ ([118, 58])];
  const cross = /** @type {(axes: Points, middle: Point, name: string, width?: number) => string} */ (
    (axes, middle, name, width = 1.6) =>
      axes.map((axis) => arrow(middle, placed(middle, 34)(axis), name, { width })).join("")
  );
  return [
    circle(left, 34, "faint", { width: 1.4 }),
    cross(first.inputs, left, "faint"),
    ...inputs.map((to, i) => swept(left, 19 + 6 * i, first.inputs[i], to)),
    cross(inputs, left, "own", 2.8),
    ...outputs.map((v) =>
      line([polar(right, 41, angle(v)), polar(right, -41, angle(v))], "soft", { width: 1.2, dash: "2 3" }),
    ),
    ellipse(first.outputs, right, "faint", 1.6),
    ellipse(outputs, right, "own", 2.2),
    cross(outputs, right, "soft", 2.2),
    arrow([77, 58], [84, 58], "soft", { width: 1.8, head: 5 }),
  ].join("");
}

/** The way of a direction, by less than half a turn. @param {Point} middle @param {number} radius @param {number[]} from @param {number[]} to */
function swept(middle, radius, from, to) {
  const way = Math.atan2(from[0] * to[1] - from[1] * to[0], from[0] * to[0] + from[1] * to[1]);
  return Math.abs(way) < 0.05
    ? ""
    : arc(middle, radius, angle(from), angle(from) + way, "own", { width: 1.4, dash: "1 3.4" });
}

/** @param {number[][]} axes @param {Point} middle @param {string} name @param {number} width */
function ellipse([a, b], middle, name, width) {
  const at = placed(middle, 34);
  const ring = Array.from({ length: 37 }, (_, i) => {
    const [c, s] = [Math.cos((i * Math.PI) / 18), Math.sin((i * Math.PI) / 18)];
    return at([a[0] * c + b[0] * s, a[1] * c + b[1] * s]);
  });
  return line(ring, name, { width, close: true });
}

/** @param {{points: Points, gains: number[]}} now @param {{first: {points: Points}}} around */
export function stretch({ points, gains }, { first }) {
  const middle = /** @type {Point} */ ([80, 60]);
  const at = placed(middle, 44);
  const [x, y] = [at([gains[0], 0]), at([0, gains[1]])];
  return [
    line(
      [
        [
          [8, 60],
          [152, 60],
        ],
        [
          [80, 6],
          [80, 114],
        ],
      ],
      "faint",
      { width: 1.4 },
    ),
    circle(middle, 44 * Math.hypot(first.points[0][0], first.points[0][1]), "faint", { width: 1.6 }),
    ...points.map((p) => dot(at(p), 2.5, "own")),
    line([middle, x], "own", { width: 3 }) + line([middle, y], "own", { width: 3 }),
    box(x[0] - 3, x[1] - 7, 6, 14, "own", { fill: true }) + box(y[0] - 7, y[1] - 3, 14, 6, "own", { fill: true }),
  ].join("");
}

/** @param {{tips: Points}} now @param {{first: {tips: Points}}} around */
export function disc({ tips }, { first }) {
  const middle = /** @type {Point} */ ([80, 66]);
  const [wide, flat, up] = [68, 29, 66];
  /** Places a point in the tilted plane, or over it. @param {number[]} p @returns {Point} */
  const at = ([a, b, c = 0]) => [middle[0] + wide * a, middle[1] - flat * b - up * c];
  const foot = (/** @type {number[]} */ [a, b]) => at([a, b]);
  const ring = Array.from({ length: 37 }, (_, i) => at([Math.cos((i * Math.PI) / 18), Math.sin((i * Math.PI) / 18)]));
  return [
    line(ring, "own", { fill: true, close: true, alpha: 0.12 }),
    line(ring, "faint", { width: 1.4, close: true }),
    ...first.tips.map((tip) => arrow(middle, foot(tip), "faint", { width: 1.4, head: 5 })),
    ...tips.map((tip) => arrow(middle, foot(tip), "own", { width: 2.4 })),
    ...tips.map((tip) => line([foot(tip), at(tip)], "soft", { width: 2 }) + dot(at(tip), 3, "soft")),
  ].join("");
}

/** @param {{points: Points}} now @param {{first: {points: Points}}} around */
export function drift({ points }, { first }) {
  const at = placed([80, 60], 62);
  return [
    ...points.map((point, k) => line([at(first.points[k]), at(point)], "own", { width: 1.4, alpha: 0.5 })),
    ...first.points.map((point) => dot(at(point), 3, "faint")),
    ...points.map((point) => dot(at(point), 4.2, "own")),
  ].join("");
}

/** @param {{points: Points}} now @param {{still: {pairs: Points[], means: Points}, first: {points: Points}}} around */
export function signpost({ points }, { still: { pairs, means }, first }) {
  const at = placed([80, 60], 62);
  const [to, from] = means.map(at);
  return [
    ...pairs.map((pair) => line(pair.map(at), "faint", { width: 1 })),
    ...pairs.map(([plus, minus]) => dot(at(plus), 3.2, "soft") + circle(at(minus), 2.6, "soft", { width: 1.4 })),
    arrow(from, to, "own", { width: 3, head: 8 }),
    ...points.map((point, k) => line([at(first.points[k]), at(point)], "own", { width: 1.4, alpha: 0.5 })),
    ...first.points.map((point) => dot(at(point), 3, "faint")),
    ...points.map((point) => dot(at(point), 4.2, "own")),
  ].join("");
}

/** @param {{key: Points, points: Points}} now @param {{still: {deaf: number[]}, first: {key: Points, points: Points}}} around */
export function recall({ key, points }, { still: { deaf }, first }) {
  const at = placed([80, 60], 74);
  const ends = [-1, 1].map((side) => at(deaf.map((v) => side * v)));
  return [
    line(ends, "soft", { width: 1.2, dash: "3 3" }),
    ...points.map((point, k) => line([at(first.points[k]), at(point)], "own", { width: 1.2, alpha: 0.5 })),
    ...points.map((point) => dot(at(point), 3, "soft")),
    circle(at(first.key[0]), 5, "faint", { width: 1.6 }),
    arrow(at(first.key[0]), at(key[0]), "own", { width: 2 }),
    dot(at(key[0]), 5, "own"),
  ].join("");
}
