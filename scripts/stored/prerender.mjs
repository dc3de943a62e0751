/**
 * Draws stored pictures: reads {name: {html, answers}} or {name: {html, file}} from standard input and writes {name: html}.
 *
 * `html` has a form without its panels for every answer; a file of stored answers has it as its first. The drawing is demos/widget/draw.js, the same as in the browser;
 * only a matrix becomes an image here, since a canvas has no place in a file.
 */

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { crc32, deflateSync } from "node:zlib";
import { parseHTML } from "linkedom";
import { draw, share } from "../../demos/widget/draw.js";
import { PALETTE, levels } from "../../demos/widget/heatmap.js";
import { Sweep } from "../../demos/widget/sweep.js";

/**
 * @param {string} type @param {Uint8Array} data
 * @returns {Buffer} one chunk of a PNG file
 */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/**
 * A PNG with a palette is half the size of one with RGBA, which is all that PNG packages write.
 *
 * @param {import("../../demos/widget/heatmap.js").View} view
 */
function png(view) {
  const { rows, columns } = view;
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 3, 0, 0, 0]); // 8 bits, palette
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  const pixels = levels(view);
  const lines = Buffer.alloc(rows * (columns + 1)); // each line starts with its filter, 0: none
  for (let i = 0; i < rows; i++) lines.set(pixels.subarray(i * columns, (i + 1) * columns), i * (columns + 1) + 1);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk(
      "PLTE",
      PALETTE.filter((_, i) => i % 4 < 3),
    ),
    chunk(
      "tRNS",
      PALETTE.filter((_, i) => i % 4 === 3),
    ),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** @type {import("../../demos/widget/heatmap.js").Raster} */
function image(view, _, document) {
  const element = document.createElement("img");
  const source = `data:image/png;base64,${png(view).toString("base64")}`;
  for (const [name, value] of Object.entries({ src: source, width: view.columns, height: view.rows })) {
    element.setAttribute(name, `${value}`);
  }
  return element;
}

/** @param {string} path @returns {import("../../demos/widget/draw.js").Answer[]} */
function first(path) {
  const bytes = new Uint8Array(readFileSync(path)); // a buffer of its own, which starts with the file
  const sweep = new Sweep(bytes.buffer);
  const [{ value, world, hypothesis }] = sweep.answers;
  return [/** @type {any} */ (sweep.find(value, world, hypothesis))];
}

/** @type {Record<string, {html: string, answers?: import("../../demos/widget/draw.js").Answer[], file: string}>} */
const demos = JSON.parse(await text(process.stdin));
/** @type {Record<string, string>} */
const drawn = {};
for (const [name, { html, file, answers = first(file) }] of Object.entries(demos)) {
  const { document } = parseHTML(`<!doctype html><html><body>${html}</body></html>`);
  const forms = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("form.demo"));
  share(answers);
  for (const [i, answer] of answers.entries()) await draw(forms[i], answer, image);
  for (const svg of document.querySelectorAll("svg")) {
    // A hundredth of a pixel is enough, but not of a number that is read out.
    svg.outerHTML = svg.outerHTML.replace(/aria-label="[^"]*"|\d+\.\d{3,}/g, (found) =>
      found.startsWith("aria") ? found : `${+Number(found).toFixed(2)}`,
    );
  }
  drawn[name] = document.body.innerHTML;
}
process.stdout.write(JSON.stringify(drawn));
