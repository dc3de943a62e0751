/** The first direction of a change: what it reads and writes, and which layers share it. */

import { chart } from "../widget/chart.js";
import { make } from "../page/element.js";
import { figure } from "./layers.js";

/**
 * @typedef {Float32Array} Vector of length 1
 * @typedef {[outputs: Vector, inputs: Vector]} Pair
 * @typedef {{module: string, name: string, first: Pair}} Other
 */

const TOLD = 5; // entries that are listed
const BINS = 128; // bars of a picture at most
const SIDES = /** @type {const} */ ([
  [1, "Reads", "inputs"],
  [0, "Writes", "outputs"],
]);

/** @param {number} count */
const whole = (count) => count.toLocaleString("en");
const two = (/** @type {number} */ value) => `${Number(value.toPrecision(2))}`;
const limits = (/** @type {number[]} */ values) => /** @type {[number, number]} */ ([0, Math.max(...values)]);

/**
 * The largest entries of a unit vector, and over how many it is spread: as many as would have its sum of fourth powers if they were equal.
 *
 * @param {Vector} vector @returns {{largest: [index: number, value: number][], spread: number}}
 */
export function entries(vector) {
  const order = Array.from(vector, (_, i) => i).sort((a, b) => Math.abs(vector[b]) - Math.abs(vector[a]));
  const fourth = vector.reduce((sum, value) => sum + value ** 4, 0);
  return { largest: order.slice(0, TOLD).map((i) => [i, vector[i]]), spread: 1 / fourth };
}

/** How nearly two directions are one, whatever their signs. @param {Vector} a @param {Vector} b */
export function cosine(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return Math.abs(sum);
}

/** The largest |value| of each of some neighbours. @param {Vector} vector */
function binned(vector) {
  const width = Math.ceil(vector.length / BINS);
  const bins = Array.from({ length: Math.ceil(vector.length / width) }, () => 0);
  for (const [i, value] of vector.entries())
    bins[Math.floor(i / width)] = Math.max(bins[Math.floor(i / width)], Math.abs(value));
  return { bins, width };
}

/**
 * @param {Pair} first of the matrix that is open
 * @param {Other[]} column the same matrix of all layers, in their order, with the open one
 * @param {string} module the open one @param {string} of what it is the first direction of
 * @param {[outputs: number, inputs: number] | null} answers how strongly W answers, if that is known
 */
export function directions(first, column, module, of, answers) {
  const section = make("div", { className: "directions" }, make("h3", {}, `The first direction of ${of}`));
  for (const [side, does, what] of SIDES) {
    const vector = first[side];
    const { largest, spread } = entries(vector);
    const { bins, width } = binned(vector);
    const told = largest.map(([i, value]) => `${i} (${two(100 * value ** 2)} %)`).join(", ");
    const by = answers ? ` W answers to it ${two(answers[side])} times as strongly as to a random direction.` : "";
    section.append(
      figure(
        chart(document, [bins], limits(bins), two, { name: (place) => `${(place - 1) * width}` }),
        `${does}: the largest ${what} are ${told}. It is spread as if over ${whole(Math.round(spread))} of ${whole(vector.length)} ${what}; ` +
          `a random direction over ${whole(Math.round((vector.length + 2) / 3))}.${by}`,
      ),
    );
  }
  if (column.length > 2) section.append(shared(first, column, module));
  return section;
}

/** @param {Pair} first @param {Other[]} column @param {string} module */
function shared(first, column, module) {
  const lines = SIDES.map(([side]) => column.map((other) => cosine(first[side], other.first[side])));
  const chance = (/** @type {Vector} */ vector) => Math.sqrt(2 / (Math.PI * vector.length));
  const near = SIDES.map(([side, , what], line) => {
    const others = column.map((other, i) => /** @type {const} */ ([lines[line][i], other]));
    const [value, { name }] = others.filter(([, other]) => other.module !== module).sort(([a], [b]) => b - a)[0];
    const colour = line ? "grey" : "blue"; // as the style has it
    return `${what[0].toUpperCase()}${what.slice(1)} (${colour}): the nearest other layer is ${name}, with ${two(value)}; a random direction has ${two(chance(first[side]))} on average`;
  });
  return figure(
    chart(document, lines, [0, 1], two, { name: (place) => column[place - 1].name }),
    `Shared with other layers: |cosine| to the first direction of the same matrix in each. ${near.join(". ")}.`,
  );
}
