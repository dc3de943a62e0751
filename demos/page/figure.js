/**
 * Draws figures by Observable Plot: lines and dots over two axes, or rows of dots along one. The build runs this file under Node
 * for all pages, the lab in the browser. Letters keep their size, so a figure is drawn for the width at which it is shown.
 *
 * @typedef {{x: number, y: number, low: number, high: number, says: string, run?: string}} Point from low to high is its interval
 * @typedef {{name: string, shape: "line" | "steps" | "dots" | "level", kind: string, size?: number, link?: string, points: Point[]}} Line
 *   `kind` is a theme, or what else has a colour `--of-…` in site.css; steps, and what has size 0, have no dots; a level is no data, so names may lie on it
 * @typedef {{name: string, low: number, high: number, log?: boolean, ticks?: number[]}} Axis
 * @typedef {{x: Axis, y: Axis, lines: Line[]}} Chart
 * @typedef {{x: number, low: number, high: number, control?: number, parts?: number[]}} Value a mean of `parts`
 * @typedef {{name: string, kind: string, values: (Value | null)[], note?: string, link?: string}} Row has for each lane a value or null
 * @typedef {{kind?: string, symbol?: "circle" | "diamond", hollow?: boolean}} Lane its colour, where it is not the row's
 * @typedef {{x: Axis, start: number, rows: Row[], lanes: Lane[], sides: string[], band?: number, noted?: string}} Rows
 *   `start` is where nothing is found, what lies on its `sides` is said above, `band` is how far from it nothing is told apart
 */

import { axisX, axisY, dot, gridX, gridY, line, link, plot, rect, ruleX, ruleY, scale, text } from "@observablehq/plot";
import { HEAVY, HIGH, along, beside, led, part } from "./label_placement.js";

const NARROW = 500; // pixels: below it names are broken sooner, and stand above their rows
const WHOLE = 700; // pixels: below it a chart is lower
const [LETTER, BOLD] = [7, 7.8]; // pixels that a letter takes at most
const PAPER = "var(--ground, var(--md-default-bg-color))";
const END = /** @type {"end"} */ ("end");
const MANY = 12; // rows, from which on they are lower
const EARLY = 60; // pixels before the right edge
const BRIEF = 13; // letters of a name that stands beside its row on a phone, too
const LANE = 9; // pixels between the lanes of a row
const TALL = 600; // pixels of rows, from which on the numbers stand above them as well
const UNITS = { " B": 1e9, " M": 1e6, " k": 1e3 };
const NAME = 17; // pixels that a name above its row takes
const PART = 4; // pixels above and below a row that the marks of a mean's parts reach

/** A channel that no scale maps. @template T @param {(one: T) => number} value */
const pixels = (value) => ({ value, scale: null });

/** @param {string} kind */
const colour = (kind) => `var(--of-${kind})`;

/**
 * Lines with their names at their ends, dots with theirs where there is room.
 *
 * @param {Chart} chart @param {number} width @param {Document} document
 */
