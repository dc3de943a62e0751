/**
 * Draws values by their index: one line of them as bars, two over each other as lines or as bars. Loaded with the first picture, so
 * it is small: Plot, which draws all other figures, is forty times as large. Places across are per cent and those down are
 * pixels, so letters keep their size at any width, in the stored picture as in the live one.
 */

import { ticks } from "d3-array";

const [TOP, FOOT, HEIGHT, TALL] = [6, 18, 106, 240]; // pixels down: above and below values, the whole chart, and one on the stage
const sized = (/** @type {number} */ height) => ({ width: "100%", height, style: `height:${height}px` }); // the theme would have it follow the width
const [LETTER, RIGHT] = [6.5, 8]; // pixels: a tick's letter, room for half of the last one

/**
 * @param {Document} document
 * @param {number[][]} lines as many values in each
 * @param {[number, number]} limits the ends of the scale
 * @param {(value: number) => string} write
 * @param {{shape?: "bars" | "line" | "points", cut?: number, name?: (place: number) => string, tall?: boolean}} style the shape of all lines; after which value a dashed line stands; what a place is called, the first being 1; whether it is a stage
 */
export function chart(
  document,
  lines,
  [low, high],
  write,
  { shape = lines.length > 1 ? "line" : "bars", cut, name = String, tall } = {},
) {
  const count = lines[0].length;
  const height = tall ? TALL : HEIGHT;
  const bottom = height - FOOT;
  const y = (/** @type {number} */ value) => bottom - ((bottom - TOP) * (value - low)) / (high - low);
  const level = (/** @type {number} */ value, opacity = 1) =>
    node(document, "line", {
      ...{ x2: "100%", y1: y(value), y2: y(value) },
      stroke: "currentColor",
      "stroke-opacity": opacity,
    });
  const word = writer(document);
  const path = (/** @type {string} */ name, /** @type {string} */ d, /** @type {object} */ stroke) =>
    node(document, "path", { class: name, d, ...stroke });
  const even = { "vector-effect": "non-scaling-stroke" };

  const levels = ticks(low, high, 4);
  const left = 6 + LETTER * Math.max(...levels.map((value) => write(value).length));
  const places = [...new Set([1, ...[1, 2, 3, 4].map((q) => Math.ceil((q * count) / 4))])];
  const cuts = cut
    ? [path("cut", `M${cut},${bottom}V${TOP}`, { ...even, stroke: "currentColor", "stroke-dasharray": "3 3" })]
    : [];
  const drawn = lines.map((values, i) => {
    if (shape === "points" && i)
      return path(`line-${i}`, values.map((v, j) => `M${j + 0.5},${y(v)}h0.001`).join(""), {
        ...even,
        class: "points",
      });
    if (shape === "line") return path(`line-${i}`, `M${values.map((v, j) => [j + 0.5, y(v)]).join("L")}`, even);
    const seen = values.flatMap((v, j) => (Math.abs(v) > (high - low) / 1000 ? [`M${j + 0.5},${y(0)}V${y(v)}`] : []));
    return path(`line-${i}`, seen.join(""), { "stroke-width": i ? 0.35 : 0.7 });
  });
  const style = `height:${height}px;margin-left:${left}px;width:calc(100% - ${left + RIGHT}px)`;
  const viewBox = `0 0 ${count} ${height}`;
  return node(
    document,
    "svg",
    { ...sized(height), style, fill: "none", overflow: "visible" },
    ...levels.flatMap((value) => [
      level(value, 0.1),
      word({ x: -5, y: y(value), dy: "0.32em", "text-anchor": "end" }, write(value)),
    ]),
    level(0),
    ...places.map((place) =>
      word({ x: `${(100 * (place - 0.5)) / count}%`, y: height - 6, "text-anchor": "middle" }, name(place)),
    ),
    node(document, "svg", { ...sized(height), viewBox, preserveAspectRatio: "none" }, ...cuts, ...drawn),
  );
}

/**
 * @param {Document} document @param {string} tag @param {object} attributes @param {(Node | string)[]} children
 * @returns {SVGElement}
 */
function node(document, tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  element.append(...children);
  return element;
}

/** @param {Document} document @returns {(place: object, text: string) => SVGElement} */
const writer = (document) => (place, text) => node(document, "text", { fill: "currentColor", ...place }, text);

const [WIDE, HIGH, LEFT] = [300, 136, 38]; // of the picture of shares, which grows with its column

/**
 * Draws shares by trained parameters: LoRA in grey, the method along its main knob, without its hypothesis, and the present settings.
 *
 * @param {Document} document
 * @param {{at: number, most: number, dots: [string, number][], grey: number[][], lines: import("./draw.js").Line[]}} shares
 */
