/**
 * Shapes of portraits: strings of SVG in a field of 160 × 120 units. A class is a colour that site.css gives: `own`, the
 * theme's; `other`, for what is negative; `ink`, `soft` and `faint`, for what stays; `paper`.
 *
 * @typedef {[number, number]} Point
 * @typedef {{width?: number, dash?: string, close?: boolean, fill?: boolean, alpha?: number}} Look
 */

export const [WIDTH, HEIGHT] = [160, 120];

/** @param {number} n */
const short = (n) => `${Math.round(n * 10) / 10}`;

/** @param {string} name @param {Look} look */
function attributes(name, { width = 1.6, dash, fill, alpha = 1 }) {
  const about = fill ? "" : ` stroke-width="${short(width)}"${dash ? ` stroke-dasharray="${dash}"` : ""}`;
  return `class="${name}${fill ? " f" : ""}"${about}${alpha < 1 ? ` opacity="${Math.round(alpha * 100) / 100}"` : ""}`;
}

/** @param {Point[]} points */
const along = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${short(x)} ${short(y)}`).join("");

/** @param {Point[] | Point[][]} points one line, or several @param {string} name @param {Look} [look] */
export function line(points, name, look = {}) {
  const lines = /** @type {Point[][]} */ (typeof points[0]?.[0] === "number" ? [points] : points);
  const d = lines.map((one) => along(one) + (look.close ? "z" : "")).join("");
  return `<path ${attributes(name, look)} d="${d}"/>`;
}

/** @param {number} x @param {number} y @param {number} X @param {number} Y @param {string} name @param {Look} [look] */
// prettier-ignore
export const segment = (x, y, X, Y, name, look) => line([[x, y], [X, Y]], name, look);

/** @param {Point} at @param {number} radius @param {string} name @param {Look} [look] */
export const circle = ([x, y], radius, name, look = {}) =>
  `<circle ${attributes(name, look)} cx="${short(x)}" cy="${short(y)}" r="${short(radius)}"/>`;

/** @param {Point} at @param {number} radius @param {string} name */
export const dot = (at, radius, name) => circle(at, radius, name, { fill: true });

/** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} name @param {Look} [look] */
export const box = (x, y, width, height, name, look = {}) =>
  `<path ${attributes(name, look)} d="M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}z"/>`;

/**
 * An arc, angles counter-clockwise in radians.
 *
 * @param {Point} middle @param {number} radius @param {number} from @param {number} to @param {string} name @param {Look} [look]
 */
export function arc(middle, radius, from, to, name, look = {}) {
  const [[x, y], [X, Y]] = [from, to].map((angle) => polar(middle, radius, angle));
  const flags = `${+(Math.abs(to - from) > Math.PI)} ${+(to < from)}`;
  return `<path ${attributes(name, look)} d="M${short(x)} ${short(y)}A${radius} ${radius} 0 ${flags} ${short(X)} ${short(Y)}"/>`;
}

/** @param {Point} from @param {Point} to @param {string} name @param {Look & {head?: number}} [look] */
export function arrow(from, to, name, { head = 6, ...look } = {}) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  if (length < 0.5) return "";
  const [u, v, h] = [dx / length, dy / length, Math.min(head, length)];
  const back = /** @type {(s: number) => Point} */ ((s) => [to[0] - h * u + s * h * v, to[1] - h * v - s * h * u]);
  const shaft = line([from, [to[0] - 0.7 * h * u, to[1] - 0.7 * h * v]], name, { width: 2.4, ...look });
  return shaft + line([to, back(0.46), back(-0.46)], name, { fill: true, close: true, alpha: look.alpha });
}

/** @param {Point} middle @param {number} radius @param {number} angle counter-clockwise @returns {Point} */
export const polar = ([x, y], radius, angle) => [x + radius * Math.cos(angle), y - radius * Math.sin(angle)];

/** Places points of the plane, y upwards. @param {Point} middle @param {number} unit */
export const placed =
  ([x, y], unit) =>
  /** @param {number[]} p @returns {Point} */ ([a, b]) => [x + unit * a, y - unit * b];

/** @param {Point} at @param {string} text @param {number} [size] @param {string} [name] @param {"middle" | "start" | "end"} [anchor] */
export const word = ([x, y], text, size = 12, name = "ink", anchor = "middle") =>
  `<text class="${name} f" x="${short(x)}" y="${short(y)}" font-size="${size}" text-anchor="${anchor}">${text}</text>`;

/**
 * @typedef {{x: number, y: number, cell: number, high?: number, gap?: number}} Field
 *   `cell` is a cell's width, `high` its height where that differs, `gap` what a cell leaves free of 1
 * @typedef {(value: number, row: number, column: number) => [string, number] | null} Tone its colour's class and strength, 0 to 1
 */

const LEVELS = 6; // of strength

/**
 * Cells of a matrix, those of one colour as one path of short strokes.
 *
 * @param {number[][]} M @param {Field} field @param {Tone} tone
 */
export function grid(M, { x, y, cell, high = cell, gap = 0.1 }, tone) {
  /** @type {Map<string, string[]>} */
  const paths = new Map();
  M.forEach((row, i) => {
    let last = "";
    row.forEach((value, j) => {
      const [name, strength] = tone(value, i, j) ?? ["", 0];
      const level = Math.round(Math.min(1, strength) * LEVELS);
      const key = level ? `class="${name}" opacity="${Math.round((100 * level) / LEVELS) / 100}"` : "";
      const runs = paths.get(key) ?? [];
      if (key && key === last && !gap) runs[runs.length - 1] = longer(runs[runs.length - 1]);
      else if (key) paths.set(key, [...runs, `M${j} ${i}h${Math.round((1 - gap) * 100) / 100}`]);
      last = key;
    });
  });
  const [left, top] = [x + (gap / 2) * cell, y + high / 2];
  const inside = [...paths].map(([key, runs]) => `<path ${key} d="${runs.join("")}"/>`).join("");
  const place = `translate(${short(left)} ${short(top)})scale(${Math.round(cell * 100) / 100} ${Math.round(high * 100) / 100})`;
  const crisp = gap ? "" : ' shape-rendering="crispEdges"';
  return `<g class="cells"${crisp} transform="${place}" stroke-width="${1 - gap}">${inside.replaceAll('opacity="1" ', "")}</g>`;
}

/** A part of a matrix. @param {number[][]} M @param {number} top @param {number} left @param {number} rows @param {number} columns */
export const part = (M, top, left, rows, columns) =>
  M.slice(top, top + rows).map((row) => row.slice(left, left + columns));

/** @param {number[][]} M @param {number} s */
export const times = (M, s) => M.map((row) => row.map((v) => s * v));

/** @param {number[][]} M */
export const transposed = (M) => M[0].map((_, j) => M.map((row) => row[j]));

/** A number that is seen, however small it is. @param {number} v @param {number} [least] */
export const seen = (v, least = 0.1) => (v < 0 ? -1 : 1) * Math.max(least, Math.abs(v));

/** A run of equal cells and one more. @param {string} run */
const longer = (run) => run.replace(/h(\d+)$/, (_, length) => `h${+length + 1}`);

/** The tone of what stays, by its size. @type {Tone} */
export const still = (value) => ["soft", 0.12 + 0.5 * Math.abs(value)];

/** The tone of a change, by its sign and size; what does not change is left out. @type {Tone} */
export const changed = (value) =>
  Math.abs(value) < 0.004 ? null : [value < 0 ? "other" : "own", 0.22 + 0.78 * Math.abs(value)];

/**
 * A weight with a change over it.
 *
 * @param {number[][]} W @param {number[][]} change @param {Field} field
 */
export function overlaid(W, change, field) {
  const kept = W.map((row, i) => row.map((value, j) => (Math.abs(change[i][j]) < 0.004 ? value : 0)));
  const grey = grid(kept, field, (value) => (value ? still(0.7 * value, 0, 0) : null));
  return grey + grid(change, field, changed);
}
