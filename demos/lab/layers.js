/** A table of layers and matrices: one measure of each as number and colour, and all that is known of the one that is open. */

import { chart } from "../widget/chart.js";
import { make } from "./dom.js";
import { grid } from "./grid.js";

/**
 * @typedef {{module: string, row: string, column: string}} Layer
 * @typedef {Record<string, any>} Found measures by their names
 * @typedef {Record<string, {title: (of: string) => string, write: (value: number) => string}>} Measures
 */

const MOST = 128; // singular values that a chart shows

export class Layers {
  /** @type {Layer[]} */
  layers = [];
  /** @type {Map<string, Found>} by module */
  found = new Map();
  open = "";
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
    const columns = [...new Set(layers.map(({ column }) => column))];
    const rows = [...new Set(layers.map(({ row }) => row))];
    const brief = abridged(columns);
    const name = common(rows);
    const head = make("tr", {}, make("th", { scope: "col" }, "Layer"));
    for (const column of columns)
      head.append(make("th", { scope: "col", title: column }, make("span", {}, brief(column))));
    const body = make("tbody", {});
    for (const row of rows) {
      const line = make("tr", {}, make("th", { scope: "row", title: row }, name(row)));
      for (const column of columns) {
        const layer = layers.find((layer) => layer.row === row && layer.column === column);
        const cell = make("td", {});
        if (layer) cell.dataset.cell = layer.module;
        line.append(cell);
      }
      body.append(line);
    }
    const table = make("table", {}, make("caption", {}), make("thead", {}, head), body);
    grid(table, this.#show);
    this.find(".about").replaceChildren(
      make("p", {}, about),
      ...notes.map((note) => make("p", { className: "note" }, note)),
    );
    this.find(".heat").replaceChildren(table);
    this.find(".opened").replaceChildren();
    this.find(".result").hidden = false;
  }

  /** Takes what stands there away. */
  clear() {
    [this.layers, this.open] = [[], ""];
    this.find(".result").hidden = true;
  }

  /** Writes what is measured into the table, each number with its share of the largest as colour. */
  paint() {
    if (!this.layers.length) return;
    const measure = this.find("[name=measure]:checked").value;
    const { title, write } = this.#measures[measure];
    const most = Math.max(...[...this.found.values()].map((found) => found[measure] ?? 0));
    const [of = "ΔW"] = new Set([...this.found.values()].map((found) => found.of));
    this.find("caption").textContent = `${title(of)}, for every matrix. A click, or arrow keys and Enter, opens one.`;
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
      const figure = make("figure", { className: "chart" });
      figure.append(
        chart(document, [shown], [0, sigma[0]], (value) => `${Number(value.toPrecision(3))}`),
        make(
          "figcaption",
          {},
          `Singular values of ${of}${sigma.length > MOST ? `, the first ${MOST} of ${sigma.length}` : ""}`,
        ),
      );
      section.append(figure);
    }
    if (note) section.append(make("p", {}, note));
    this.find(".opened").replaceChildren(section);
  }

  /** @param {string} selector @returns {any} */
  find(selector) {
    return this.#root.querySelector(selector);
  }
}

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

/** @param {number} share */
export function percent(share) {
  return `${(100 * share).toFixed(0)} %`;
}
