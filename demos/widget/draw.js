/**
 * Draws what the probe answers: matrices, series and numbers. The build runs this file under Node for the
 * stored picture and the browser runs it for the live one, so nothing jumps when one follows the other.
 *
 * @typedef {ArrayLike<number>} Values
 * @typedef {import("./heatmap.js").View} View
 * @typedef {{kind: "matrix", name: string, title: string, note?: string, views: View[], says?: string}} Matrix one or several in a row
 * @typedef {{kind: "series", name: string, title: string, note?: string, x: string, y: string, top?: number,
 *   lines: {label: string, values: Values}[], style?: "bars" | "line" | "points" | "planes" | "dials" | "faders", cut?: number, says?: string, rest?: string}} Series
 * @typedef {{kind: "pairs", name: string, title: string, note?: string, before: Values, after: Values, says: string}} Pairs
 * @typedef {{label: string, points: number[][]}} Line
 * @typedef {{kind: "curve", name: string, title: string, note?: string, says: string, at: number, most: number, per: number,
 *   dots: Record<string, number>, lora: Values, lines?: Line[]}} Curve shares by parameters: of LoRA, of this method, and with its present knobs
 * @typedef {{kind: "number", name: string, label: string, value: number, text: string, unit: string,
 *   note?: string}} Gauge
 * @typedef {(Matrix | Series | Pairs | Curve | Gauge) & {stage?: boolean}} Panel a stage is the picture of the method's hypothesis
 * @typedef {{panels: Panel[], sentence: string}} Answer
 * @typedef {import("./heatmap.js").Raster} Raster
 */

import { canvas } from "./heatmap.js";
import { lazily } from "../page/files.js";

/** @type {typeof import("./chart.js") | undefined} kept: to import what is there already takes a task of its own, and a frame */
let loaded;
export const charts = async () => (loaded ??= await lazily(() => import("./chart.js")));

/**
 * Draws an answer into the form of a widget. Figures that exist are kept, with their focus.
 *
 * @param {HTMLElement} root
 * @param {Answer} answer
 * @param {Raster} raster makes the picture of a matrix: a canvas, or an image at build time
 */
export async function draw(root, { panels, sentence }, raster = canvas) {
  const drawing = await charts();
  const names = new Set(panels.map(({ name }) => name));
  for (const old of parts(root)) if (!names.has(old.dataset.panel ?? "")) old.remove();
  const known = new Set(parts(root).map(({ dataset }) => dataset.panel));
  const series = panels.flatMap((panel) => (panel.kind === "series" ? [panel] : []));
  const heads = columns(series);
  for (const panel of panels) {
    if (panel.kind === "matrix") drawMatrix(root, panel, raster);
    if (panel.kind === "series") drawSeries(root, panel, drawing, /** @type {string[]} */ (heads.get(panel)));
    if (panel.kind === "pairs") drawPairs(root, panel, drawing);
    if (panel.kind === "curve") drawCurve(root, panel, drawing);
    if (panel.kind === "number") drawGauge(root, panel);
    if (panel.note) entry(root, ".definitions", panel.name, "label" in panel ? panel.label : panel.title, panel.note);
  }
  drawTable(root, [...heads.values()].flat(), series.flatMap(tabled));
  const views = panels.flatMap((panel) => (panel.kind === "matrix" ? panel.views : []));
  drawExtents(root, views);
  write(root, ".sentence", sentence);
}

/**
 * Gives panels that show the same thing in several answers the same scale, if all start from the same matrix.
 *
 * @param {Answer[]} answers
 */
