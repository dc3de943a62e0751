/** Sorting of a table by the heads of its columns, with mouse and keyboard. */

import Tablesort from "tablesort";

const isNumber = (/** @type {string} */ item) => item !== "" && !Number.isNaN(Number(item));
Tablesort.extend("number", isNumber, (a, b) => Number(b) - Number(a));

/** Every column head sorts by its cells' `data-sort`, else by their text. @param {HTMLTableElement} table */
export function sortable(table) {
  new Tablesort(table, { descending: true });
  for (const head of table.tHead?.rows[0].cells ?? [])
    head.addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      head.click();
    });
}