export function chart({ x: across, y: up, lines }, width, document) {
  const narrow = width < NARROW;
  const curves = lines.filter(({ shape }) => shape !== "dots");
  const ended = curves.filter(({ shape }) => shape !== "steps");
  const words = new Map(ended.map((line) => [line, broken(line.name, narrow ? 14 : 24)]));
  const longest = Math.max(0, ...[...words.values()].flat().map(({ length }) => length));
  const frame = {
    ...{
      top: 30,
      left: 40,
      bottom: narrow ? 290 : width < WHOLE ? 260 : 350,
      right: width - (longest ? BOLD * longest + 12 : 14),
    },
  };
  const { top, left, bottom, right } = frame;
  const x = scale({
    x: { type: across.log ? "log" : "linear", domain: [across.low, across.high], range: [left, right] },
  });
  const y = scale({
    y: { type: up.log ? "log" : "linear", domain: [up.low, up.high], range: [bottom, top] },
  });
  const ticks = up.log ? places(up, bottom - top) : 5;
  const at = (/** @type {Point} */ p) => ({ x: x.apply(p.x), y: y.apply(p.y) });

  const dots = lines.flatMap((line) =>
    ["steps", "level"].includes(line.shape) || line.size === 0 ? [] : line.points.map((p) => ({ ...p, line })),
  );
  const whiskers = dots.filter(({ low, high }) => low < high);
  const taken = [
    ...dots.map((p) => ({ x: at(p).x - 6, y: at(p).y, width: 12, height: 12 })),
    ...curves.flatMap(({ points, shape }) => (shape === "level" ? [] : along(points.map(at), shape === "steps"))),
  ];
  const room = { x: left, y: (top + bottom) / 2, width: right - left, height: bottom - top + HIGH };
  // A line that ends early has its name there if there is room, or near with a leader, all others theirs at the right edge.
  const last = ended.map((line) => ({ line, ...at(line.points[line.points.length - 1]) }));
  const short = last.filter(({ x }) => right - x > EARLY);
  const close = beside(short, taken, room, HEAVY);
  const far = led(
    short.filter(({ line }) => !close.some((other) => other.line === line)),
    [...taken, ...close.map(({ box }) => box)],
    room,
    HEAVY,
  );
  const early = [...close, ...far];
  const ends = last
    .filter(({ line }) => !early.some((other) => other.line === line))
    .map(({ line, x: end, y }) => {
      const height = HIGH * (words.get(line) ?? []).length;
      return { line, x: right + 10, y, end, from: y, width: BOLD * longest, height };
    });
  part(ends, bottom + HIGH);
  const leaders = [
    ...far.map(({ line, from, to }) => ({ line, from, to })),
    ...ends
      .filter(({ end }) => right - end > EARLY)
      .map(({ line, x, y, end, from }) => ({ line, from: { x: end, y: from }, to: { x: x - 4, y } })),
  ];
  const named = lines.filter(({ shape }) => shape === "dots").map((line) => ({ line, ...at(highest(line)) }));
  return drawn(frame, width, document, across, {
    ...{ x, y },
    marks: [
      gridY({ ticks, className: "grid" }),
      axisY({ ticks, tickSize: 0, text: tick, label: null, className: "axis" }),
      curves.map(({ points, kind, shape }, i) =>
        line(points, {
          ...{ x: "x", y: "y", curve: shape === "steps" ? "step-after" : "linear", stroke: colour(kind) },
          className: `way dash-${curves.slice(0, i).filter((other) => other.kind === kind).length}`,
        }),
      ),
      link(leaders, {
        ...{ x1: pixels(({ from }) => from.x), x2: pixels(({ to }) => to.x) },
        ...{ y1: pixels(({ from }) => from.y), y2: pixels(({ to }) => to.y) },
        ...{ stroke: ({ line }) => colour(line.kind), className: "leader" },
      }),
      ruleX(whiskers, {
        ...{ x: "x", y1: "low", y2: "high", stroke: ({ line }) => colour(line.kind), className: "whisker" },
        render: called(whiskers, "line"),
      }),
      dot(dots, {
        ...{ x: "x", y: "y", r: ({ line }) => line.size ?? 4.5, title: "says", href: ({ line }) => line.link },
        fill: ({ line }) => (line.kind === "other" ? PAPER : colour(line.kind)),
        stroke: ({ line }) => (line.kind === "other" ? colour(line.kind) : PAPER),
        ...{ sort: null, className: "dots", render: called(dots, "circle") },
      }),
      written(up.name, frame, { x: 0, y: 8 }, "axis"),
      beside(named, [...taken, ...early.map(({ box }) => box), ...ends], room).map(({ line, ...place }) =>
        written(line.name, frame, place, "name"),
      ),
      early.map(({ line, ...place }) => written(line.name, frame, place, "end", colour(line.kind))),
      ends.map(({ line, x, y }) =>
        written((words.get(line) ?? []).join("\n"), frame, { x, y }, "end", colour(line.kind)),
      ),
    ],
  });
}

