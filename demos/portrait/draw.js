/**
 * Draws the portrait of a method: its own picture from W to W', out of numbers that scripts/stored/portraits read off its module. The
 * build runs this under Node for pages and lists, the browser to play it.
 *
 * @typedef {any} Moment arrays by name: each kind says which ones it draws
 * @typedef {{kind: string, theme: string, says: string, still: Moment, moments: Moment[]}} Portrait
 * @typedef {{still: Moment, first: Moment}} Around what never moves, and where all starts
 * @typedef {(now: Moment, around: Around) => string} Draw
 */

import * as bases from "./bases.js";
import * as grids from "./grids.js";
import * as joined from "./joined.js";
import * as made from "./made.js";
import * as networks from "./networks.js";
import * as planes from "./planes.js";
import * as products from "./products.js";
import { HEIGHT, WIDTH } from "./svg.js";

/** @type {Record<string, Draw>} by the same names as in scripts/stored/portraits */
const KINDS = { ...planes, ...grids, ...joined, ...made, ...bases, ...networks, ...products };

/**
 * Interpolate two moments on a straight line.
 *
 * @param {any} a @param {any} b @param {number} s
 * @returns {any}
 */
function mixed(a, b, s) {
  if (typeof a === "number") return a + s * (b - a);
  if (Array.isArray(a)) return a.map((v, i) => mixed(v, b[i], s));
  return Object.fromEntries(Object.entries(a).map(([name, v]) => [name, mixed(v, b[name], s)]));
}

/** @param {Moment[]} moments @param {number} t from 0 to 1 @returns {Moment} */
export function at(moments, t) {
  const place = t * (moments.length - 1);
  const before = Math.min(Math.floor(place), moments.length - 2);
  return place === before ? moments[before] : mixed(moments[before], moments[before + 1], place - before);
}

/**
 * Draw the inside of the picture at a time t between W, 0, and W', 1.
 *
 * @param {Portrait} portrait @param {number} t
 */
export function inside({ kind, still, moments }, t) {
  if (!KINDS[kind]) throw new Error(`demos/portrait draws no kind ${JSON.stringify(kind)}`);
  return KINDS[kind](at(moments, t), { still, first: moments[0] });
}

/** It stands beside its words, and is passed over. @param {Portrait} portrait @param {number} t */
export function draw(portrait, t) {
  const about = `class="portrait of-${portrait.theme}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`;
  return `<svg ${about} aria-hidden="true">${inside(portrait, t)}</svg>`;
}
