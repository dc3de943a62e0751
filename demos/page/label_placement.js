/**
 * Room for names in a drawing: places where they lie on no dot, on no line and on no other name.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Box its left end, its middle, and its size
 * @typedef {{x: number, y: number}} Place
 */

/**
 * What is named, where it is.
 *
 * @template {{name: string}} T
 * @typedef {{line: T, x: number, y: number}} Named
 */

export const HIGH = 15; // pixels that a line of text takes at most
const [SMALL, CAPITAL] = [6.2, 9.8]; // pixels of a letter of a name
export const HEAVY = 1.15; // how much wider bold letters are

/** @param {Box} a @param {Box} b */
const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && Math.abs(a.y - b.y) < (a.height + b.height) / 2;

/** @param {Box} inner @param {Box} outer */
const within = (inner, outer) =>
  inner.x >= outer.x &&
  inner.x + inner.width <= outer.x + outer.width &&
  Math.abs(inner.y - outer.y) <= (outer.height - inner.height) / 2;

const OFF = 7; // pixels from the middle of a dot to where its leader begins
const GAP = 3; // and from a leader's end to the name
const NEAR = [18, 26, 34, 44, 56, 70, 86, 104]; // pixels from a dot to where its leader ends
const TURNS = [0, 1, -1, 2, -2, 3, -3, 4].map((eighths) => (eighths * Math.PI) / 4); // from the right, downwards

/** Moves labels above each other apart. @param {Box[]} labels @param {number} bottom */
export function part(labels, bottom) {
  const sorted = labels.toSorted((a, b) => a.y - b.y);
  let edge = -Infinity;
  for (const label of sorted) {
    label.y = Math.max(label.y, edge + label.height / 2);
    edge = label.y + label.height / 2;
  }
  edge = bottom;
  for (const label of sorted.toReversed()) {
    label.y = Math.min(label.y, edge - label.height / 2);
    edge = label.y - label.height / 2;
  }
}

/** Small boxes along a line, so that no name lies on it. @param {{x: number, y: number}[]} points @param {boolean} steps @returns {Box[]} */
export function along(points, steps) {
  const corners = steps ? points.flatMap((p, i) => (i ? [{ x: p.x, y: points[i - 1].y }, p] : [p])) : points;
  return corners.slice(1).flatMap((end, i) => {
    const start = corners[i];
    const count = Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / 6);
    const part = (/** @type {"x" | "y"} */ way, /** @type {number} */ k) =>
      start[way] + ((end[way] - start[way]) * k) / count;
    return Array.from({ length: count }, (_, k) => ({ x: part("x", k) - 2, y: part("y", k), width: 4, height: 4 }));
  });
}

/** @type {["start" | "end" | "middle", number, number][]} How a name is anchored, and how far from its dot */
const SIDES = [
  ["start", 9, 0],
  ["end", -9, 0],
  ["middle", 0, -HIGH],
  ["middle", 0, HIGH],
];

/** Pixels that a name takes. @param {string} name @param {number} heavy how much wider its letters are for being bold */
function wide(name, heavy) {
  const capitals = name.replaceAll(/[^A-Z]/g, "").length;
  return heavy * (SMALL * name.length + (CAPITAL - SMALL) * capitals) + 3;
}

/**
 * Places for names beside their dots, for as many as have room, the first ones first.
 *
 * @template {{name: string}} T
 * @param {Named<T>[]} named @param {Box[]} taken @param {Box} room @param {number} [heavy]
 */
export function beside(named, taken, room, heavy = 1) {
  const full = [...taken];
  return named.flatMap(({ line, x, y }) => {
    const width = wide(line.name, heavy);
    for (const [anchor, dx, dy] of SIDES) {
      const left = x + dx - { start: 0, middle: width / 2, end: width }[anchor];
      const box = { x: left, y: y + dy, width, height: HIGH - 1 };
      if (!within(box, room) || full.some((other) => meet(box, other))) continue;
      full.push(box);
      return [{ line, x: x + dx, y: y + dy, anchor, box }];
    }
    return [];
  });
}

/**
 * Places for names near their dots, and the leaders that join them: as near as can be, where no leader crosses a line if there
 * is such a place.
 *
 * @template {{name: string}} T
 * @param {Named<T>[]} named @param {Box[]} taken @param {Box} room @param {number} [heavy]
 */
export function led(named, taken, room, heavy = 1) {
  const full = [...taken];
  return named.flatMap(({ line, ...dot }) => {
    const width = wide(line.name, heavy);
    const ways = NEAR.flatMap((far) => TURNS.map((turn) => leader(dot, far, turn, width)));
    const free = ways.filter(({ box }) => within(box, room) && !full.some((other) => meet(box, other)));
    const clear = (/** @type {{from: Place, to: Place}} */ { from, to }) =>
      !along([from, to], false).some((bit) => full.some((other) => meet(bit, other)));
    const found = free.find(clear) ?? free[0];
    if (!found) return [];
    full.push(found.box, ...along([found.from, found.to], false));
    return [{ line, ...found }];
  });
}

/**
 * A name so far from its dot, in that direction, to the right or to the left of the leader's end.
 *
 * @param {Place} dot @param {number} far @param {number} turn @param {number} width
 */
function leader({ x, y }, far, turn, width) {
  const [across, down] = [Math.cos(turn), Math.sin(turn)];
  const at = (/** @type {number} */ way) => ({ x: x + way * across, y: y + way * down });
  const [from, to] = [at(OFF), at(far)];
  const anchor = /** @type {"start" | "end"} */ (across < -1e-9 ? "end" : "start");
  const start = anchor === "end" ? to.x - GAP : to.x + GAP;
  const box = { x: anchor === "end" ? start - width : start, y: to.y, width, height: HIGH - 1 };
  return { x: start, y: to.y, anchor, box, from, to };
}
