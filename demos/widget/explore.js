/** Reads single values from a figure by pointer, touch or arrow keys. */

import { short } from "./draw.js";
import { POWER, shown } from "./heatmap.js";

/** @type {Record<string, [number, number]>} row and column */
export const MOVES = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  Home: [0, -1e4],
  End: [0, 1e4],
};

/** Lets the figures of a widget's form be read by pointer and keyboard. @param {HTMLElement} root */
export function explorable(root) {
  for (const stage of root.querySelectorAll("figure:not(.planes, .dials) .stage:not([tabindex])"))
    explore(root, /** @type {HTMLElement} */ (stage));
}

/** @param {HTMLElement} root the widget's form @param {HTMLElement} stage */
export function explore(root, stage) {
  const figure = /** @type {HTMLElement} */ (stage.closest("figure"));
  const output = /** @type {HTMLElement} */ (figure.querySelector("output"));
  let [row, column] = [0, 0];

  /** @param {number} toRow @param {number} toColumn @param {ReturnType<typeof grid>} cells */
  const read = (toRow, toColumn, cells) => {
    const { rows, columns, text } = cells;
    row = Math.max(0, Math.min(rows - 1, toRow));
    column = Math.max(0, Math.min(columns - 1, toColumn));
    mark(stage, row, column, cells);
    output.textContent = text(row, column);
    if (figure.matches("[data-panel=weights], [data-panel=wanted], .faders")) light(root, row, rows);
    const layers = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-panel=layers] .stage")]);
    const layer = figure.matches("[data-panel=delta_spectrum]") ? column : [column, row][layers.indexOf(stage)];
    lightLayer(root, stage, layer, layers[0]);
  };
  const stop = () => {
    stage.classList.remove("reading");
    light(root);
    lightLayer(root, stage);
    output.textContent = output.dataset.rest ?? "";
  };
  /** @param {PointerEvent} event */
  const point = ({ clientX, clientY, buttons, target }) => {
    if (buttons && target instanceof HTMLInputElement) return; // a slider in the hand tells of itself
    const cells = grid(root, stage);
    const { left, top } = stage.getBoundingClientRect();
    output.setAttribute("aria-live", "off");
    read(
      Math.floor(((clientY - top - cells.box.top) / cells.box.height) * cells.rows),
      Math.floor(((clientX - left - cells.box.left) / cells.box.width) * cells.columns),
      cells,
    );
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (event.target !== stage) return; // but a slider upon it
    if (event.key === "Escape") stop();
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    output.setAttribute("aria-live", "polite");
    const reading = stage.classList.contains("reading");
    read(row + (reading ? move[0] : 0), column + (reading ? move[1] : 0), grid(root, stage));
  };
  stage.tabIndex = 0;
  stage.setAttribute("role", "group");
  stage.setAttribute("aria-label", `${figure.querySelector(".title")?.textContent}: arrow keys read single values`);
  stage.addEventListener("pointermove", point);
  stage.addEventListener("pointerdown", point);
  stage.addEventListener("pointerleave", stop);
  stage.addEventListener("keydown", press);
  stage.addEventListener("blur", stop);
}

/**
 * Marks a neuron in all panels that show neurons: its row of the matrices, and its pairs among the cosines; without one, none.
 *
 * @param {HTMLElement} root @param {number} [row] @param {number} rows
 */
function light(root, row, rows = 1) {
  const cloud = root.querySelector("svg.pairs");
  cloud?.querySelector(".lit")?.remove();
  root.toggleAttribute("data-lit", row !== undefined);
  if (row === undefined) return;
  root.style.setProperty("--top", `${(100 * row) / rows}%`);
  root.style.setProperty("--high", `${100 / rows}%`);
  const dots = cloud?.querySelector(".dots");
  if (!dots || root.querySelector("[data-panel=weights] .label")?.textContent?.startsWith("Y")) return;
  const parts = dots.getAttribute("d")?.split("M").slice(1) ?? [];
  const drawn = (1 + Math.sqrt(1 + 8 * parts.length)) / 2; // of many neurons not all
  const pairs = Array.from({ length: drawn }, (_, i) =>
    Array.from({ length: drawn - 1 - i }, (_, j) => [i, i + 1 + j]),
  ).flat();
  const lit = /** @type {Element} */ (dots.cloneNode());
  lit.setAttribute("class", "lit");
  lit.setAttribute("d", parts.flatMap((part, k) => (pairs[k]?.includes(row) ? [`M${part}`] : [])).join(""));
  dots.after(lit);
}

/**
 * Marks a direction of the change, or none: its layer, its singular value, and on the curve what LoRA with those up to it explains.
 *
 * @param {HTMLElement} root @param {HTMLElement} stage where the reader is @param {number} [layer] @param {HTMLElement} [columns] where the columns are drawn
 */
