/** Lets the cells of a table be reached by arrow keys and opened. */

import { MOVES } from "../widget/explore.js";

/** @type {typeof MOVES} */
const STEPS = { ...MOVES, PageUp: [-5, 0], PageDown: [5, 0] };

/**
 * @param {HTMLTableElement} table Its cells that open have `data-cell`.
 * @param {(key: string) => void} open
 * @param {AbortSignal} [signal] ends it, where the table stays
 */
export function grid(table, open, signal) {
  const rows = () =>
    [...table.tBodies[0].rows].map((row) => [.../** @type {any} */ (row.querySelectorAll("[data-cell]"))]);
  const full = () => rows().filter((row) => row.length);
  let current = full()[0][0];
  /** @param {HTMLElement} cell */
  const enter = (cell) => {
    current.tabIndex = -1;
    current = cell;
    current.tabIndex = 0;
  };
  table.setAttribute("role", "grid");
  for (const row of full()) for (const cell of row) cell.tabIndex = -1;
  enter(current);
  /** @param {Event} event @returns {HTMLElement | null} */
  const target = ({ target }) => (target instanceof Element ? target.closest("[data-cell]") : null);
  /** @param {Event} event */
  const click = (event) => {
    const cell = target(event);
    if (!cell) return;
    enter(cell);
    open(cell.dataset.cell ?? "");
  };
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const cell = target(event);
    if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") open(cell.dataset.cell ?? "");
    else if (event.key in STEPS) {
      const [down, right] = STEPS[event.key];
      const all = full();
      const row = all.findIndex((row) => row.includes(cell));
      const there = all[Math.max(0, Math.min(all.length - 1, row + down))];
      const column = Math.min(there.length - 1, Math.max(0, all[row].indexOf(cell) + right));
      enter(there[column]);
      current.focus();
    } else return;
    event.preventDefault();
  };
  table.addEventListener("click", click, { signal });
  table.addEventListener("keydown", press, { signal });
}
