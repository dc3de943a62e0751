/**
 * A question and its solution in a link to any page with a widget: `?exercise=…`, beside the settings that the link names.
 *
 * They are text of whoever has made the link, and are shown as text.
 */

import { pack, unpack } from "./link.js";

/** @typedef {{question: string, solution: string}} Exercise */

export const NAME = "exercise";
export const MOST = 2000; // characters, of each

const WIDGETS = "adapter-demo, adapter-compare, adapter-lab, adapter-stage, adapter-file, adapter-choice, code-cell";

/** @param {string} tag @param {string} [text] @param {string} [name] of its class */
export function h(tag, text = "", name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) element.className = name;
  return element;
}

/** @param {Exercise} exercise */
export const written = ({ question, solution }) => pack(JSON.stringify([question, solution]));

/** @param {string} letters @returns {Exercise} Throws when they are not what `written` makes. */
export function read(letters) {
  const found = JSON.parse(unpack(letters));
  const sound = Array.isArray(found) && found.length === 2 && found.every((text) => typeof text === "string");
  if (!sound || !found[0] || found.some(({ length }) => length > MOST)) throw new Error("not an exercise");
  return { question: found[0], solution: found[1] };
}

/** Shows the exercise of the page's address before the widget that it is about. */
export function show() {
  document.querySelector(".exercise-here")?.remove();
  const letters = new URLSearchParams(location.search).get(NAME);
  if (letters === null) return;
  const named = document.getElementById(location.hash.slice(1))?.closest("details");
  const place = [named?.querySelector(WIDGETS), ...document.querySelectorAll(`article :is(${WIDGETS})`)].find(Boolean);
  const box = h("section", "", "admonition question exercise-here");
  box.ariaLabel = "Exercise";
  box.append(h("p", "Exercise", "admonition-title"));
  try {
    const { question, solution } = read(letters);
    box.append(h("p", question, "said"));
    if (solution) {
      const fold = h("details", "", "example");
      fold.append(h("summary", "Solution"), h("p", solution, "said"));
      box.append(fold);
    }
  } catch {
    box.append(h("p", "The exercise in this link cannot be read: the link was cut off or changed. Its settings hold."));
  }
  if (place) place.before(box);
  else document.querySelector("article h1")?.after(box);
  if (!location.hash) box.scrollIntoView();
}
