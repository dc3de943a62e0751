/** How far a matrix of a reader's adapter is from each family's hypothesis: asked of Python a slice at a time, and its table. */

import { head, make, paragraph, row, scrolling, table as drawn } from "../page/element.js";

/**
 * @typedef {import("../page/arrays.js").Tensor} Tensor
 * @typedef {{name: string, title: string, methods: string[], found: ([share: number, size: number, control: number] | null)[], own: boolean}} Family
 * @typedef {{budgets: number[], families: Family[], same: boolean, answers: [outputs: number, inputs: number] | null}} Answer
 * @typedef {[share: number, chance: number]} Beside
 * @typedef {{count: number, read: Beside, written: Beside, both: Beside, first: [outputs: number, inputs: number] | null, settled: boolean}} Within the strongest directions of W
 * @typedef {(does: string, values: unknown[]) => Promise<any>} Ask
 */

const RANKS = [1, 2, 4]; // of LoRA, whose budget a family has
const FIRST = 1; // the place of the budget that is shown first

/**
 * Asks about a matrix, and yields how far the work is and what is known of it: the families, and where the base is here how much lies within the strongest directions of W.
 *
 * @param {import("./adapter-file.js").Layer} layer @param {Record<string, Float64Array>} arrays
 * @param {Tensor | undefined} weight of the base @param {number | null | undefined} norm of the change
 * @param {Ask} ask gives nothing when a newer question has come
 * @returns {AsyncGenerator<{status: string, answer?: Answer, within?: Within}>}
 */
export async function* reach(layer, arrays, weight, norm, ask) {
  const opened = await ask("begin", [{ ...layer, sides: weight && layer.sides }, arrays, norm]);
  if (!opened) return;
  const { shape, step } = opened;
  for await (const read of slices(shape[0], step, weight, "take", ask))
    yield { status: `Rows ${read} of ${shape[0]}.` };
  const answer = await ask("answer", []);
  yield { status: "", answer };
  if (!weight || !answer?.families.length) return;
  for (let pass = 1, again = true; again; pass++) {
    const status = `Looking for the strongest directions of W: pass ${pass}.`;
    for await (const _ of slices(shape[0], step, weight, "look", ask)) yield { status };
    const end = await ask("passed", []);
    again = end?.again;
    if (end?.within) yield { status: "", within: end.within };
  }
}

/**
 * Hands rows on, a slice after the other, and yields how many it has been.
 *
 * @param {number} rows @param {number} step @param {Tensor | undefined} weight @param {string} does @param {Ask} ask
 */
async function* slices(rows, step, weight, does, ask) {
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    await ask(does, [await weight?.read(first, count), first, count]);
    yield first + count;
  }
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
    const title = `${budgets[at].toLocaleString("en")} parameters`;
    choice.append(make("label", { title }, input, " ", make("span", {}, `${given}`)), " ");
  }
  const place = scrolling(make("table", {}));
  const note = paragraph("note");
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
  const apart = (/** @type {Family} */ { found }) => {
    const [share, , control] = found[at] ?? [0, 0, 1];
    return share / control;
  };
  const known = families.filter(({ found }) => found[at]).sort((a, b) => apart(b) - apart(a));
  const lines = known.map((family) => {
    const [share, size, control] = family.found[at] ?? [0, 0, 0];
    const about = [
      ...(family.methods.length ? [family.methods.join(", ")] : []),
      `${size.toLocaleString("en")} parameters`,
      ...(family.own ? ["this adapter’s own"] : []),
    ].join("; ");
    return compared(head(family.title, " ", make("span", { className: "soft" }, about)), share, control);
  });
  const caption = `The share of ${of} that each family explains with at most ${most.toLocaleString("en")} parameters.`;
  return drawn(caption, ["Family", "Share", "Control", "Share / control"], lines);
}

/** A row of a share and of what it is held against. @param {HTMLTableCellElement} name @param {number} share @param {number} other */
function compared(name, share, other) {
  const line = row(name, percent(share), percent(other), times(share / other));
  line.cells[3].style.setProperty("--s", depth(share / other));
  return line;
}

/**
 * How much of a change lies within the strongest directions of W, beside what lies within random ones.
 *
 * @param {Within} within @returns {HTMLElement}
 */
export function within({ count, read, written, both, first, settled }) {
  const [inputs, outputs] = [read[1], written[1]];
  /** @type {[string, Beside][]} */
  const lines = [
    ["What ΔW reads", read],
    ["What ΔW writes", written],
    ["Both", both],
    ...(first
      ? /** @type {[string, Beside][]} */ ([
          ["What its first direction reads", [first[1], inputs]],
          ["What its first direction writes", [first[0], outputs]],
        ])
      : []),
  ];
  const rows = lines.map(([name, [share, chance]]) => compared(head(name), share, chance));
  const caption = `The share that lies within the ${count} strongest directions of W, and within as many random ones.`;
  const note = settled
    ? ""
    : "The directions of W lie so close together that they had not settled when reading ended. The shares are of a span near theirs.";
  return make(
    "div",
    { className: "families" },
    make("h3", {}, "How much lies along W"),
    scrolling(drawn(caption, ["Part", "Share", "Random", "Share / random"], rows)),
    paragraph("note", note),
  );
}

/** A colour's share of the full one, which it has from a thousand times on. @param {number} times */
const depth = (times) => `${Math.round(100 * Math.min(1, Math.log10(Math.max(1, times)) / 3))}%`;

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
