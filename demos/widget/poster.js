/**
 * Figures of widgets as one picture for slides and papers, on white: 16:9 or square, SVG or PNG, with names, settings, numbers
 * and the address. Loaded with the first export.
 */

/**
 * @typedef {{title: string, note: string, views: {label: string, picture: HTMLCanvasElement}[], chart?: Element}} Figure
 * @typedef {{title: string, settings: string, sides: {name: string, root: ParentNode}[], gauges: [string, string][],
 *   sentence: string, foot: string}} Content
 */

/** @type {Record<string, [number, number]>} */
const SHAPES = { "16:9": [1280, 720], square: [1080, 1080] };
const [EDGE, GAP] = [48, 28];
const STYLE = `text { font: 15px system-ui, sans-serif; fill: #222 } .title { font-weight: 650; font-size: 28px } .head { font-weight: 600 }
  .small { font-size: 13px; fill: #555 } .value { font-weight: 600; font-size: 18px } .chart { color: #444 } .chart text { font-size: 10px; fill: #444 }
  .chart .line-0 { stroke: #2870d6 } .chart .line-1:not([stroke-width]) { stroke: #2870d6 } .pair .line-0:not([stroke-width]) { stroke: #aaa; stroke-width: 4 }
  .chart .cut { stroke: #555; stroke-dasharray: 4 3 } .chart [fill="none"] { fill: none }`;

/** The figures of a widget, each with the views that are chosen. @param {ParentNode} root @returns {Figure[]} */
export function figures(root) {
  const shown = (/** @type {Element} */ element) => getComputedStyle(element).display !== "none"; // in a fold, too
  return [...root.querySelectorAll(".picture figure")].filter(shown).map((figure) => {
    const text = (/** @type {string} */ selector) => figure.querySelector(selector)?.textContent?.trim() ?? "";
    const views = [...figure.querySelectorAll(".view")].filter(shown).map((view) => ({
      label: view.querySelector(".label")?.textContent ?? text("[name=shown]:checked + span"),
      picture: /** @type {HTMLCanvasElement} */ (view.querySelector("canvas, img")),
    }));
    const keys = [...figure.querySelectorAll(".key")].map(({ textContent }) => textContent);
    const [low, high] = [".view .scale > :first-child", ".view .scale > :last-child"].map(text);
    return {
      title: text(".title") || views[0]?.label || "",
      note: views.length ? `${low} (blue) to ${high} (orange)` : keys.length ? `${keys[0]} grey, ${keys[1]} blue` : "",
      views,
      chart: figure.querySelector(".chart") ?? undefined,
    };
  });
}

/** Fills the choice of figures of an export menu, whose controls are not those of the widget. @param {ParentNode} root */
export function offer(root) {
  const select = /** @type {HTMLSelectElement} */ (root.querySelector(".menu [name=panel]"));
  const sides = root.querySelectorAll("[data-side]");
  const names = figures(sides[0] ?? root).map(({ title }) => title);
  const chosen = select.value;
  select.replaceChildren(new Option("all figures", ""), ...names.map((name, i) => new Option(name, `${i}`)));
  if (Number(chosen) < names.length) select.value = chosen;
}

