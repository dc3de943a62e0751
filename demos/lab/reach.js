/** How far a matrix of a reader's adapter is from each family's hypothesis: asked of Python a slice at a time, and its table. */

import { make } from "./dom.js";

/**
 * @typedef {import("../page/arrays.js").Tensor} Tensor
 * @typedef {{name: string, title: string, methods: string[], found: ([share: number, size: number, control: number] | null)[], own: boolean}} Family
 * @typedef {{budgets: number[], families: Family[], same: boolean, answers: [outputs: number, inputs: number] | null}} Answer
 * @typedef {(does: string, values: unknown[]) => Promise<any>} Ask
 */

const RANKS = [1, 2, 4]; // of LoRA, whose numbers a family may have
const FIRST = 1; // the place of the budget that is shown first

/**
 * Asks about a matrix, and yields what is known of it: how far the work is, then the answer, then the answer with what takes longest.
 *
 * @param {import("./adapter-file.js").Layer} layer @param {Record<string, Float64Array>} arrays
 * @param {Tensor | undefined} weight of the base @param {number | null | undefined} norm of the change
 * @param {Ask} ask gives nothing when a newer question has come
 * @returns {AsyncGenerator<{status: string, answer?: Answer}>}
 */
export async function* reach(layer, arrays, weight, norm, ask) {
  const sides = weight && [weight.shape[0], weight.shape.slice(1).reduce((product, side) => product * side, 1)];
  const opened = await ask("begin", [layer, arrays, sides, norm]);
  if (!opened) return;
  const [rows] = opened.shape;
  for (let first = 0; first < rows; first += opened.step) {
    const count = Math.min(opened.step, rows - first);
    await ask("take", [await weight?.read(first, count), first, count]);
    yield { status: `Rows ${first + count} of ${rows}.` };
  }
  yield { status: "Looking for the nearest Kronecker products.", answer: await ask("told", []) };
  while ((await ask("tile", []))?.more) yield { status: "Looking for the nearest Kronecker products." };
  yield { status: "", answer: await ask("told", []) };
}

/** @param {number} share */
const percent = (share) => `${Number((100 * share).toPrecision(2))} %`.replace("-", "−");
/** @param {number} times */
const times = (times) => `${Number(times.toPrecision(2))} ×`.replace("-", "−");

/**
 * The families, those first that stand out most from their control.
 *
 * @param {Answer} answer @param {import("./adapter-file.js").Layer} layer @param {string} of what is near to them @returns {HTMLElement}
 */
export function families({ budgets, families, same }, { rank, module }, of) {
  const section = make("div", { className: "families" }, make("h3", {}, "How near to each family"));
  if (!families.length) {
    section.append(make("p", {}, "Nothing changes, so there is nothing to explain."));
    return section;
  }
  const choice = make("fieldset", {}, make("legend", {}, "Parameters, as LoRA has at rank"));
  for (const [at, given] of RANKS.entries()) {
    const input = make("input", { type: "radio", name: "budget", value: `${at}`, checked: at === FIRST });
    choice.append(make("label", { title: `${budgets[at]}` }, input, " ", make("span", {}, `${given}`)), " ");
  }
  const place = make("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: "Table" });
  const note = make("p", { className: "note" });
  const fill = (/** @type {number} */ at) => {
    place.replaceChildren(table(families, at, budgets[at], `${of} of ${module}`));
    const own = rank && Math.min(1, RANKS[at] / rank);
    note.textContent =
      `${same ? "The control has the same singular values in random directions" : "The control has independent entries"}; ` +
      "for few directions, which are nothing but singular values, it has independent entries." +
      (own ? ` Of ${rank} equally strong directions the first ${RANKS[at]} would have ${percent(own)}.` : "");
  };
  choice.addEventListener("change", ({ target }) => fill(Number(/** @type {HTMLInputElement} */ (target).value)));
  fill(FIRST);
  section.append(make("div", { className: "choices" }, choice), place, note);
  return section;
}

/** @param {Family[]} families @param {number} at @param {number} most @param {string} of */
function table(families, at, most, of) {
  const head = make("tr", {});
  for (const name of ["Family", "Parameters", "Share", "Control", "Share / control"])
    head.append(make("th", { scope: "col" }, name));
  const body = make("tbody", {});
  const apart = (/** @type {Family} */ { found }) => {
    const [share, , control] = found[at] ?? [0, 0, 1];
    return share / control;
  };
  const known = families.filter(({ found }) => found[at]).sort((a, b) => apart(b) - apart(a));
  for (const family of known) {
    const [share, size, control] = family.found[at] ?? [0, 0, 0];
    const methods = family.methods.join(", ") + (family.own ? "; this adapter’s own" : "");
    const cells = [`${size}`, percent(share), percent(control), times(apart(family))].map((text) =>
      make("td", {}, text),
    );
    const depth = Math.log10(Math.max(1, apart(family))) / 3; // full from a thousand times on
    cells[3].style.setProperty("--s", `${Math.round(100 * Math.min(1, depth))}%`);
    const title = make("th", { scope: "row" }, family.title, " ", make("span", { className: "soft" }, methods));
    body.append(make("tr", {}, title, ...cells));
  }
  const caption = make("caption", {}, `The share of ${of} that each family explains with at most ${most} parameters.`);
  return make("table", { className: "data" }, caption, make("thead", {}, head), body);
}

/**
 * The families as rows for a spreadsheet.
 *
 * @param {Answer} answer @returns {(string | number)[][]}
 */
export function rows({ budgets, families }) {
  const all = families.flatMap(({ title, methods, found }) =>
    found.flatMap((f, i) => (f ? [[title, methods.join(" "), budgets[i], f[1], f[0], f[2]]] : [])),
  );
  return [["family", "methods", "at most", "parameters", "share", "control"], ...all];
}
