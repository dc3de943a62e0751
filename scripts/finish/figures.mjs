/**
 * Draws figures: reads [{figure, label, role}] from standard input, writes [{html} or {error}] in the same order. Each is drawn
 * for a wide page and for a phone; styles show one.
 */

import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { parseHTML } from "linkedom";
import { chart, rows } from "../../demos/page/figure.js";
import { HALF, markup, shapes, view } from "../../demos/stage/draw.js";

const STORED = new URL("../../.build/stage/stage.json", import.meta.url);
const WIDTHS = { wide: 720, narrow: 340 };

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/** @type {{figure: any, label: string, role: string}[]} */
const asked = JSON.parse(await text(process.stdin));

/** @type {import("../../demos/stage/table.js").Stored | undefined} */
let read;

/** Read what scripts/stored/stage.py has written. */
const all = () =>
  (read ??= /** @type {import("../../demos/stage/table.js").Stored} */ (JSON.parse(readFileSync(STORED, "utf-8"))));

/** A stage at its best, which has one size. @param {{stage: string, target: string}} figure @param {string} label */
function still({ stage, target }, label) {
  const stored = all();
  const { best } = stored.methods[stage].scenes[target];
  const scene = markup(shapes(view(stored, stage, target, best)));
  const box = `${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`;
  return `<svg class="still" viewBox="${box}" role="img" aria-label="${label}"><g class="scene">${scene}</g></svg>`;
}

const drawn = asked.map(({ figure, label, role }) => {
  try {
    if ("stage" in figure) return { html: still(figure, label) };
    const draw = "rows" in figure ? rows : chart;
    const { width = WIDTHS.wide } = figure;
    const widths = { ...WIDTHS, wide: width };
    const all = Object.entries(widths).map(([kind, width]) => {
      const svg = draw(figure, width, document);
      svg.classList.add(kind);
      svg.setAttribute("role", role);
      svg.setAttribute("aria-label", label);
      return short(svg.outerHTML);
    });
    return { html: all.join("") };
  } catch (error) {
    return { error: /** @type {Error} */ (error).message };
  }
});

/** Places to a tenth of a pixel, and links that the theme's instant navigation leaves alone. @param {string} svg */
function short(svg) {
  const places = /(?<= (?:[xy][12]?|c[xy]|d|transform)="[^"]*)\d+\.\d{2,}/g;
  return svg.replace(places, (number) => `${+Number(number).toFixed(1)}`).replaceAll("<a href=", "<a xlink:href=");
}

process.stdout.write(JSON.stringify(drawn));
