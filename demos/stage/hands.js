/** Handles of the stage: where they are, what a pointer or a key makes of them, and how they are read out. */

import { RIM, TRACK, WHEEL, direction, place, placed } from "./draw.js";

/** @typedef {import("./draw.js").View} View */
/** @typedef {import("./table.js").Handle} Handle */
/** @typedef {{which: number, x: number, y: number, second: boolean, text: string, value: (x: number, y: number) => number}} Grip */

const STEPS = { line: 2, wheel: 2, tip: 0.05, dial: 0.05 };
const LARGER = 5; // with Shift

/** @param {number} x @param {number} y in units of the drawing */
function degrees(x, y) {
  const [a, b] = placed(x, y);
  return (Math.atan2(b, a) * 180) / Math.PI;
}

/** @param {number} value @param {number} low @param {number} high */
const within = (value, low, high) => Math.min(Math.max(value, low), high);

/** @param {number} value @param {Handle} handle comes round, or stays between its ends */
export function allowed(value, { axis, low, high }) {
  const round = high - low;
  return axis.cyclic ? value - round * Math.floor((value - low) / round) : within(value, low, high);
}

/** Return how far a pointer is along an arrow, in its lengths. @param {number} x @param {number} y @param {number[]} arrow */
function along(x, y, [a, b]) {
  const [u, v] = placed(x, y);
  return (u * a + v * b) / (a * a + b * b);
}

/** The handles of a view. @param {View} view @returns {Grip[]} */
export function grips({ handles, held, made, W }) {
  return handles.flatMap((handle, which) => {
    const value = held[which];
    /** @param {[number, number]} at @param {(x: number, y: number) => number} read @param {boolean} [second] @returns {Grip} */
    const grip = (at, read, second = false) => ({
      ...{ which, second, ...place(at), text: spoken(handle, value) },
      value: (x, y) => allowed(read(x, y), handle),
    });
    switch (handle.kind) {
      case "wheel":
        return [grip(direction(WHEEL + value, RIM), (x, y) => degrees(x, y) - WHEEL)];
      case "tip":
        return [grip(made[which], (x, y) => along(x, y, W[which]))];
      case "dial": {
        const left = TRACK.lefts[which];
        return [grip([left + value * TRACK.width, TRACK.height], (x, y) => (placed(x, y)[0] - left) / TRACK.width)];
      }
      default:
        return [grip(direction(value, RIM), degrees), grip(direction(value, -RIM), degrees, true)];
    }
  });
}

/** A handle's position in words. @param {Handle} handle @param {number} value */
function spoken({ kind }, value) {
  if (kind === "dial") return `${Math.round(100 * value)} per cent of the way`;
  if (kind === "tip") return `${value.toFixed(2)} times`;
  return `${Math.round(value)} degrees`;
}

/** Return the place to which a key moves a handle, nothing for other keys. @param {KeyboardEvent} event @param {Handle | undefined} handle @param {number} value */
export function nudged({ key, shiftKey }, handle, value) {
  if (!handle) return undefined;
  const step = STEPS[handle.kind] * (shiftKey ? LARGER : 1);
  /** @type {Record<string, number>} */
  const moves = {
    ArrowRight: step,
    ArrowUp: step,
    ArrowLeft: -step,
    ArrowDown: -step,
    PageUp: 5 * step,
    PageDown: -5 * step,
  };
  if (key in moves) return allowed(value + moves[key], handle);
  if (handle.axis.cyclic) return undefined;
  return { Home: handle.low, End: handle.high }[key];
}