export function share(answers) {
  const [first, ...others] = answers.map(({ panels: [matrix] }) =>
    matrix.kind === "matrix" ? matrix.views[0].values : [],
  );
  const same = (/** @type {Values} */ other) =>
    other.length === first.length && Array.from(other).every((v, i) => v === first[i]);
  if (!others.every(same)) return;
  const panels = answers.flatMap((answer) => answer.panels);
  const views = panels.flatMap((panel) => (panel.kind === "matrix" ? panel.views : []));
  const series = panels.flatMap((panel) => (panel.kind === "series" && panel.style !== "faders" ? [panel] : []));
  for (const view of views)
    view.limit = Math.max(...views.filter(({ label }) => label === view.label).map(({ limit }) => limit));
  for (const panel of series) panel.top = Math.max(...series.filter(({ title }) => title === panel.title).map(highest));
}

/** The lines of a panel that say something as numbers: of planes not their points. @param {Series} panel */
const tabled = ({ style, lines }) => (style === "planes" ? lines.slice(2) : lines);

/**
 * The heads of the columns in which the table has the lines of panels: their labels, with the panel's title where two are alike.
 *
 * @param {Series[]} panels
 */
function columns(panels) {
  const labels = panels.flatMap(tabled).map(({ label }) => label);
  const once = (/** @type {string} */ label) => labels.indexOf(label) === labels.lastIndexOf(label);
  return new Map(
    panels.map((panel) => [
      panel,
      tabled(panel).map(({ label }) => (once(label) ? label : `${panel.title}: ${label}`)),
    ]),
  );
}

// Matrices -----------------------------------------------------------------------------------------

/** @param {HTMLElement} root @param {Matrix} panel @param {Raster} raster */
function drawMatrix(root, panel, raster) {
  const document = root.ownerDocument;
  const old = named(root, "figure", panel.name);
  if (old?.querySelectorAll(".view").length !== panel.views.length) old?.remove(); // an adapter with other arrays
  const figure =
    named(root, "figure", panel.name) ??
    newFigure(root, panel, () => {
      const scale = () => h(document, "p", { class: "scale" }, ...["span", "i", "span"].map((tag) => h(document, tag)));
      const label = () => h(document, "p", { class: "label" });
      const view = () => h(document, "div", { class: "view" }, newStage(document), scale(), label());
      return { caption: [], body: [h(document, "div", { class: "views" }, ...panel.views.map(view))] };
    });
  figure.querySelectorAll(".view").forEach((element, i) => {
    const view = panel.views[i];
    const { rows, columns, tile = [rows, columns] } = view;
    const stage = /** @type {Element} */ (element.firstElementChild);
    const picture = raster(view, stage.querySelector("img, canvas"), document);
    write(element, ".label", view.label);
    const text = `${view.label}, ${rows} × ${columns}: ${extent(view.values)}.`;
    set(picture, {
      class: `${rows > columns ? "tall" : "wide"}${view.tile ? " tiled" : ""}`,
      ...(view.tile ? { style: `--rows:${(100 * tile[0]) / rows}%;--columns:${(100 * tile[1]) / columns}%` } : {}),
      ...(picture.localName === "img" ? { alt: text } : { role: "img", "aria-label": text }),
    });
    show(stage, picture);
    const [low, , high] = element.querySelectorAll(".scale > *");
    [low.textContent, high.textContent] = [short(-view.limit), short(view.limit)];
  });
  const [down, across] = panel.views.some(({ label }) => label.includes("Y"))
    ? ["features", "tokens"]
    : ["outputs", "inputs"];
  const { rows, columns } = panel.views[0];
  rest(figure, panel.says ?? `${rows} ${down} × ${columns} ${across}`);
}

/** @type {WeakMap<Values, number[]>} */
const found = new WeakMap();

/** @param {Values} values @returns {number[]} the least, the largest, and the root mean square */
function extents(values) {
  const known = found.get(values);
  if (known) return known;
  let [low, high, squares] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
    squares += values[i] ** 2;
  }
  const told = [low, high, Math.sqrt(squares / values.length)];
  found.set(values, told);
  return told;
}

/** @param {Values} values */
function extent(values) {
  const [low, high, square] = extents(values).map(short);
  return `from ${low} to ${high}, root mean square ${square}`;
}