/** @param {Content} content @param {string} shape @param {string} panel the number of one figure, or "" @returns {string} SVG */
export function poster({ title, settings, sides, gauges, sentence, foot }, shape, panel) {
  const [width, height] = SHAPES[shape] ?? SHAPES["16:9"];
  const svg = node("svg", { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` });
  svg.append(node("style", {}, STYLE), node("rect", { width, height, fill: "white" }));
  /** Writes lines that fit a width, and returns where the next one goes. */
  const write = (/** @type {string} */ text, x = 0, y = 0, room = width, kind = "", size = 15) => {
    const lines = wrap(text, Math.floor(room / (0.56 * size)));
    lines.forEach((line, i) => svg.append(node("text", { x, y: y + 1.35 * size * i, class: kind }, line.trim())));
    return y + 1.35 * size * lines.length;
  };
  let top = write(title, EDGE, 66, width - 2 * EDGE, "title", 28);
  top = write(settings, EDGE, top - 8, width - 2 * EDGE, "small", 13) + 14;

  const all = sides.map(({ name, root }) => ({ name, found: figures(root) }));
  const one = panel === "" ? undefined : Number(panel);
  const cells = all.map(({ name, found }) =>
    (one === undefined ? found : found.slice(one, one + 1)).map((figure) => ({ name, figure })),
  );
  const rows = arranged(cells, shape);
  const across = Math.max(...rows.map(({ length }) => length));
  const told = one === undefined ? gauges : [];
  const columns = shape === "square" ? 3 : 5;
  const below =
    54 * Math.ceil(told.length / columns) + 44 + 20 * wrap(sentence, Math.floor((width - 2 * EDGE) / 8.4)).length;
  const w = (width - 2 * EDGE - GAP * (across - 1)) / across;
  const h = (height - top - below - GAP * (rows.length - 1)) / rows.length;
  rows.forEach((row, j) =>
    row.forEach(({ name, figure }, i) => {
      const [x, y] = [EDGE + i * (w + GAP), top + j * (h + GAP)];
      let line = write(name ? `${name}: ${figure.title}` : figure.title, x, y + 12, w, "head", 15);
      if (figure.note) line = write(figure.note, x, line - 3, w, "small", 13);
      draw(svg, figure, { x, y: line - 6, w, h: h - (line - 6 - y) });
    }),
  );

  let y = height - below + 16;
  const cell = (width - 2 * EDGE) / columns;
  told.forEach(([label, value], i) => {
    const [x, line] = [EDGE + (i % columns) * cell, y + 54 * Math.floor(i / columns)];
    svg.append(node("text", { x, y: line, class: "small" }, clipped(label, cell - 10, 13)));
    const long = value.length * 0.6 * 18 > cell - 10;
    svg.append(
      node("text", { x, y: line + 22, class: long ? "" : "value" }, clipped(value, cell - 10, long ? 15 : 18)),
    );
  });
  y += 54 * Math.ceil(told.length / columns) + 6;
  write(sentence, EDGE, y, width - 2 * EDGE);
  svg.append(node("text", { x: EDGE, y: height - 18, class: "small" }, foot));
  return new XMLSerializer().serializeToString(svg);
}

/** Figures in rows: of two methods a row each, or side by side where the picture is square. @template T @param {T[][]} sides @param {string} shape */
function arranged(sides, shape) {
  if (sides.length > 1)
    return shape === "square" ? sides[0].map((_, i) => sides.flatMap((side) => side.slice(i, i + 1))) : sides;
  const [cells] = sides;
  const columns = shape === "square" && cells.length > 1 ? 2 : cells.length;
  return Array.from({ length: Math.ceil(cells.length / columns) }, (_, j) =>
    cells.slice(j * columns, (j + 1) * columns),
  );
}

/** @param {Element} svg @param {Figure} figure @param {{x: number, y: number, w: number, h: number}} box */
function draw(svg, { views, chart, note }, { x, y, w, h }) {
  if (chart) {
    const copy = /** @type {Element} */ (chart.cloneNode(true));
    copy.removeAttribute("style");
    copy.setAttribute("width", "220");
    if (note) copy.classList.add("pair");
    const frame = node("svg", { x, y, width: w, height: h, viewBox: "-36 0 264 172", preserveAspectRatio: "xMinYMin" });
    frame.append(copy);
    svg.append(frame);
  }
  const room = (w - 10 * (views.length - 1)) / views.length;
  views.forEach(({ label, picture }, i) => {
    const [columns, rows] =
      picture instanceof HTMLCanvasElement
        ? [picture.width, picture.height]
        : [
            /** @type {HTMLImageElement} */ (picture).naturalWidth,
            /** @type {HTMLImageElement} */ (picture).naturalHeight,
          ];
    const many = views.length > 1;
    const scale = Math.min(room / columns, (h - (many ? 20 : 0)) / rows);
    const place = { x: x + i * (room + 10), y: y + (many ? 20 : 0), width: columns * scale, height: rows * scale };
    if (many) svg.append(node("text", { x: place.x, y: y + 12, class: "small" }, clipped(label, room, 13)));
    const href =
      picture instanceof HTMLCanvasElement ? picture.toDataURL() : /** @type {HTMLImageElement} */ (picture).src;
    svg.append(
      node("image", { href, ...place, style: "image-rendering: pixelated" }),
      node("rect", { ...place, fill: "none", stroke: "#ccc" }),
    );
  });
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string | number>} attributes */
function node(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  element.textContent = text;
  return element;
}

/** @param {string} text @param {number} width in letters @returns {string[]} */
const wrap = (text, width) => text.match(new RegExp(`.{1,${width}}(\\s|$)`, "g")) ?? [];

/** @param {string} text @param {number} room @param {number} size */
function clipped(text, room, size) {
  const most = Math.floor(room / (0.56 * size));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** @param {string} svg @returns {Promise<Blob>} twice the size, for sharp print */
export async function raster(svg) {
  const [, width, height] = /** @type {string[]} */ (/ width="(\d+)" height="(\d+)"/.exec(svg));
  const image = new Image(2 * Number(width), 2 * Number(height));
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((file) =>
      file ? resolve(file) : reject(new Error("This browser makes no PNG of the picture; SVG is left.")),
    ),
  );
}

/** Saves the picture that an export menu asks for. @param {string} format @param {HTMLElement} root @param {Content} content @param {string} name of the file */
export async function savePicture(format, root, content, name) {
  const chosen = (/** @type {string} */ control) =>
    /** @type {HTMLSelectElement | null} */ (root.querySelector(`.menu [name=${control}]`))?.value ?? "";
  const svg = poster(content, chosen("shape"), chosen("panel"));
  const file = format === "png" ? await raster(svg) : new Blob([svg], { type: "image/svg+xml" });
  download(file, `${name}.${format}`);
}

/** @param {Blob} file @param {string} name */
export function download(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
