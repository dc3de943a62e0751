/**
 * Tables of data: what a reader can sort, filter, turn the pages of and take along. All are complete without this script.
 *
 * A grid library would build a table a second time, from data of its own; of those that are well kept none stays within 30 KB.
 */

import Tablesort from "tablesort";
import { remember, restore } from "./address.js";
import { text as csv } from "./csv.js";
import { PageElement, button, download, make, scrolling } from "./element.js";
import { lazily } from "./files.js";

const isNumber = (/** @type {string} */ item) => item !== "" && !Number.isNaN(Number(item));
Tablesort.extend("number", isNumber, (a, b) => Number(b) - Number(a));

/** Every column head sorts by its cells' `data-sort`, else by their text, with mouse and keyboard. @param {HTMLTableElement} table */
function sortable(table) {
  new Tablesort(table, { descending: true });
  for (const head of table.tHead?.rows[0].cells ?? [])
    head.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      head.click();
    });
}

/** `<sortable-table>` around a table. */
class SortableTable extends PageElement {
  connectedCallback() {
    if (this.dataset.ready) return;
    this.dataset.ready = "true";
    sortable(this.find("table"));
  }
}

/**
 * `<row-filter for="id">` around a form. A row (`[data-row]` inside the target) stays when, for every control
 * that is set, its attribute `data-<name>` holds the control's value as one of its words. What a search field named `text`
 * holds is looked for in the row and in its `data-text`.
 */
class RowFilter extends PageElement {
  connectedCallback() {
    const form = this.querySelector("form");
    const target = document.getElementById(this.getAttribute("for") ?? "");
    if (!form || !target) return;
    const signal = this.begin();
    const rows = /** @type {NodeListOf<HTMLElement>} */ (target.querySelectorAll("[data-row]"));
    const chosen = () => [...new FormData(form)].filter(([, value]) => value !== "");
    const apply = () => {
      for (const row of rows) row.hidden = !chosen().every(([name, value]) => holds(row, name, String(value)));
      const left = [...rows].filter(({ hidden }) => !hidden).length;
      if (this.find("output")) this.write("output", `${left} of ${rows.length}`);
      target.dispatchEvent(new Event("rowfilter"));
    };
    const follow = () => {
      form.reset();
      restore(form);
      apply();
    };
    this.hidden = false;
    follow();
    form.addEventListener("input", () => {
      apply();
      remember(form, chosen());
    });
    const all = form.querySelector("button[type=reset]");
    all?.addEventListener("click", () => setTimeout(() => form.dispatchEvent(new Event("input"))));
    form.addEventListener("submit", (event) => event.preventDefault());
    this.follow(({ href, hash }) => {
      history.pushState(null, "", href);
      follow();
      document.getElementById(hash.slice(1))?.scrollIntoView();
    });
    addEventListener("sameback", follow, { signal });
  }
}

/** @param {HTMLElement} row @param {string} name @param {string} value */
function holds(row, name, value) {
  if (name !== "text") return (row.dataset[name] ?? "").split(" ").includes(value);
  return `${row.textContent} ${row.dataset.text ?? ""}`.toLowerCase().includes(value.trim().toLowerCase());
}

const SIZE = 25; // rows of a page

/**
 * `<paged-table>` around a form of `<row-filter>` and tables in folds, one for each value of the first column: it puts their rows
 * into one table that can be sorted, shows so many at a time, and hands out those that the filter leaves as CSV. With `data-cells`,
 * the address of all printed cells, a row's button shows those behind it, and these and their sources are handed out, too.
 */
class PagedTable extends PageElement {
  first = 0;

  connectedCallback() {
    const folds = this.querySelector(".folds");
    if (!folds || this.dataset.ready) return;
    this.dataset.ready = "true";
    this.table = joined(folds, this.dataset);
    const box = scrolling(this.table, this.dataset.caption, "wide");
    folds.replaceWith(box);
    sortable(this.table);
    const { cells } = this.dataset;
    const more = cells && [button("cells", "Their printed cells as CSV"), button("bibtex", "Their sources as BibTeX")];
    this.tools = make("nav", { className: "pages" }, button("previous", "Previous"), make("output", {}));
    this.tools.append(button("next", "Next"), button("csv", "These rows as CSV"), ...(more || []));
    this.tools.setAttribute("aria-label", "Pages of the table");
    this.append(this.tools);
    this.find(".pages output").setAttribute("aria-live", "polite");
    this.table.addEventListener("click", ({ target }) => {
      const row = target instanceof HTMLButtonElement && target.name === "cells" && target.closest("tr");
      if (row) this.open(row);
    });
    this.tools.addEventListener("click", ({ target }) => {
      if (!(target instanceof HTMLButtonElement) || target.getAttribute("aria-disabled") === "true") return;
      if (target.name === "csv") return this.save("csv", this.csv());
      if (target.name === "cells" || target.name === "bibtex") return this.take(target.name);
      this.first += target.name === "next" ? SIZE : -SIZE;
      this.show();
      box.scrollTop = 0;
    });
    for (const change of ["afterSort", "rowfilter"])
      this.table.addEventListener(change, () => {
        this.first = 0;
        this.show();
      });
    this.show();
  }

