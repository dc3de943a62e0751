/**
 * Tables of data: what a reader can sort and filter. All are complete without this script.
 *
 * A grid library would build a table a second time, from data of its own; of those that are well kept none stays within 30 KB.
 */

import Tablesort from "tablesort";
import { remember, restore } from "./address.js";
import { PageElement } from "./element.js";

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
      if (chosen().length) this.closest("details")?.setAttribute("open", "");
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

customElements.define("sortable-table", SortableTable);
customElements.define("row-filter", RowFilter);
