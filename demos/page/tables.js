// Tables that a reader can sort and lists that a reader can filter. Both are complete without this script.
import { remember, restore } from "./address.js";
import { PagedTable } from "./paged.js";
import { sortable } from "./sort.js";

/** `<sortable-table>` around a table: every column head sorts by its cells' `data-sort`, else by their text. */
class SortableTable extends HTMLElement {
  connectedCallback() {
    const table = this.querySelector("table");
    if (!table || this.dataset.ready) return;
    this.dataset.ready = "true";
    sortable(table);
  }
}

/**
 * `<row-filter for="id">` around a form. A row (`[data-row]` inside the target) stays when, for every control
 * that is set, its attribute `data-<name>` holds the control's value as one of its words. What a search field named `text`
 * holds is looked for in the row and in its `data-text`.
 */
class RowFilter extends HTMLElement {
  gone = new AbortController();

  connectedCallback() {
    const form = this.querySelector("form");
    const target = document.getElementById(this.getAttribute("for") ?? "");
    const count = this.querySelector("output");
    if (!form || !target) return;
    const rows = /** @type {NodeListOf<HTMLElement>} */ (target.querySelectorAll("[data-row]"));
    const chosen = () => [...new FormData(form)].filter(([, value]) => value !== "");
    const apply = () => {
      let left = 0;
      for (const row of rows) {
        row.hidden = !chosen().every(([name, value]) => holds(row, name, String(value)));
        left += row.hidden ? 0 : 1;
      }
      if (count) count.textContent = `${left} of ${rows.length}`;
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
    // A link to other rows of this page is no visit of another one, in which the theme can lose the place it leads to.
    this.closest(".md-content")?.addEventListener("click", (event) => {
      const link = plain(/** @type {MouseEvent} */ (event));
      if (!link?.search || link.pathname !== location.pathname) return;
      event.preventDefault();
      event.stopPropagation();
      history.pushState(null, "", link.href);
      follow();
      document.getElementById(link.hash.slice(1))?.scrollIntoView();
    });
    addEventListener("sameback", follow, { signal: this.gone.signal });
  }

  disconnectedCallback() {
    this.gone.abort();
  }
}

/** @param {MouseEvent} event @returns {HTMLAnchorElement | null} The link that a click follows in this tab. */
function plain(event) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return null;
  return /** @type {Element} */ (event.target).closest("a");
}

/** @param {HTMLElement} row @param {string} name @param {string} value */
function holds(row, name, value) {
  if (name !== "text") return (row.dataset[name] ?? "").split(" ").includes(value);
  return `${row.textContent} ${row.dataset.text ?? ""}`.toLowerCase().includes(value.trim().toLowerCase());
}

customElements.define("paged-table", PagedTable); // makes the table that a filter in it asks for
customElements.define("sortable-table", SortableTable);
customElements.define("row-filter", RowFilter);