/**
 * Rows of dots, each with its interval and, where there is one, its distance to a control. A row without values is a heading.
 *
 * @param {Rows} rows @param {number} width @param {Document} document
 */
export function rows({ x: across, start, rows, lanes, sides, band = 0, noted = "" }, width, document) {
  const filled = (/** @type {Row} */ { values }) => values.some(Boolean);
  const longest = Math.max(...rows.filter(filled).map(({ name }) => name.length));
  const above = width < NARROW && longest > BRIEF; // its name stands above a row
  const notes = Math.max(noted.length, ...rows.map(({ note = "" }) => note.length));
  const high = above ? 26 : rows.length > MANY ? 17.5 : 26;
  const step = (above ? 16 : 0) + Math.max(high, LANE * lanes.length);
  const tall = step * rows.length > TALL;
  const top = tall ? 46 : 26;
  const frame = {
    ...{ tall, top },
    left: above ? 12 : LETTER * longest + 12,
    bottom: top + step * rows.length,
    right: width - (notes ? LETTER * notes + 14 : 16),
  };
  const x = scale({
    x: { type: across.log ? "log" : "linear", domain: [across.low, across.high], range: [frame.left, frame.right] },
  });
  const middle = (/** @type {number} */ i) => frame.top + step * (i + 0.5) + (above ? 8 : 0);
  const inside = (/** @type {number} */ v) => Math.min(Math.max(v, across.low), across.high);
  const shown = (/** @type {number | undefined} */ v) => v !== undefined && v === inside(v);
  const lift = (/** @type {number} */ k) => Math.min(8, LANE) * (k - (lanes.length - 1) / 2);
  const up = above ? Math.max(20, 12 - lift(0)) : 0; // from the middle of a row to its name
  // Every other row has a ground, where a row is of several lanes, and no line of the axis runs through a name above its row.
  const tops = rows.map((_, i) => frame.top + step * i);
  const ground = (/** @type {number} */ i) => lanes.length > 1 && i % 2 === 0;
  const names = tops.map((y, i) => ({ i, y }));
  const marks = lanes.map(({ kind, symbol, hollow }, k) => {
    const values = rows.flatMap(({ kind: own, values }, i) => {
      const value = values[k];
      return value ? [{ ...value, y: middle(i), of: colour(kind ?? own) }] : [];
    });
    const controlled = values.filter(({ control }) => control !== undefined);
    const parts = values.flatMap(({ parts = [], ...value }) => parts.filter(shown).map((x) => ({ ...value, x })));
    const own = { y: "y", dy: lift(k), stroke: "of" };
    return [
      ruleY(controlled, {
        ...{ ...own, x1: ({ control = 0 }) => inside(control), x2: ({ x }) => inside(x), className: "apart" },
      }),
      ruleY(values, { ...own, x1: ({ low }) => inside(low), x2: ({ high }) => inside(high), className: "interval" }),
      ruleX(parts, { ...own, x: "x", y1: ({ y }) => y - PART, y2: ({ y }) => y + PART, className: "part" }),
      dot(
        values.filter(({ x }) => shown(x)),
        { ...own, x: "x", r: lanes.length > 2 ? 4 : 4.5, symbol, strokeWidth: 2, fill: hollow ? PAPER : "of" },
      ),
      // Where both are one place, the control is a ring within the value.
      dot(
        controlled.filter(({ control }) => shown(control)),
        { ...own, x: "control", r: 3, stroke: colour("control"), strokeWidth: 1.8, fill: PAPER },
      ),
    ];
  });
  // An interval that goes on beyond the axis ends in a point.
  const cut = rows.flatMap(({ values, kind }, i) =>
    values.flatMap((value, k) =>
      [-1, 1].flatMap((way) => {
        const end = way < 0 ? value?.low : value?.high;
        if (!value || !shown(value.x) || shown(end)) return [];
        const y = middle(i) + lift(k);
        const place = way < 0 ? { x: frame.left - 1, y } : { x: frame.right + 1, y, anchor: END };
        return [written(way < 0 ? "◂" : "▸", frame, place, "beyond", colour(lanes[k].kind ?? kind))];
      }),
    ),
  );
  // Values beyond the axis are written as numbers, all of a row's lanes in one.
  const beyond = rows.flatMap(({ values, kind }, i) =>
    [-1, 1].flatMap((way) => {
      const out = values.flatMap((value, k) =>
        value && !shown(value.x) && value.x > start === way > 0 ? [{ x: value.x, k }] : [],
      );
      if (!out.length) return [];
      const numbers = out.map(({ x }) => tick(x)).join(", ");
      const of = out.length > 1 ? "currentColor" : colour(lanes[out[0].k].kind ?? kind);
      const place = way < 0 ? { x: frame.left + 3, y: middle(i) } : { x: frame.right - 3, y: middle(i), anchor: END };
      return [written(way < 0 ? `◂ ${numbers}` : `${numbers} ▸`, frame, place, "beyond", of)];
    }),
  );
  const edge = { x: width, anchor: END };
  const whole = { x1: pixels(() => 0), x2: pixels(() => width) };
  const near = { x1: Math.max(start - band, across.low), x2: Math.min(start + band, across.high) };
  // Between what is said of both sides: at the start, but where that leaves no room for the right one.
  const room = [LETTER * sides[0].length + 8, (noted ? frame.right : width) - LETTER * sides[1].length - 8];
  const middles = Math.min(Math.max(x.apply(start), room[0]), room[1]);
  return drawn(frame, width, document, across, {
    x,
    y: { type: "identity", axis: null },
    color: { type: "identity" },
    marks: [
      rect(
        tops.filter((_, i) => ground(i)),
        { ...whole, y1: (y) => y, y2: (y) => y + step, className: "ground" },
      ),
      band ? rect([0], { ...near, y1: frame.top, y2: frame.bottom, className: "band" }) : [],
      gridX({ ticks: places(across, frame.right - frame.left), className: "grid" }),
      ruleY(
        rows.flatMap((row, i) => (filled(row) ? [middle(i)] : [])),
        { y: (y) => y, className: "grid" },
      ),
      ruleX([start], { className: "start" }),
      [false, true].map((on) =>
        rect(above ? names.filter(({ i }) => ground(i) === on) : [], {
          ...{ ...whole, y1: "y", y2: ({ y }) => y + NAME },
          ...(on ? { className: "ground" } : { fill: PAPER, className: "strip" }),
        }),
      ),
      written(sides[0], frame, { x: middles - 8, y: 10, anchor: END }, "axis"),
      written(sides[1], frame, { x: middles + 8, y: 10 }, "axis"),
      rows.map((row, i) => {
        const kind = filled(row) ? "name" : "end";
        return written(row.name, frame, { x: 0, y: middle(i) - up }, kind, undefined, row.link);
      }),
      noted ? written(noted, frame, { ...edge, y: 10 }, "axis") : [],
      rows.map(({ note }, i) => (note ? written(note, frame, { ...edge, y: middle(i) - up }, "axis") : [])),
      marks,
      cut,
      beyond,
    ],
  });
}