export function curve(document, { at, most, dots, grey, lines }) {
  const last = Math.max(at, ...lines.flatMap(({ points }) => points.map(([x]) => x)));
  const end = Math.min(most, Math.max(1.15 * last, most / 8));
  const x = (/** @type {number} */ count) => LEFT + ((WIDE - LEFT - 8) * Math.min(count, end)) / end;
  const y = (/** @type {number} */ share) => HIGH - FOOT - (HIGH - FOOT - TOP) * Math.max(0, Math.min(1, share));
  const word = writer(document);
  const way = (/** @type {string} */ name, /** @type {number[][]} */ points) =>
    node(document, "path", { class: name, d: `M${points.map(([a, b]) => `${x(a)},${y(b)}`).join("L")}` });
  const levels = [0, 0.5, 1].flatMap((share) => [
    node(document, "path", { class: "level", d: `M${LEFT},${y(share)}H${WIDE - 8}` }),
    word({ x: LEFT - 5, y: y(share), dy: "0.32em", "text-anchor": "end" }, `${100 * share} %`),
  ]);
  const seen = grey.filter(([count], i) => !i || grey[i - 1][0] < end);
  const near = dots[0][1];
  const ink = [seen, ...lines.map(({ points }) => points)].flatMap((points) =>
    points.slice(1).flatMap(([b, d], i) => {
      const [a, c] = points[i];
      return Array.from({ length: 13 }, (_, k) => [x(a + ((b - a) * k) / 12), y(c + ((d - c) * k) / 12)]);
    }),
  );
  /** Writes where no line is, or fewest are. @param {string} name @param {string} text @param {number[][]} places left ends and base lines */
  const beside = (name, text, places, wide = 9 * text.length + 2) => {
    const crowd = places.map(([left, base]) => {
      let count = left < LEFT || left + wide > WIDE || base < 12 || base > y(0) - 2 ? 99 : 0;
      for (const [a, b] of ink) if (a > left - 3 && a < left + wide + 3 && b > base - 13 && b < base + 4) count++;
      return count;
    });
    const [left, base] = places[crowd.indexOf(Math.min(...crowd))];
    for (let i = 0; i <= wide; i += 6) ink.push(...[3, 6, 9].map((up) => [left + i, base - up]));
    return word({ class: name, x: left, y: base }, text);
  };
  const beyond = seen.flatMap(([a, b]) => around(x(a), y(b), 26, 8));
  const marks = dots.map(([name, share], i) =>
    node(document, "circle", { class: i ? "fresh" : "now", cx: x(at), cy: y(share), r: i ? 4 : 6, "data-name": name }),
  );
  return node(
    document,
    "svg",
    { viewBox: `0 0 ${WIDE} ${HIGH}`, width: "100%", fill: "none" },
    ...levels,
    ...(seen.length ? [way("lora", seen)] : []),
    ...lines
      .filter(({ points }) => points.length > 1)
      .map(({ label, points }) => way(label === "kept" ? "own" : "out", points)),
    node(document, "path", { class: "drop", d: `M${x(at)},${y(0)}V${y(near)}` }),
    ...marks,
    beside("share", `${Math.round(100 * near)} %`, around(x(at), y(near))),
    ...(seen.length ? [beside("soft", "LoRA", beyond)] : []),
    word({ x: LEFT, y: HIGH - 3 }, "0"),
    word({ x: WIDE - 8, y: HIGH - 3, "text-anchor": "end" }, `${Math.round(end)} of ${most} parameters`),
  );
}

/** Left ends and base lines of a word beside a point. @param {number} x @param {number} y */
const around = (x, y, wide = 40, far = 11) => [
  [x + far, y + 5],
  [x + far - 4, y + 9 + far],
  [x - far - wide + 4, y - far + 3],
  [x - far - wide + 4, y + 9 + far],
  [x + far - 4, y - far],
];

const WHEEL = 100; // units of a wheel's cell

/**
 * Draws the planes that a rotation turns, a wheel each: neurons in grey before, coloured after, and the angle between.
 *
 * @param {Document} document @param {number[][]} lines x and y of the neurons of one plane after the other, before and after, in units of the longest
 * @param {number} count of neurons in a plane
 */
export function planes(document, [before, after], count = 8) {
  const wheels = before.length / (2 * count);
  const across = Math.ceil(Math.sqrt(wheels));
  const radius = 0.46 * WHEEL;
  const drawn = Array.from({ length: wheels }, (_, k) => {
    const [left, top] = [(k % across) * WHEEL + WHEEL / 2, Math.floor(k / across) * WHEEL + WHEEL / 2];
    const place = (/** @type {number[]} */ values, /** @type {number} */ i) => [
      left + radius * values[2 * (k * count + i)],
      top - radius * values[2 * (k * count + i) + 1],
    ];
    const dots = (/** @type {string} */ name, /** @type {number[]} */ values) =>
      node(document, "path", {
        class: name,
        d: Array.from({ length: count }, (_, i) => `M${place(values, i)}h0`).join(""),
      });
    const [from, to] = [place(before, 0), place(after, 0)];
    const reach = (/** @type {number[]} */ [x, y]) => `M${left},${top}L${x},${y}`;
    return node(
      document,
      "g",
      {},
      node(document, "circle", { class: "level", cx: left, cy: top, r: radius }),
      node(document, "path", { class: "sector", d: `${reach(from)}L${to}Z` }),
      node(document, "path", { class: "line-0", d: reach(from) }),
      node(document, "path", { class: "line-1", d: reach(to) }),
      dots("line-0 dots", before),
      dots("line-1 dots", after),
    );
  });
  const viewBox = `0 0 ${across * WHEEL} ${Math.ceil(wheels / across) * WHEEL}`;
  return node(document, "svg", { viewBox, width: "100%", fill: "none" }, ...drawn);
}