  /** The rows that the filter leaves, in their order. */
  get rows() {
    return [...(this.table?.tBodies[0].rows ?? [])].filter(({ hidden }) => !hidden);
  }

  show() {
    const { rows, first, tools } = this;
    rows.forEach((row, i) => row.classList.toggle("elsewhere", i < first || i >= first + SIZE));
    const last = Math.min(first + SIZE, rows.length);
    this.say(rows.length ? `Rows ${first + 1} to ${last} of ${rows.length}` : "No row is left.");
    /** @type {Record<string, boolean>} */
    const off = { previous: first === 0, next: last >= rows.length };
    for (const part of tools?.querySelectorAll("button") ?? [])
      part.setAttribute("aria-disabled", `${off[part.name] ?? rows.length === 0}`);
  }

  /** @param {string} text */
  say(text) {
    this.write(".pages output", text);
  }

  /** The source and the address of what is handed out. */
  get about() {
    return [`${this.dataset.source}`, location.href];
  }

  /** The rows, their minus signs as programs read them. */
  csv() {
    const lines = [...(this.table?.tHead?.rows ?? []), ...this.rows];
    const read = (/** @type {Element} */ { textContent }) => (textContent ?? "").trim().replace("−", "-");
    return csv(
      lines.map(({ cells }) => [...cells].map(read)),
      this.about,
    );
  }

  /** @param {string} ending @param {string} text @param {string} [part] */
  save(ending, text, part = "") {
    download(new Blob([text], { type: "text/plain" }), `${this.dataset.file}${part}.${ending}`);
  }

  /** Hands out the cells behind the rows that are left, or their sources. @param {"cells" | "bibtex"} what */
  take(what) {
    return this.trying(async ({ cellsOf, asBibtex, asCsv }) => {
      const cells = await cellsOf(this.dataset.cells ?? "", this.rows);
      if (what === "cells") this.save("csv", asCsv(cells, this.about), "-cells");
      else this.save("bib", await asBibtex(this.dataset.bib ?? "", cells));
    });
  }

  /** Shows the cells behind a row. @param {HTMLTableRowElement} row */
  open(row) {
    return this.trying(async ({ cellsOf, asTable }) => {
      const cells = await cellsOf(this.dataset.cells ?? "", [row]);
      const [method, baseline, suite] = [...row.cells].map(({ textContent }) => textContent);
      const caption = `${method} beside ${baseline}, ${suite}: ${cells.length} printed cells. A unit is made of several.`;
      const box = scrolling(asTable(cells, caption, this.dataset.sources ?? ""), caption, "wide behind");
      this.find(".behind")?.remove();
      this.append(box);
      box.focus();
      box.scrollIntoView({ block: "nearest" });
    });
  }

  /** @param {(code: typeof import("./cells.js")) => Promise<void>} work */
  async trying(work) {
    try {
      await work(await lazily(() => import("./cells.js")));
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
  }
}

/**
 * One table of the rows of all folds. By what a column's head names in `data-by`, the filter asks for it: a row has the value of
 * its fold, what it says itself, or else its text.
 *
 * @param {Element} folds @param {DOMStringMap} about its `id` and caption
 */
function joined(folds, { table = "", caption = "", cells }) {
  const body = make("tbody", {});
  const own = make("table", { id: table, className: "data" }, make("caption", {}, caption));
  const head = folds.querySelector("thead");
  if (head) own.append(head.cloneNode(true));
  own.append(body);
  const columns = [...(own.tHead?.rows[0].cells ?? [])].map(({ dataset }) => dataset.by);
  for (const fold of /** @type {NodeListOf<HTMLElement>} */ (folds.querySelectorAll("details")))
    for (const row of /** @type {NodeListOf<HTMLTableRowElement>} */ (fold.querySelectorAll("tbody tr"))) {
      row.dataset.row = "";
      columns.forEach((by, i) => {
        const cell = row.cells[i];
        const text = cell.textContent ?? "";
        if (by) row.dataset[by] ??= fold.dataset[by] ?? text.replaceAll(" ", "-");
        if (cells && by === "units") cell.replaceChildren(button("cells", text, { title: "Show the printed cells" }));
        const value = Number.parseFloat(text.replace("−", "-"));
        if (/^[+−]?\d/.test(text) && !Number.isNaN(value)) cell.dataset.sort = String(value);
      });
      body.append(row);
    }
  return own;
}

customElements.define("paged-table", PagedTable); // makes the table that a filter in it asks for
customElements.define("sortable-table", SortableTable);
customElements.define("row-filter", RowFilter);
