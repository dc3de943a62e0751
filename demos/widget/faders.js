/** Lets a reader set the gains that a picture of faders shows: a slider lies over each. */

import { make } from "../page/element.js";

const HUNDRED = 100; // in which gains are set and kept

/** Where each dot is, across and down. @param {Element} svg @returns {number[][]} */
function places(svg) {
  const parts = svg.querySelector(".dots")?.getAttribute("d")?.split("M").slice(1) ?? [];
  return parts.map((part) => part.split(/[,h]/).map(Number));
}

/** @param {HTMLElement} form */
function found(form) {
  const svg = /** @type {SVGSVGElement | null} */ (form.querySelector(".faders svg[data-end]"));
  const old = /** @type {HTMLElement | null} */ (form.querySelector(".sliders"));
  const sliders = /** @type {HTMLInputElement[]} */ ([...(old?.children ?? [])]);
  return { svg, old, sliders };
}

/**
 * Lays sliders over faders that can be set, each where the picture has its fader or the reader has set it.
 *
 * @param {HTMLElement} form @param {string} [text] what the reader has set: the picture may be older
 */
export function settable(form, text) {
  const { svg, old } = found(form);
  const dots = svg ? places(svg) : [];
  if (old?.childElementCount !== dots.length) old?.remove();
  if (!svg) return;
  const { width, height } = svg.viewBox.baseVal;
  const end = Math.round(HUNDRED * Number(svg.dataset.end));
  if (!old?.isConnected) svg.after(fresh(dots.length, width / height, (2 * dots[0][1]) / height));
  const given = text?.split("_").map(Number);
  for (const [i, slider] of found(form).sliders.entries()) {
    const value = given ? (given[i] ?? 0) : Math.round(end * ((2 * dots[i][0]) / width - 1));
    Object.assign(slider, { min: -end, max: end, value, ariaLabel: `Gain of ${svg.dataset.each} ${i + 1}` });
    tell(slider);
  }
  if (given) follow(form);
}

/** @param {number} count @param {number} aspect of the picture @param {number} share of its height that is a fader's */
function fresh(count, aspect, share) {
  const sliders = Array.from({ length: count }, (_, i) => make("input", { type: "range", tabIndex: i ? -1 : 0 }));
  const box = make("div", { className: "sliders" }, ...sliders);
  Object.assign(box.style, { aspectRatio: `${aspect}`, gridAutoRows: `${100 * share}%` });
  box.addEventListener("keydown", (event) => {
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    sliders[sliders.indexOf(/** @type {HTMLInputElement} */ (event.target)) + way]?.focus();
  });
  box.addEventListener("focusin", ({ target }) => {
    for (const slider of sliders) slider.tabIndex = slider === target ? 0 : -1; // one stop of the Tab key for all
  });
  return box;
}

/** What all faders are set to, in hundredths, now that the reader has moved one. @param {HTMLElement} form @param {HTMLInputElement} moved */
export function set(form, moved) {
  follow(form);
  tell(moved);
  const output = moved.closest("figure")?.querySelector("output");
  if (output) output.textContent = `${moved.ariaLabel}: ${moved.ariaValueText}, set by hand`;
  return found(form)
    .sliders.map(({ value }) => value)
    .join("_");
}

/** @param {HTMLInputElement} slider */
const tell = (slider) => (slider.ariaValueText = (1 + slider.valueAsNumber / HUNDRED).toFixed(2));

/** Draws the faders where the sliders are, before Python has answered. @param {HTMLElement} form */
function follow(form) {
  const { svg, sliders } = found(form);
  if (!svg) return;
  const middle = svg.viewBox.baseVal.width / 2;
  const rows = places(svg);
  const across = sliders.map(({ max, valueAsNumber }) => middle * (1 + valueAsNumber / Number(max)));
  const [bars, dots] = svg.querySelectorAll("path.line-1");
  bars.setAttribute("d", across.map((x, i) => `M${middle},${rows[i][1]}H${x}`).join(""));
  dots.setAttribute("d", across.map((x, i) => `M${x},${rows[i][1]}h0`).join(""));
}