function lightLayer(root, stage, layer = Infinity, columns) {
  const count = Number(columns?.querySelector("img, canvas")?.getAttribute("width") ?? 0);
  root.toggleAttribute("data-layer", layer < count);
  root.style.setProperty("--from", `${(100 * layer) / count}%`);
  root.style.setProperty("--share", `${100 / count}%`);
  root.querySelector("svg.curve .lit")?.remove();
  const bars = /** @type {HTMLElement | null} */ (root.querySelector("[data-panel=delta_spectrum] .stage"));
  if (bars !== stage) bars?.classList.remove("reading");
  if (bars && bars !== stage && layer < count) mark(bars, 0, layer, grid(root, bars));
  const places = root.querySelector("svg.curve .lora")?.getAttribute("d")?.slice(1).split("L") ?? [];
  const [cx, cy] = places[layer + 1]?.split(",") ?? [];
  if (!cy) return;
  const dot = /** @type {Element} */ (root.querySelector("svg.curve .now"));
  const lit = /** @type {Element} */ (dot.cloneNode());
  for (const [name, value] of Object.entries({ cx, cy, class: "lit" })) lit.setAttribute(name, value);
  dot.before(lit);
}

/** Marks a cell of a stage. @param {HTMLElement} stage @param {number} row @param {number} column @param {ReturnType<typeof grid>} cells */
function mark(stage, row, column, { box, rows, columns }) {
  const [width, height] = [box.width / columns, box.height / rows];
  const place = { left: box.left + column * width, top: box.top + row * height, width, height };
  const cursor = /** @type {HTMLElement} */ (stage.querySelector(".cursor"));
  for (const [side, length] of Object.entries(place)) cursor.style.setProperty(side, `${length}px`);
  stage.classList.add("reading");
}

/**
 * The cells that a stage shows: the box they fill inside it, how many, and what each one says.
 *
 * @param {HTMLElement} root @param {HTMLElement} stage
 */
function grid(root, stage) {
  const picture = /** @type {HTMLElement} */ (stage.firstElementChild);
  const [outer, inner] = [stage.getBoundingClientRect(), picture.getBoundingClientRect()];
  const box = { left: inner.left - outer.left, top: inner.top - outer.top, width: inner.width, height: inner.height };
  if (picture.localName !== "svg") {
    const { rows, columns, values, about, end } = shown.has(picture)
      ? { about: "", end: Infinity, .../** @type {import("./heatmap.js").View} */ (shown.get(picture)) }
      : stored(/** @type {HTMLImageElement} */ (picture), limitOf(stage));
    const said = (/** @type {number} */ v) => (Math.abs(v) < end ? about : v < 0 ? "≤ " : "≥ ") + short(v);
    const text = (/** @type {number} */ i, /** @type {number} */ j) =>
      `row ${i + 1}, column ${j + 1}: ${said(values[i * columns + j])}`;
    return { box, rows, columns, text };
  }
  const [head, ...body] = [...root.querySelectorAll(".values tr")].map((tr) =>
    [...tr.children].map((cell) => cell.textContent),
  );
  /** @type {string[]} */
  const lines = JSON.parse(picture.dataset.lines ?? "[]");
  const count = Number(picture.dataset.columns);
  const down = picture.closest(".faders") !== null;
  const [rows, columns] = down ? [count, 1] : [1, count];
  if (down) box.height *= count / (count + 3); // the words below are as high as three faders
  const text = (/** @type {number} */ row, /** @type {number} */ column) => {
    const i = Math.max(row, column);
    return `${head[0]} ${i + 1}: ${lines.map((line) => `${line} ${body[i][head.indexOf(line)]}`).join(", ")}`;
  };
  return { box, rows, columns, text };
}

/** The upper end of the colour bar below a stage. @param {HTMLElement} stage */
const limitOf = (stage) => Number(stage.nextElementSibling?.lastElementChild?.textContent?.replaceAll("−", "-"));

/**
 * The numbers of a stored picture, as exactly as its colours tell them: opacity is size, hue is sign.
 *
 * @param {HTMLImageElement} image @param {number} limit
 */
function stored(image, limit) {
  const [columns, rows] = [image.naturalWidth, image.naturalHeight];
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d");
  context?.drawImage(image, 0, 0);
  const pixels = context?.getImageData(0, 0, columns, rows).data ?? [];
  const value = (/** @type {number} */ i) =>
    (pixels[4 * i] < pixels[4 * i + 2] ? -limit : limit) * (pixels[4 * i + 3] / 255) ** (1 / POWER);
  const values = Array.from({ length: rows * columns }, (_, i) => value(i));
  return { rows, columns, values, about: "≈ ", end: limit }; // the last colour is of all that is larger
}
