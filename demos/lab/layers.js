/** A table of layers and matrices: one measure of each as number and colour, and all that is known of the one that is open. */

import { chart } from "../widget/chart.js";
import { make, paragraph, row, table as drawn } from "../page/element.js";
import { grid } from "./grid.js";

/**
 * @typedef {{module: string, row: string, column: string}} Layer
 * @typedef {Record<string, any>} Found measures by their names
 * @typedef {Record<string, {title: (of: string) => string, write: (value: number) => string}>} Measures
 */

const MOST = 128; // singular values that a chart shows
const ROWS = 100; // that a page of the table has
const COLUMNS = 64; // above which every matrix has a row of its own
const TOLD = 5; // matrices that are named with what is wrong
const SOON = 200; // milliseconds until what is measured is shown

export class Layers {
  /** @type {Layer[]} */
  layers = [];
  /** @type {Map<string, Found>} by module */
  found = new Map();
  open = "";
  /** @type {[row: string, line: Map<string, string>][]} modules by their columns */
  #rows = [];
  /** @type {string[]} */
  #columns = [];
  #about = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;
  #root;
  #measures;
  #show;

  /**
   * @param {HTMLElement} root has the places .result, .about, .heat, .opened and the choice `measure`
   * @param {Measures} measures by the values of that choice
   * @param {(module: string) => void} show is called for a matrix that the reader opens
   */
  constructor(root, measures, show) {
    this.#root = root;
    this.#measures = measures;
    this.#show = show;
  }

  /** Lays out an empty table, and what is known before anything is measured. @param {Layer[]} layers @param {string} about @param {string[]} notes */
  lay(layers, about, notes) {
    [this.layers, this.open] = [layers, ""];
    this.found.clear();
    const many = new Set(layers.map(({ column }) => column)).size > COLUMNS;
    /** @type {Map<string, Map<string, string>>} */
    const rows = new Map();
    for (const { module, row, column } of layers) {
      const name = many ? module : row;
      const line = rows.get(name) ?? new Map();
      rows.set(name, line.set(many ? "" : column, module));
    }
    this.#rows = [...rows];
    this.#columns = [...new Set(this.#rows.flatMap(([, line]) => [...line.keys()]))];
    this.#about = about;
    this.find(".opened").replaceChildren();
    this.find(".result").hidden = false;
    this.tell(notes);
    this.#turn(0);
  }

