/** The printed cells behind rows of Head to head, and the sources that they are from. */

import { rows as parsed, text as written } from "./csv.js";
import { RELOAD } from "./files.js";

/** A cell, by the names of the columns. @typedef {Record<string, string>} Cell */

/** @param {string} address @returns {Promise<string>} */
async function text(address) {
  const answer = await fetch(address).catch(() => undefined);
  if (!answer?.ok) throw new Error(`${address.split("/").pop()} could not be loaded. ${RELOAD}`);
  return answer.text();
}

/** @type {Promise<Cell[]> | undefined} */
let loaded;

/** All cells. @param {string} address of the CSV @returns {Promise<Cell[]>} */
function all(address) {
  loaded ??= text(address).then((csv) => {
    const [names, ...rows] = parsed(csv);
    return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
  });
  loaded.catch(() => (loaded = undefined));
  return loaded;
}

/** Return the key that leads from a row to its cells. @param {{method?: string, baseline?: string, suite?: string, by?: string}} row */
const key = ({ method, baseline, suite, by }) => JSON.stringify([method, baseline, suite?.replaceAll(" ", "-"), by]);

/**
 * The cells of some rows of the table, in the order of the file.
 *
 * @param {string} address of the CSV @param {Iterable<HTMLElement>} rows
 */
export async function cellsOf(address, rows) {
  const wanted = new Set([...rows].map(({ dataset }) => key(dataset)));
  return (await all(address)).filter(({ method, baseline, suite, run_by }) =>
    wanted.has(key({ method, baseline, suite, by: run_by === "authors" ? "own" : "others" })),
  );
}

/** Cells as CSV. @param {Cell[]} cells @param {string[]} about lines before them */
export function asCsv(cells, about) {
  const names = Object.keys(cells[0] ?? {});
  const rows = [names, ...cells.map((cell) => names.map((name) => cell[name]))];
  return [...about.map((line) => `# ${line}\n`), written(rows)].join("");
}

/** The entries of the publications that cells are from. @param {string} address of the bibliography @param {Cell[]} cells */
export async function asBibtex(address, cells) {
  const wanted = new Set(cells.map(({ source_key }) => source_key));
  const entries = (await text(address)).split(/\n(?=@)/);
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

/** @param {string} href @param {string} text @param {string} [kind] */
const link = (href, text, kind = "") =>
  Object.assign(document.createElement("a"), { href, textContent: text, className: kind });

/** What leads from a cell to the form for corrections, with what the cell says. @param {Cell} cell */
function correction(cell) {
  const whole = /** @type {HTMLAnchorElement | null} */ (document.querySelector(".page-foot a.correct"));
  if (!whole) return "";
  const url = new URL(whole.href);
  const { source_key, place, method, baseline, model, suite, metric, method_value, baseline_value } = cell;
  const says = [source_key, place, model, suite, metric, `${method} ${method_value}`, `${baseline} ${baseline_value}`];
  url.searchParams.set("says", says.join("; "));
  return link(url.href, "Correct this", "correct");
}

/** A table of cells. @param {Cell[]} cells @param {string} caption @param {string} sources the page that lists these */
export function asTable(cells, caption, sources) {
  const table = document.createElement("table");
  table.className = "data";
  table.createCaption().textContent = caption;
  const head = table.createTHead().insertRow();
  for (const title of Object.values(SHOWN)) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = title;
    head.append(cell);
  }
  const body = table.createTBody();
  for (const cell of cells) {
    const row = body.insertRow();
    for (const name of Object.keys(SHOWN)) row.insertCell().textContent = cell[name] || "–";
    row.cells[0].replaceChildren(link(`${sources}#ref-${cell.source_key}`, cell.source_key));
    row.cells[row.cells.length - 1].append(" ", correction(cell));
  }
  return table;
}
