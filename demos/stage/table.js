/**
 * Scenes of the stage: looked up in what adapters have made of the neurons (scripts/stored/stage.py), and interpolated
 * between neighbouring positions of the handles. No adapter is known here.
 *
 * @typedef {[x: number, y: number]} Arrow a neuron with two inputs
 * @typedef {{low: number, step: number, size: number, cyclic: boolean}} Axis where a handle has stored positions
 * @typedef {"line" | "wheel" | "tip" | "dial"} Kind
 * @typedef {{name: string, kind: Kind, axis: Axis, start: number, low: number, high: number}} Handle
 * @typedef {{held: number[], rows: number[], table: number[]}} Part which handles move which neurons
 * @typedef {{parts: Part[], best: number[], explained: number}} Scene
 * @typedef {{name: string, theme: string, parameters: number, handles: Handle[], feet: number[], scenes: Record<string, Scene>}} Method
 * @typedef {{name: string, says: string, weight: number[]}} Target
 * @typedef {{unit: number, alike: number, W: number[], targets: Record<string, Target>, methods: Record<string, Method>}} Stored
 * @typedef {{explained: number, angles: boolean[], lengths: boolean[]}} Measures what is explained, and what is kept
 */

/** Entries as arrows. @param {number[]} entries row after row @param {number} unit @returns {Arrow[]} */
export const arrows = (entries, unit) =>
  Array.from({ length: entries.length / 2 }, (_, i) => [entries[2 * i] / unit, entries[2 * i + 1] / unit]);

/**
 * Return the stored positions that make up a position, and the share of each: Lagrange's polynomial through the four around it, or
 * the line through two.
 *
 * @param {Axis} axis @param {number} value @returns {[place: number, share: number][]}
 */
export function neighbours({ low, step, size, cyclic }, value) {
  const t = (value - low) / step;
  if (size === 2) {
    return [
      [0, 1 - t],
      [1, t],
    ];
  }
  const whole = Math.floor(t);
  const first = cyclic ? whole : Math.min(Math.max(whole, 1), size - 3);
  const f = t - first;
  const shares = [
    (-f * (f - 1) * (f - 2)) / 6,
    ((f + 1) * (f - 1) * (f - 2)) / 2,
    (-(f + 1) * f * (f - 2)) / 2,
    ((f + 1) * f * (f - 1)) / 6,
  ];
  return shares.map((share, k) => [(((first - 1 + k) % size) + size) % size, share]);
}

/**
 * The neurons where the handles stand.
 *
 * @param {Method} method @param {string} target @param {number[]} held @param {Arrow[]} W @param {number} unit @returns {Arrow[]}
 */
export function frame(method, target, held, W, unit) {
  const made = W.map((row) => /** @type {Arrow} */ ([...row]));
  for (const { held: which, rows, table } of method.scenes[target].parts) {
    /** @type {[place: number, share: number][]} */
    let corners = [[0, 1]];
    for (const i of which) {
      const { axis } = method.handles[i];
      const near = neighbours(axis, held[i]);
      /** @param {[number, number]} corner @returns {[number, number][]} */
      const further = ([place, share]) => near.map(([k, s]) => [place * axis.size + k, share * s]);
      corners = corners.flatMap(further);
    }
    const size = 2 * rows.length;
    for (const [k, row] of rows.entries())
      made[row] = /** @type {Arrow} */ (
        [0, 1].map((j) => corners.reduce((sum, [at, share]) => sum + share * table[at * size + 2 * k + j], 0) / unit)
      );
  }
  return made;
}

// Measures -----------------------------------------------------------------------------------------

/** @param {Arrow} v */
export const angle = ([x, y]) => Math.atan2(y, x);

/** @param {Arrow} v */
export const length = ([x, y]) => Math.hypot(x, y);

/** Return the angle from one arrow to the next, −π to π. @param {Arrow} v @param {Arrow} w */
export function between(v, w) {
  const turn = angle(w) - angle(v);
  return turn - 2 * Math.PI * Math.round(turn / (2 * Math.PI));
}

/** @param {Arrow[]} a @param {Arrow[]} b */
const apart = (a, b) => a.reduce((sum, [x, y], i) => sum + (x - b[i][0]) ** 2 + (y - b[i][1]) ** 2, 0);

/**
 * Measures what is drawn. A mirror keeps angles and turns their sign, so they are compared without it.
 *
 * @param {Arrow[]} W @param {Arrow[]} made @param {Arrow[]} wanted @param {number} alike @returns {Measures}
 */
export function measured(W, made, wanted, alike) {
  const next = (/** @type {number} */ i) => (i + 1) % W.length;
  return {
    explained: 1 - apart(wanted, made) / apart(wanted, W),
    angles: W.map(
      (v, i) => Math.abs(Math.abs(between(v, W[next(i)])) - Math.abs(between(made[i], made[next(i)]))) < alike,
    ),
    lengths: W.map((v, i) => Math.abs(length(made[i]) / length(v) - 1) < alike),
  };
}