/** Writes what the heatmaps hold, where the form has a table for it. @param {HTMLElement} root @param {View[]} views */
function drawExtents(root, views) {
  const table = root.querySelector(".extents");
  if (!table) return;
  fill(table.querySelector("thead"), [["matrix", "rows × columns", "from", "to", "root mean square"]], "col");
  const rows = views.map(({ label, rows, columns, values }) => [
    label,
    `${rows} × ${columns}`,
    ...extents(values).map(short),
  ]);
  fill(table.querySelector("tbody"), rows, "row");
}

// Series -------------------------------------------------------------------------------------------

/** @param {HTMLElement} root @param {Series & {stage?: boolean}} panel @param {typeof import("./chart.js")} drawing @param {string[]} heads */
function drawSeries(root, panel, { chart, ...drawings }, heads) {
  const document = root.ownerDocument;
  const told = panel.lines.length > 1 && panel.says === undefined;
  const key = () => panel.lines.map(({ label }, i) => h(document, "span", { class: `key line-${i}` }, label));
  const figure =
    named(root, "figure", panel.name) ??
    newFigure(root, panel, () => ({ caption: told ? key() : [], body: [newStage(document)] }));
  write(figure, ".title", panel.title);
  write(figure, ".says", panel.says ?? "");
  const lines = panel.lines.map(({ values }) => Array.from(values));
  const low = Math.min(0, ...lines.flat());
  const high = panel.top || Math.max(highest(panel), 0) || (low < 0 ? 0 : 1);
  const { style: shape, cut, stage, top } = panel;
  const own = /** @type {any} */ (drawings)[/** @type {string} */ (shape)];
  const svg = own
    ? own(document, lines, shape === "faders" ? top : undefined)
    : chart(document, lines, [low, high], short, {
        shape: /** @type {any} */ (shape),
        cut,
        tall: stage || panel.name === "training",
      });
  const words = panel.y === "singular value" ? summary : extent;
  const text = tabled(panel)
    .map(({ label, values }) => `${label}: ${words(Array.from(values))}`)
    .join("; ");
  set(svg, {
    ...{ class: "chart", role: "img", "aria-label": `${panel.title}. ${text}.` },
    "data-columns": `${lines[0].length}`,
    "data-lines": JSON.stringify(heads),
    ...(shape === "faders" && top ? { "data-end": `${top}`, "data-each": panel.x } : {}),
  });
  show(/** @type {Element} */ (figure.querySelector(".stage")), svg);
  const alone = told || panel.lines.length === 1;
  const resting = panel.rest ?? (alone ? `${panel.y} by ${panel.x}` : `grey: ${panel.lines[0].label}`);
  rest(figure, own ? "" : resting);
}

/** @param {HTMLElement} root @param {Pairs} panel @param {typeof import("./chart.js")} drawing */
function drawPairs(root, panel, { pairs }) {
  const [before, after] = [panel.before, panel.after].map((values) => Array.from(values));
  const text = `${panel.title}, ${before.length} pairs: ${panel.says}.`;
  place(root, panel, pairs(root.ownerDocument, before, after), text, "across before, up after");
}

/** @param {HTMLElement} root @param {Curve} panel @param {typeof import("./chart.js")} drawing */
function drawCurve(root, panel, { curve }) {
  const { at, dots, lora, per, lines = [] } = panel;
  const grey = Array.from(lora).length > 1 ? Array.from(lora, (share, rank) => [rank * per, share]) : [];
  const percent = (/** @type {number} */ share) => `${Math.round(100 * share)} %`;
  const told = lines.map(({ label, points }) => {
    const name = label === "kept" ? "This method" : `Without its hypothesis (${label})`;
    return `${name}: ${points.map(([x, y]) => `${percent(y)} with ${x}`).join(", ")}.`;
  });
  const now = Object.entries(dots).map(([name, share]) => `${name} ${percent(share)}`);
  const text = `${panel.title}. Now ${now.join(", ")} with ${at} parameters. ${told.join(" ")}`;
  const svg = curve(root.ownerDocument, { at, most: panel.most, dots: Object.entries(dots), grey, lines });
  const dashed = lines.some(({ label }) => label !== "kept") ? "; dashed: control" : "";
  place(root, panel, svg, text, (grey.length ? "grey: LoRA" : "by trained parameters") + dashed);
}