/**
 * A drawing with the axis that goes across, without the style and the names of marks that Plot adds.
 *
 * @param {{top: number, left: number, bottom: number, right: number, tall?: boolean}} frame
 * @param {number} width @param {Document} document @param {Axis} across @param {import("@observablehq/plot").PlotOptions} options
 */
function drawn(frame, width, document, across, { marks = [], ...options }) {
  const { top, left, bottom, right, tall } = frame;
  const ticks = { ticks: places(across, right - left), tickSize: 4, text: tick, label: null, className: "axis" };
  const label = broken(across.name, Math.floor(right / LETTER));
  const below = 26 + HIGH * label.length;
  const svg = plot({
    ...{ document, width, height: bottom + below, r: { type: "identity" }, ...options },
    ...{ marginTop: top, marginLeft: left, marginBottom: below, marginRight: width - right },
    marks: [
      [axisX(ticks), tall ? axisX({ ...ticks, anchor: "top" }) : []],
      written(label.join("\n"), frame, { x: right, y: bottom + 26 + (HIGH * label.length) / 2, anchor: "end" }, "axis"),
      marks,
    ],
  });
  svg.querySelector("style")?.remove();
  for (const part of svg.querySelectorAll("g"))
    for (const name of ["aria-label", "font-variant"]) part.removeAttribute(name); // SVG has no such value of the latter
  for (const name of ["fill", "font-family", "font-size"]) svg.removeAttribute(name);
  svg.setAttribute("class", "plot");
  return /** @type {SVGSVGElement} */ (svg);
}

