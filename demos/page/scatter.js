/**
 * `<scatter-plot>` around a figure of more dots than can be named: those of one method stand out, on touch, focus or search.
 *
 * The figure is complete without it: every dot has a title, and the table below the same values.
 */

const REACH = 24; // pixels: a finger is wider than a dot

class ScatterPlot extends HTMLElement {
  connectedCallback() {
    const search = this.querySelector("input");
    const says = this.querySelector("output");
    if (!search || !says) return;
    const hint = says.textContent ?? "";
    const marks = [.../** @type {NodeListOf<SVGElement>} */ (this.querySelectorAll("[data-method]"))];
    const dots = marks.filter(({ localName }) => localName === "circle");
    const shown = (/** @type {Element} */ dot) => dot.getClientRects().length > 0; // in the drawing for this width

    /** @param {(mark: SVGElement) => boolean} wanted @param {Element} [first] the dot to speak of */
    const show = (wanted, first) => {
      for (const mark of marks) mark.classList.toggle("shown", wanted(mark));
      const found = dots.filter((dot) => wanted(dot) && shown(dot));
      this.classList.toggle("chosen", found.length > 0);
      const best = first ?? found[0];
      says.textContent = best?.textContent ?? (search.value ? `No run is called “${search.value}”.` : hint);
      if (best && found.length > 1) says.textContent += `; ${found.length} runs stand out`;
    };
    const bySearch = () => {
      const text = search.value.trim().toLowerCase();
      show(({ dataset: { method, run = "" } }) => text !== "" && `${method} ${run}`.toLowerCase().includes(text));
    };
    /** @param {SVGElement} dot */
    const ofMethod = (dot) => show(({ dataset }) => dataset.method === dot.dataset.method, dot);
    /** @param {Event} event */
    const byTouch = ({ target }) => {
      const dot = dots.find((dot) => dot === target || (target instanceof SVGAElement && target.contains(dot)));
      if (dot) ofMethod(dot);
    };
    /** @type {SVGElement | undefined} */
    let tapped;
    /** Names the nearest dot; the page of the dot that is named already opens. @param {MouseEvent} event */
    const byTap = (event) => {
      if (/** @type {PointerEvent} */ (event).pointerType !== "touch") return;
      event.preventDefault();
      const dot = nearest(dots.filter(shown), event);
      const page = dot?.closest("a")?.getAttribute("xlink:href");
      if (page && dot === tapped) location.assign(page);
      tapped = dot;
      if (dot) ofMethod(dot);
      else bySearch();
    };
    search.addEventListener("input", bySearch);
    this.addEventListener("pointerover", byTouch);
    this.addEventListener("focusin", byTouch);
    for (const svg of this.querySelectorAll("svg")) {
      svg.addEventListener("click", byTap, { capture: true });
      svg.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && bySearch());
      svg.addEventListener("focusout", bySearch);
    }
    /** @type {HTMLElement} */ (this.querySelector(".search")).hidden = false;
  }
}

/** Return the dot that is nearest to where the reader points, if it is within reach. @param {SVGElement[]} dots @param {MouseEvent} event */
function nearest(dots, { clientX, clientY }) {
  /** @type {SVGElement | undefined} */
  let found;
  let least = REACH;
  for (const dot of dots) {
    const { x, y, width, height } = dot.getBoundingClientRect();
    const away = Math.hypot(x + width / 2 - clientX, y + height / 2 - clientY);
    if (away <= least) [found, least] = [dot, away];
  }
  return found;
}

customElements.define("scatter-plot", ScatterPlot);