const FADER = 6; // units between two faders

/**
 * Draws a fader for each value, from its rest in the middle: rings where the target has it.
 *
 * @param {Document} document @param {number[][]} lines of the target, and as reached
 * @param {number} [set] the end of what a reader can set (faders.js)
 */
export function faders(document, [target, reached], set) {
  const end = set ?? 1.1 * Math.max(0.1, ...[...target, ...reached].map(Math.abs));
  const height = FADER * target.length + FOOT;
  const x = (/** @type {number} */ value) => (SQUARE / 2) * (1 + value / end);
  const y = (/** @type {number} */ i) => FADER * (i + 0.5);
  const path = (/** @type {string} */ name, /** @type {(value: number, i: number) => string} */ each) =>
    node(document, "path", { class: name, d: reached.map(each).join("") });
  const word = writer(document);
  const step = ticks(0, end, 2)[1];
  const words = [-step, 0, step].map((value) =>
    word({ x: x(value), y: height - 4, "text-anchor": "middle" }, `${value}`.replace("-", "−")),
  );
  return node(
    document,
    "svg",
    { viewBox: `0 0 ${SQUARE} ${height}`, width: "100%", fill: "none" },
    path("level", (_, i) => `M0,${y(i)}H${SQUARE}`),
    node(document, "path", { class: "level", d: `M${x(0)},0V${height - FOOT}` }),
    ...target.map((value, i) => node(document, "circle", { class: "line-0", cx: x(value), cy: y(i), r: 2.5 })),
    path("line-1", (value, i) => `M${x(0)},${y(i)}H${x(value)}`),
    path("line-1 dots", (value, i) => `M${x(value)},${y(i)}h0`),
    ...words,
  );
}

const SQUARE = 220; // units of the picture of dials

/**
 * Draws how far each neuron turns, across, and how much longer it gets, up: rings where the target has it.
 *
 * @param {Document} document @param {number[][]} lines degrees and per cent as wanted, and the same as reached
 */
export function dials(document, [wantedTurn, wantedLonger, turn, longer]) {
  const [left, foot, top] = [38, SQUARE - 20, 8];
  const degrees = 1.05 * Math.max(10, ...wantedTurn, ...turn);
  const percent = 1.1 * Math.max(10, ...[...wantedLonger, ...longer].map(Math.abs));
  const x = (/** @type {number} */ angle) => left + ((SQUARE - left - 8) * angle) / degrees;
  const y = (/** @type {number} */ share) => (top + foot) / 2 - ((foot - top) / 2) * (share / percent);
  const word = writer(document);
  const step = ticks(0, percent, 2)[1];
  const levels = [-step, 0, step].flatMap((share) => [
    node(document, "path", { class: "level", d: `M${left},${y(share)}H${SQUARE - 8}` }),
    word(
      { x: left - 4, y: y(share), dy: "0.32em", "text-anchor": "end" },
      `${share > 0 ? "+" : share < 0 ? "−" : ""}${Math.abs(share)} %`,
    ),
  ]);
  return node(
    document,
    "svg",
    { viewBox: `0 0 ${SQUARE} ${SQUARE}`, width: "100%", fill: "none" },
    ...levels,
    node(document, "path", {
      class: "line-0",
      d: turn.map((a, i) => `M${x(wantedTurn[i])},${y(wantedLonger[i])}L${x(a)},${y(longer[i])}`).join(""),
    }),
    ...wantedTurn.map((a, i) => node(document, "circle", { class: "level", cx: x(a), cy: y(wantedLonger[i]), r: 4 })),
    node(document, "path", { class: "line-1 dots", d: turn.map((a, i) => `M${x(a)},${y(longer[i])}h0`).join("") }),
    word({ x: left, y: SQUARE - 5 }, "turned by"),
    word({ x: SQUARE - 8, y: SQUARE - 5, "text-anchor": "end" }, `${Math.round(degrees)}°`),
    word({ x: SQUARE - 8, y: top + 6, "text-anchor": "end" }, "longer by ↑"),
  );
}

/** Draws the cosines of pairs, before across and after up. @param {Document} document @param {number[]} before @param {number[]} after */
export function pairs(document, before, after) {
  const dots = before.map((x, i) => `M${x},${-after[i]}h0`).join("");
  return node(
    document,
    "svg",
    { viewBox: "-1.05 -1.05 2.1 2.1", fill: "none" },
    node(document, "path", { class: "level", d: "M-1,-1H1V1H-1ZM-1,1L1,-1", "vector-effect": "non-scaling-stroke" }),
    node(document, "path", { class: "dots", d: dots }),
  );
}