/** @param {HTMLElement} root @param {Pairs | Curve} panel @param {Element} svg @param {string} label @param {string} text */
function place(root, panel, svg, label, text) {
  const document = root.ownerDocument;
  const figure =
    named(root, "figure", panel.name) ?? newFigure(root, panel, () => ({ caption: [], body: [newStage(document)] }));
  set(svg, { class: panel.kind, role: "img", "aria-label": label });
  show(/** @type {Element} */ (figure.querySelector(".stage")), svg);
  write(figure, ".says", panel.says);
  rest(figure, text);
}

/** @param {Series} panel */
const highest = ({ lines }) =>
  lines.flatMap(({ values }) => Array.from(values)).reduce((top, value) => Math.max(top, value), -Infinity);

/** @param {number[]} sigma */
function summary(sigma) {
  const above = sigma.filter((v) => v > sigma[0] * sigma.length * Number.EPSILON).length;
  return `${above} of ${sigma.length} above round-off, largest ${short(sigma[0])}, smallest ${short(sigma[sigma.length - 1])}`;
}

/** @param {HTMLElement} root @param {string[]} heads @param {Series["lines"]} lines */
function drawTable(root, heads, lines) {
  const count = Math.max(0, ...lines.map(({ values }) => values.length));
  const numbers = (/** @type {number} */ i) => lines.map(({ values }) => (i < values.length ? short(values[i]) : ""));
  fill(root.querySelector(".values thead"), [["index", ...heads]], "col");
  fill(
    root.querySelector(".values tbody"),
    Array.from({ length: count }, (_, i) => [`${i + 1}`, ...numbers(i)]),
    "row",
  );
}

/**
 * Writes texts into a part of a table. What is there is kept: most moves change some numbers alone.
 *
 * @param {Element | null} part @param {string[][]} rows
 * @param {"col" | "row"} scope whether each cell is the head of its column, or the first one that of its row
 */
function fill(part, rows, scope) {
  if (!part) return;
  const document = part.ownerDocument;
  for (const [i, texts] of rows.entries()) {
    const row = part.children[i] ?? part.appendChild(h(document, "tr"));
    for (const [j, text] of texts.entries()) {
      const cell =
        row.children[j] ?? row.appendChild(scope === "col" || !j ? h(document, "th", { scope }) : h(document, "td"));
      if (cell.textContent !== text) cell.textContent = text;
    }
    while (row.children.length > texts.length) row.lastElementChild?.remove();
  }
  while (part.children.length > rows.length) part.lastElementChild?.remove();
}

// Numbers ------------------------------------------------------------------------------------------

/** @param {HTMLElement} root @param {Gauge} panel */
function drawGauge(root, panel) {
  const dd = entry(root, ".gauges", panel.name, panel.label, "");
  const spans = ["value", "unit"].map((name) => h(root.ownerDocument, "span", { class: name }));
  if (!dd.firstElementChild) dd.replaceChildren(spans[0], " ", spans[1]);
  write(dd, ".value", panel.text);
  write(dd, ".unit", panel.unit);
}

/**
 * Finds or adds a term in a list, writes it, and returns the place of its description.
 *
 * @param {HTMLElement} root @param {string} list
 * @param {string} name @param {string} term @param {string} text
 */
function entry(root, list, name, term, text) {
  const { ownerDocument: document } = root;
  const dl = /** @type {HTMLElement} */ (root.querySelector(list));
  const group =
    named(dl, "div", name) ?? h(document, "div", { "data-panel": name }, h(document, "dt"), h(document, "dd"));
  if (!group.parentNode) dl.append(group);
  write(group, "dt", term);
  if (text) write(group, "dd", text);
  return /** @type {HTMLElement} */ (group.lastElementChild);
}

