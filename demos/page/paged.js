/**
 * `<paged-table>` around a form of `<row-filter>` and tables in folds, one for each value of the first column: it puts their rows
 * into one table that can be sorted, shows so many at a time, and hands out those that the filter leaves as CSV. With `data-cells`,
 * the address of all printed cells, a row's button shows those behind it, and these and their sources are handed out, too.
 *
 * The page is complete without it. A grid library would build the table a second time, from data of its own; of those that are
 * well kept none stays within 30 KB. So it is the table that is there, with the sorting and the filter of demos/page/tables.js.
 */

import { lazily } from "./files.js";
import { sortable } from "./sort.js";

const SIZE = 25; // rows of a page

export class PagedTable extends HTMLElement {
  first = 0;

  connectedCallback() {
    const folds = this.querySelector(".folds");
    if (!folds || this.dataset.ready) return;
    this.dataset.ready = "true";
    const table = joined(folds, this.dataset);
    folds.replaceWith(table.box);
    this.table = table.own;
    sortable(this.table);
    this.tools = tools(Boolean(this.dataset.cells));
    this.append(this.tools);
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
      table.box.scrollTop = 0;
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
    const says = tools?.querySelector("output");
    if (says) says.textContent = rows.length ? `Rows ${first + 1} to ${last} of ${rows.length}` : "No row is left.";
    /** @param {string} name @param {boolean} off */
    const able = (name, off) => tools?.querySelector(`[name=${name}]`)?.setAttribute("aria-disabled", String(off));
    able("previous", first === 0);
    able("next", last >= rows.length);
    for (const name of ["csv", "cells", "bibtex"]) able(name, rows.length === 0);
  }

  /** The source and the address of what is handed out. */
  get about() {
    return [`${this.dataset.source}`, location.href];
  }

  csv() {
    const heads = [...(this.table?.tHead?.rows[0].cells ?? [])];
    const lines = [heads, ...this.rows.map(({ cells }) => [...cells])].map((cells) => cells.map(quoted).join(","));
    return [...this.about.map((line) => `# ${line}`), ...lines, ""].join("\n");
  }

  /** @param {string} ending @param {string} text @param {string} [part] */
  save(ending, text, part = "") {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = `${this.dataset.file}${part}.${ending}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href));
  }

  /** Hands out the cells behind the rows that are left, or their sources. @param {"cells" | "bibtex"} what */
  take(what) {
    return this.trying(async ({ cellsOf, asCsv, asBibtex }) => {
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
      const box = document.createElement("div");
      box.className = "scroll wide behind";
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      const caption = `${method} beside ${baseline}, ${suite}: ${cells.length} printed cells. A unit is made of several.`;
      box.setAttribute("aria-label", caption);
      box.append(asTable(cells, caption, this.dataset.sources ?? ""));
      this.querySelector(".behind")?.remove();
      this.append(box);
      box.focus();
      box.scrollIntoView({ block: "nearest" });
    });
  }

  /** @param {(code: typeof import("./cells.js")) => Promise<void>} work */
  async trying(work) {
    const says = this.tools?.querySelector("output");
    try {
      await work(await lazily(() => import("./cells.js")));
    } catch (error) {
      if (says) says.textContent = error instanceof Error ? error.message : String(error);
    }
  }
}

/** A cell as CSV, its minus sign as programs read it. @param {HTMLTableCellElement} cell */
function quoted({ textContent }) {
  const text = (textContent ?? "").trim().replace("−", "-");
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * One table of the rows of all folds, in a box that scrolls. By what a column's head names in `data-by`, the filter asks for it:
 * a row has the value of its fold, what it says itself, or else its text.
 *
 * @param {Element} folds @param {DOMStringMap} about its `id` and caption
 */
function joined(folds, { table = "", caption = "", cells }) {
  const own = document.createElement("table");
  own.id = table;
  own.className = "data";
  own.createCaption().textContent = caption;
  const head = folds.querySelector("thead");
  const body = document.createElement("tbody");
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
        if (cells && by === "units") cell.replaceChildren(opener(text));
        const value = Number.parseFloat(text.replace("−", "-"));
        if (/^[+−]?\d/.test(text) && !Number.isNaN(value)) cell.dataset.sort = String(value);
      });
      body.append(row);
    }
  const box = document.createElement("div");
  box.className = "scroll wide";
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", caption);
  box.append(own);
  return { own, box };
}

/** Make the button that shows the printed cells behind a row. @param {string} text */
function opener(text) {
  const title = "Show the printed cells";
  return Object.assign(document.createElement("button"), { type: "button", name: "cells", title, textContent: text });
}

/** The buttons below the table. @param {boolean} cells whether what is behind the rows is there, too */
function tools(cells) {
  const nav = document.createElement("nav");
  nav.className = "pages";
  nav.setAttribute("aria-label", "Pages of the table");
  const button = (/** @type {string} */ name, /** @type {string} */ text) =>
    Object.assign(document.createElement("button"), { type: "button", name, textContent: text });
  const says = document.createElement("output");
  says.setAttribute("aria-live", "polite");
  nav.append(button("previous", "Previous"), says, button("next", "Next"), button("csv", "These rows as CSV"));
  if (cells) nav.append(button("cells", "Their printed cells as CSV"), button("bibtex", "Their sources as BibTeX"));
  return nav;
}