// Axes and words -----------------------------------------------------------------------------------

/** A tick's number, as `short` of scripts/survey/facts/say.py writes it. @param {number} value */
function tick(value) {
  const [letter, unit] = Object.entries(UNITS).find(([, least]) => Math.abs(value) >= least) ?? ["", 1];
  return `${+(value / unit).toPrecision(3)}${letter}`.replace("-", "−");
}

/** Place the ticks of an axis: of a logarithmic one at powers of ten, and at their threefold where there is room. @param {Axis} axis @param {number} room */
function places({ low, high, log, ticks }, room) {
  const most = Math.min(8, Math.floor(room / 44));
  const thin = (/** @type {number[]} */ all) => all.filter((_, i) => i % Math.ceil(all.length / most) === 0);
  if (ticks || !log) return ticks ? thin(ticks) : most;
  const steps = (/** @type {number[]} */ factors) =>
    Array.from({ length: 24 }, (_, i) => factors.map((factor) => factor * 10 ** (i - 12)))
      .flat()
      .filter((v) => v >= low && v <= high);
  const fine = steps([1, 3]);
  return fine.length > most ? thin(steps([1])) : fine;
}

/** A name in lines of at most so many letters. @param {string} name @param {number} most */
const broken = (name, most) => name.match(new RegExp(`\\S.{0,${most - 1}}(?=\\s|$)|\\S+`, "g")) ?? [];

/**
 * Text at a place in pixels.
 *
 * @param {string} words @param {{top: number, left: number}} frame what the axes enclose
 * @param {{x: number, y: number, anchor?: "start" | "middle" | "end"}} place @param {string} className @param {string} [fill] @param {string} [link]
 */
const written = (words, { top, left }, { x, y, anchor = "start" }, className, fill = "currentColor", link) =>
  text([words], {
    href: link && (() => link),
    frameAnchor: "top-left",
    lineAnchor: "middle",
    lineHeight: 1.2,
    textAnchor: anchor,
    dx: x - left,
    dy: y - top,
    fill,
    className,
  });

/** @param {Line} line */
const highest = ({ points }) => points.reduce((best, p) => (p.y > best.y ? p : best));

// Marks --------------------------------------------------------------------------------------------

/**
 * Notes on every element of a mark whose it is, for demos/page/scatter.js.
 *
 * @param {{line: Line, run?: string}[]} data @param {string} tag
 * @returns {import("@observablehq/plot").RenderFunction}
 */
const called = (data, tag) => (index, scales, values, dimensions, context, next) => {
  const drawn = next?.(index, scales, values, dimensions, context) ?? null;
  drawn?.querySelectorAll(tag).forEach((element, k) => {
    const { line, run } = data[index[k]];
    element.setAttribute("data-method", line.name);
    if (run) element.setAttribute("data-run", run);
  });
  return drawn;
};