  /** What is to be known besides. @param {string[]} notes */
  tell(notes) {
    this.find(".about").replaceChildren(make("p", {}, this.#about), ...notes.map((note) => paragraph("note", note)));
  }

  /** Shows a page of the table. @param {number} first of its rows */
  #turn(first) {
    const all = this.#rows;
    const brief = abridged(this.#columns);
    const name = common(all.map(([row]) => row));
    const heads = this.#columns.map((title) => make("span", { title }, brief(title)));
    const rows = all.slice(first, first + ROWS).map(([title, line]) => {
      const cells = this.#columns.map((column) => {
        const cell = make("td", {});
        const module = line.get(column);
        if (module !== undefined) cell.dataset.cell = module;
        return cell;
      });
      return row(make("th", { scope: "row", title }, name(title)), ...cells);
    });
    const table = drawn(" ", ["Layer", ...heads], rows);
    table.removeAttribute("class");
    grid(table, this.#show);
    const last = Math.min(first + ROWS, all.length);
    const to = (/** @type {string} */ text, /** @type {number} */ row) =>
      make("button", { type: "button", disabled: row < 0 || row >= all.length, onclick: () => this.#turn(row) }, text);
    const pages = make(
      "nav",
      { className: "pages", ariaLabel: "Pages of the table" },
      to("Previous", first - ROWS),
      make("output", {}, `Rows ${first + 1} to ${last} of ${all.length}`),
      to("Next", first + ROWS),
    );
    this.find(".heat").replaceChildren(table, ...(all.length > ROWS ? [pages] : []));
    this.paint();
  }

  /** Takes what stands there away. */
  clear() {
    [this.layers, this.open] = [[], ""];
    this.find(".result").hidden = true;
  }

  /** Takes what is measured of a matrix, and shows it soon. @param {string} module @param {Found} found */
  add(module, found) {
    this.found.set(module, found);
    this.#soon ??= setTimeout(() => this.paint(), SOON);
  }

  /** Writes what is measured into the table, each number with its share of the largest as colour. */
  paint() {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    if (!this.layers.length) return;
    const measure = this.find("[name=measure]:checked").value;
    const { title, write } = this.#measures[measure];
    let [most, of] = [0, ""];
    for (const found of this.found.values()) {
      most = Math.max(most, found[measure] ?? 0);
      of ||= found.of;
    }
    this.find("caption").textContent =
      `${title(of || "ΔW")}, for every matrix. A click, or arrow keys and Enter, opens one.`;
    for (const cell of this.#root.querySelectorAll("td[data-cell]")) {
      const { dataset, style, classList } = /** @type {HTMLElement} */ (cell);
      const found = this.found.get(dataset.cell ?? "");
      const value = found?.[measure];
      cell.textContent = value == null ? (found ? "–" : "") : write(value);
      style.setProperty("--s", `${most ? Math.round((100 * (value ?? 0)) / most) : 0}%`);
      classList.toggle("open", dataset.cell === this.open);
    }
  }

  /** Shows all that is known of one matrix. @param {string} module @param {[string, string][]} facts @param {number[]} sigma @param {string} of @param {string} note */
  show(module, facts, sigma, of, note) {
    this.open = module;
    this.paint();
    const list = make("dl", {});
    for (const [name, value] of facts) list.append(make("div", {}, make("dt", {}, name), make("dd", {}, value)));
    const section = make("section", { className: "specimen" }, make("h2", {}, module), list);
    if (sigma[0]) {
      const shown = sigma.slice(0, MOST);
      const picture = chart(document, [shown], [0, sigma[0]], (value) => `${Number(value.toPrecision(3))}`);
      const many = sigma.length > MOST ? `, the first ${MOST} of ${sigma.length}` : "";
      section.append(figure(picture, `Singular values of ${of}${many}`));
    }
    if (note) section.append(make("p", {}, note));
    this.find(".opened").replaceChildren(section);
  }

  /** @param {string} selector @returns {any} */
  find(selector) {
    return this.#root.querySelector(selector);
  }
}

/** @param {Node} picture @param {string} text */
export const figure = (picture, text) => make("figure", { className: "chart" }, picture, make("figcaption", {}, text));

/** Returns what gives names their last part, where that tells them apart. @param {string[]} names */
function abridged(names) {
  const last = (/** @type {string} */ name) => name.replace(/^.*\.(?=\D)/, "");
  return new Set(names.map(last)).size === names.length ? last : (/** @type {string} */ name) => name;
}

/** Returns what leaves out the beginning that all names share. @param {string[]} names */
export function common(names) {
  const start = names[0].replace(/\d+$/, "");
  const same = names.every((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)));
  return (/** @type {string} */ name) => (same ? name.slice(start.length) : name) || "–";
}

/** @template T @param {T | null | undefined} value @param {(value: T) => string} write */
export const said = (value, write) => (value == null ? "–" : write(value));

/** Three digits, unless it is a whole number. @param {number} value */
export function figures(value) {
  const text = value.toPrecision(3);
  return `${Number.isInteger(value) ? value : text.includes("e") ? Number(text) : text}`.replace("-", "−");
}

/** @param {number} matrices */
export const counted = (matrices) => `${matrices} ${matrices === 1 ? "matrix" : "matrices"}`;

/** Why matrices are not there, the first few by name. @param {string} what @param {Map<string, string>} reasons by module */
export function lacking(what, reasons) {
  const some = [...reasons].slice(0, TOLD).map(([module, reason]) => `${module}: ${reason}`);
  const more = reasons.size > TOLD ? [`${what}: ${reasons.size - TOLD} more.`] : [];
  return [...some.map((text) => `${what}: ${text}`), ...more];
}

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(0)} %`;