/** A number in three digits, written as `figures` of panels.py does. @param {number} value @returns {string} */
export function short(value) {
  const size = Math.abs(value);
  const powers = value && (size < 1e-3 || size >= 1e5);
  const [factor, power] = (powers ? value.toExponential(1) : `${+value.toPrecision(3)}`).split("e");
  const raised = power && Array.from(power, (sign) => RAISED[sign]).join("");
  return (raised ? `${factor} · 10${raised}` : factor).replace("-", "−");
}

/** @type {Record<string, string>} */
const RAISED = { "+": "", "-": "⁻", ...Object.fromEntries([..."⁰¹²³⁴⁵⁶⁷⁸⁹"].entries()) };

// Elements -----------------------------------------------------------------------------------------

/**
 * @param {Document} document @param {string} tag @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children text is never read as HTML: an edited method may have written it
 */
function h(document, tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

/** @param {Element} element @param {Record<string, string>} attributes */
function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

/** @param {Element} root @param {string} selector @param {string} text */
function write(root, selector, text) {
  const element = root.querySelector(selector);
  if (element && element.textContent !== text) element.textContent = text;
}

/** @param {Element} root @returns {HTMLElement[]} */
const parts = (root, tag = "") =>
  [...root.querySelectorAll(`${tag}[data-panel]`)].map((part) => /** @type {HTMLElement} */ (part));

/** @param {Element} root @param {string} tag @param {string} name */
const named = (root, tag, name) => parts(root, tag).find((part) => part.dataset.panel === name);

/** @param {Document} document */
const newStage = (document) => h(document, "div", { class: "stage" }, h(document, "span", { class: "cursor" }));

/**
 * A figure stands in the part of the form that holds its name, or else with the others.
 *
 * @param {HTMLElement} root @param {Exclude<Panel, Gauge>} panel
 * @param {() => {caption: Node[], body: Node[]}} content
 */
function newFigure(root, panel, content) {
  const { ownerDocument: document } = root;
  const { caption, body } = content();
  const says = "says" in panel && panel.kind !== "matrix" ? [h(document, "span", { class: "says" })] : [];
  const words = [h(document, "span", { class: "title" }, panel.title), ...says, ...caption];
  const title = h(document, "figcaption", {}, ...words);
  const kinds = panel.kind === "series" ? [panel.style, panel.lines.length > 1 && "two"] : [];
  const names = { class: [panel.kind, ...kinds].filter(Boolean).join(" "), "data-panel": panel.name };
  const figure = h(document, "figure", names, title, ...body, h(document, "output"));
  const place = panel.stage ? "stage" : panel.name;
  (root.querySelector(`[data-holds~="${place}"]`) ?? root.querySelector(".more"))?.append(figure);
  return figure;
}

/** @param {Element} stage @param {Element} picture */
function show(stage, picture) {
  const old = stage.querySelector("img, canvas, svg");
  if (!old) stage.prepend(picture);
  else if (old !== picture) become(old, picture);
}

/** Makes a picture like a new one. What stays the same is kept, for a browser lays out anew what is replaced. @param {Element} old @param {Element} fresh */
function become(old, fresh) {
  const alike = old.localName === fresh.localName && old.children.length === fresh.children.length;
  if (!alike) return old.replaceWith(fresh);
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (!old.children.length && old.textContent !== fresh.textContent) old.textContent = fresh.textContent;
  const parts = [...fresh.children];
  for (const [i, part] of [...old.children].entries()) become(part, parts[i]);
}

/** Sets what a figure's read-out says while nothing is read. @param {Element} figure @param {string} text */
function rest(figure, text) {
  const output = /** @type {HTMLElement} */ (figure.querySelector("output"));
  output.dataset.rest = text;
  if (!figure.querySelector(".reading") && output.textContent !== text) output.textContent = text;
}
