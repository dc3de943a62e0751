/** The printed cells behind rows of Head to head, and the sources that they are from. */

import { load, records, text } from "./csv.js";
import { make, row, table } from "./element.js";

/** A cell, by the names of the columns. @typedef {Record<string, string>} Cell */

/** Return the key that leads from a row to its cells. @param {{method?: string, baseline?: string, suite?: string, by?: string}} row */
const key = ({ method, baseline, suite, by }) => JSON.stringify([method, baseline, suite?.replaceAll(" ", "-"), by]);

/**
 * The cells of some rows of the table, in the order of the file.
 *
 * @param {string} address of the CSV @param {Iterable<HTMLElement>} rows
 */
export async function cellsOf(address, rows) {
  const wanted = new Set([...rows].map(({ dataset }) => key(dataset)));
  return (await records(address)).filter(({ method, baseline, suite, run_by }) =>
    wanted.has(key({ method, baseline, suite, by: run_by === "authors" ? "own" : "others" })),
  );
}

/** Cells as CSV. @param {Cell[]} cells @param {string[]} about lines before them */
export function asCsv(cells, about) {
  const names = Object.keys(cells[0] ?? {});
  return text([names, ...cells.map((cell) => names.map((name) => cell[name]))], about);
}

/** The entries of the publications that cells are from. @param {string} address of the bibliography @param {Cell[]} cells */
export async function asBibtex(address, cells) {
  const wanted = new Set(cells.map(({ source_key }) => source_key));
  const entries = (await load(address)).split(/\n(?=@)/);
  const named = (/** @type {string} */ entry) => /^\s*@\w+\{([^,]+),/.exec(entry)?.[1] ?? "";
  return `${entries
    .filter((entry) => wanted.has(named(entry)))
    .map((entry) => entry.trim())
    .join("\n\n")}\n`;
}

const SHOWN = /** @type {const} */ ({
  source_key: "Source",
  place: "Place",
  model: "Model",
  metric: "Metric",
  method_value: "Method",
  baseline_value: "Baseline",
  method_params: "Its parameters",
  baseline_params: "Baseline’s",
  seeds: "Seeds",
  spread: "Spreads",
  run_by: "Run by",
  note: "Settings and remarks",
});

/** What leads from a cell to the form for corrections, with what the cell says. @param {Cell} cell */
function correction(cell) {
  const whole = /** @type {HTMLAnchorElement | null} */ (document.querySelector(".page-foot a.correct"));
  if (!whole) return "";
  const url = new URL(whole.href);
  const { source_key, place, method, baseline, model, suite, metric, method_value, baseline_value } = cell;
  const says = [source_key, place, model, suite, metric, `${method} ${method_value}`, `${baseline} ${baseline_value}`];
  url.searchParams.set("says", says.join("; "));
  return make("a", { href: url.href, className: "correct" }, "Correct this");
}

/** A table of cells. @param {Cell[]} cells @param {string} caption @param {string} sources the page that lists these */
export function asTable(cells, caption, sources) {
  const rows = cells.map((cell) => {
    const [, ...texts] = Object.keys(SHOWN).map((name) => cell[name] || "–");
    const { source_key } = cell;
    const line = row(make("a", { href: `${sources}#ref-${source_key}` }, source_key), ...texts);
    line.cells[texts.length].append(" ", correction(cell));
    return line;
  });
  return table(caption, Object.values(SHOWN), rows);
}
