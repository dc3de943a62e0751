/**
 * `<scatter-plot>` around the plot of a benchmark: the runs of one method stand out, on touch, focus or search.
 *
 * The plot is complete without it: every dot has a title, and the table below the same numbers.
 */

import { nearest } from "./nearest.js";

class ScatterPlot extends HTMLElement {
  connectedCallback() {
    const search = this.querySelector("input");
    const says = this.querySelector("output");
    if (!search || !says) return;
    const hint = says.textContent ?? "";
    const dots = [.../** @type {NodeListOf<SVGElement>} */ (this.querySelectorAll("[data-method]"))];

    /** @param {(dot: SVGElement) => boolean} wanted @param {SVGElement} [first] the one to speak of */
    const show = (wanted, first) => {
      const found = dots.filter(wanted);
      for (const dot of dots) dot.classList.toggle("shown", found.includes(dot));
      this.classList.toggle("chosen", found.length > 0);
      const best = first ?? found[0];
      says.textContent = best?.dataset.says ?? (search.value ? `No run is called “${search.value}”.` : hint);
      if (best && found.length > 1) says.textContent += `; ${found.length} runs stand out`;
    };
    const bySearch = () => {
      const text = search.value.trim().toLowerCase();
      show((dot) => text !== "" && `${dot.dataset.method} ${dot.dataset.run}`.toLowerCase().includes(text));
    };
    /** @param {Event} event */
    const byTouch = ({ target }) => {
      const dot = /** @type {SVGElement | null} */ (/** @type {Element} */ (target).closest("[data-method]"));
      if (dot) show(({ dataset }) => dataset.method === dot.dataset.method, dot);
    };
    /** @type {SVGElement | undefined} */
    let tapped;
    /** Names the nearest dot; the page of the dot that is named already opens. @param {PointerEvent} event */
    const byTap = (event) => {
      if (event.pointerType !== "touch") return;
      event.preventDefault();
      const circle = nearest(
        dots.map((dot) => /** @type {Element} */ (dot.querySelector("circle"))),
        event,
      );
      const dot = /** @type {SVGElement | undefined} */ (circle?.parentElement ?? undefined);
      const page = dot?.closest("a")?.getAttribute("xlink:href");
      if (page && dot === tapped) location.assign(page);
      tapped = dot;
      if (dot) show(({ dataset }) => dataset.method === dot.dataset.method, dot);
      else bySearch();
    };
    search.addEventListener("input", bySearch);
    this.addEventListener("pointerover", byTouch);
    this.addEventListener("focusin", byTouch);
    const svg = this.querySelector("svg");
    svg?.addEventListener("click", byTap, { capture: true });
    svg?.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && bySearch());
    svg?.addEventListener("focusout", bySearch);
    const control = /** @type {HTMLElement | null} */ (this.querySelector(".search"));
    if (control) control.hidden = false;
  }
}

customElements.define("scatter-plot", ScatterPlot);
