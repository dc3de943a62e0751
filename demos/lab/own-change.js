/** <own-change>: what the families explain of a change in two files of the reader's. */

import { python } from "../python/client.js";
import { text as csv } from "../page/csv.js";
import { canvas } from "../widget/heatmap.js";
import { matrices } from "../page/arrays.js";
import { percent } from "./data.js";
import { ReadersFiles, download, make } from "./dom.js";

/**
 * @typedef {import("../page/arrays.js").Matrix} Matrix
 * @typedef {{title: string, methods: string[], found: ([share: number, size: number, control: number] | null)[]}} Family
 * @typedef {{budgets: number[], best: number[], shrink: number | null | undefined, families: Family[]}} Answer
 */

const MOST = 256;
const NAMES = { weights: ["W", "W′"], lora: ["A", "B"] };

class OwnChange extends ReadersFiles {
  /** @type {(Matrix[] | undefined)[]} what each file holds */
  #found = [undefined, undefined];
  #asked = 0;
  /** @type {(string | number)[][]} */
  #rows = [];

  connectedCallback() {
    super.connectedCallback();
    this.#label();
  }

  /** @param {string} name */
  press(name) {
    if (name === "csv") download(csv(this.#rows), "own-change.csv");
  }

  get #kind() {
    return /** @type {keyof typeof NAMES} */ (this.find("[name=kind]:checked").value);
  }

  get #inputs() {
    return /** @type {HTMLInputElement[]} */ ([...this.querySelectorAll("[type=file]")]);
  }

  #label() {
    for (const [i, place] of this.querySelectorAll(".file-name").entries()) place.textContent = NAMES[this.#kind][i];
  }

  /** Takes one file for the input it falls on, two for both. @param {File[]} files @param {HTMLInputElement} [place] */
  drop(files, place = this.#inputs[0]) {
    for (const [i, file] of files.slice(0, 2).entries()) {
      const list = new DataTransfer();
      list.items.add(file);
      const input = files.length > 1 ? this.#inputs[i] : place;
      input.files = list.files;
      this.changed(input);
    }
  }

  /** @param {HTMLInputElement} control */
  async changed(control) {
    const { signal } = this.life;
    if (control.name === "kind") this.#label();
    if (control.localName === "select" && this.#kind === "lora") this.#pair(/** @type {any} */ (control));
    const at = this.#inputs.indexOf(control);
    if (at >= 0) {
      this.#found[at] = undefined;
      this.#offer(at, []);
      const [file] = control.files ?? [];
      if (!file) return;
      try {
        const found = await matrices(file);
        if (signal.aborted || control.files?.[0] !== file) return;
        this.#found[at] = found;
        this.#offer(at, found);
      } catch (error) {
        return this.say(/** @type {Error} */ (error).message, true);
      }
    }
    await this.#run();
  }

  /** Lets the reader choose among the tensors of a file. @param {number} at @param {Matrix[]} found */
  #offer(at, found) {
    const select = this.querySelectorAll("select")[at];
    select.hidden = found.length < 2;
    select.replaceChildren(
      ...found.map(({ name, rows, columns }, i) => new Option(`${name} (${rows} × ${columns})`, `${i}`)),
    );
    const wanted = { weights: "", lora: at ? "lora_b" : "lora_a" }[this.#kind];
    const place = found.findIndex(({ name }) => wanted && name.toLowerCase().includes(wanted));
    if (place > 0) select.selectedIndex = place;
  }

  /** Chooses the partner of a factor by its name. @param {HTMLSelectElement} select */
  #pair(select) {
    const selects = [...this.querySelectorAll("select")];
    const at = selects.indexOf(select);
    const name = this.#found[at]?.[select.selectedIndex].name ?? "";
    const partner = name.replace(/lora_[AB]/i, (part) => (part.endsWith("A") ? "lora_B" : "lora_A"));
    const place = this.#found[1 - at]?.findIndex((matrix) => matrix.name === partner) ?? -1;
    if (place >= 0) selects[1 - at].selectedIndex = place;
  }

  async #run() {
    const asked = ++this.#asked;
    const chosen = [...this.querySelectorAll("select")].map((select, i) => this.#found[i]?.[select.selectedIndex]);
    const names = NAMES[this.#kind];
    if (!chosen[0] || !chosen[1]) {
      if (chosen[0] || chosen[1])
        this.say(`${names[chosen[0] ? 0 : 1]} is read. ${names[chosen[0] ? 1 : 0]} is still to come.`);
      return;
    }
    try {
      const [first, second] = /** @type {Matrix[]} */ (chosen);
      const { before, change, rows, columns } = await (this.#kind === "lora"
        ? product(first, second)
        : difference(first, second));
      if (asked !== this.#asked) return;
      this.sayAt(python, "Measuring.");
      /** @type {any} */
      const answer = await python.ask(this, { type: "own", before, change, rows });
      if (!answer || asked !== this.#asked || this.life.signal.aborted) return;
      this.#show(answer, change, rows, columns);
    } catch (error) {
      if (asked === this.#asked) this.say(/** @type {Error} */ (error).message, true);
    }
  }

  /** @param {Answer} answer @param {Float64Array} change @param {number} rows @param {number} columns */
  #show({ budgets, best, shrink, families }, change, rows, columns) {
    const entries = rows * columns;
    const limit = change.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const image = canvas({ name: "change", label: "ΔW", rows, columns, values: change, limit }, null, document);
    image.setAttribute("role", "img");
    image.setAttribute(
      "aria-label",
      `The change, ${rows} × ${columns}, from −${limit.toPrecision(2)} (blue) to ${limit.toPrecision(2)} (orange)`,
    );
    const directions = (/** @type {number} */ share) => best.findIndex((energy) => energy >= share - 1e-12) + 1;
    const shrunk = shrink != null && Math.abs(shrink) > 0.005;
    const sentence =
      `Half of its energy lies in ${directions(0.5)} of ${best.length} directions, 90 % in ${directions(0.9)}.` +
      (shrunk
        ? ` ${(100 * shrink).toFixed(1).replace("-", "−")} % of W itself is in it, as ${shrink < 0 ? "weight decay" : "growth"} would put there: that alone is a gain to gains.`
        : "");
    const head = make("tr", {}, make("th", { scope: "col" }, "Family"));
    for (const budget of budgets) head.append(make("th", { scope: "col" }, `at most ${budget}`));
    const body = make("tbody", {});
    this.#rows = [["family", "methods", "at most", "parameters", "share", "times chance", "control: times chance"]];
    for (const { title, methods, found } of families) {
      const row = make(
        "tr",
        {},
        make("th", { scope: "row" }, title, " ", make("span", { className: "soft" }, methods.join(", "))),
      );
      for (const [i, f] of found.entries()) {
        const [share, size, control] = f ?? [0, 1, 0];
        const times = (/** @type {number} */ s) => ((s * entries) / size).toFixed(1).replace("-", "−");
        row.append(make("td", {}, f ? `${percent(share)} %, ${times(share)} × (${times(control)} ×)` : "–"));
        if (f)
          this.#rows.push([
            title,
            methods.join(" "),
            budgets[i],
            size,
            share,
            (share * entries) / size,
            (control * entries) / size,
          ]);
      }
      body.append(row);
    }
    const table = make("table", { className: "data" });
    table.append(
      make(
        "caption",
        {},
        "Share explained, how many times what a random subspace of as many dimensions explains, and in brackets the same of the control: these singular values in random directions, and for few directions, which are nothing but singular values, independent entries.",
      ),
      make("thead", {}, head),
      body,
    );
    this.find(".result").replaceChildren(
      make("figure", { className: "change" }, image),
      make("p", {}, sentence),
      make("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: "Table" }, table),
      make("p", { className: "tools" }, make("button", { type: "button", name: "csv" }, "CSV")),
    );
    this.say("Measured. What stands out is a family well above its control.");
    this.dispatchEvent(new CustomEvent("own-change:update", { bubbles: true, detail: { budgets, families } }));
  }

  clear() {
    this.find(".result").replaceChildren();
  }
}

/** @param {Matrix} matrix @param {string} letter */
async function values({ rows, columns, read }, letter) {
  const found = await read();
  const bad = found.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const many = found.reduce((count, value) => count + Number(!Number.isFinite(value)), 0);
    const place = `row ${Math.floor(bad / columns) + 1}, column ${(bad % columns) + 1}`;
    throw new Error(
      `${letter} has ${many} entries that are not finite, the first in ${place} of ${rows}. Nothing can be fitted to them.`,
    );
  }
  return found;
}

/** @param {number} rows @param {number} columns @param {string} letter */
function small(rows, columns, letter) {
  if (Math.max(rows, columns) > MOST)
    throw new Error(
      `${letter} is ${rows} × ${columns}, and the browser takes up to ${MOST} × ${MOST}. ` +
        (letter === "B A"
          ? "The page Your adapter reads its singular values at any width."
          : `Bring a block of it: numpy.save("w.npy", w[:${MOST}, :${MOST}]).`),
    );
  if (Math.min(rows, columns) < 2)
    throw new Error(`${letter} is ${rows} × ${columns}, and a matrix here has two rows and columns at least.`);
}

/** @param {Matrix} before @param {Matrix} after */
async function difference(before, after) {
  const { rows, columns } = before;
  if (rows !== after.rows || columns !== after.columns)
    throw new Error(`W is ${rows} × ${columns} and W′ is ${after.rows} × ${after.columns}: they must have one shape.`);
  small(rows, columns, "W");
  const [W, V] = [await values(before, "W"), await values(after, "W′")];
  const change = V.map((value, i) => value - W[i]);
  if (change.every((value) => value === 0)) throw new Error("W and W′ are equal, so there is no change to explain.");
  return { before: W, change, rows, columns };
}

/** LoRA's change without W: A is (r, d_in), B is (d_out, r). @param {Matrix} first @param {Matrix} second */
async function product(first, second) {
  if (first.rows !== second.columns)
    throw new Error(
      `A is ${first.rows} × ${first.columns} and B is ${second.rows} × ${second.columns}: A must have as many rows (r) as B has columns.`,
    );
  const [rows, columns, rank] = [second.rows, first.columns, first.rows];
  small(rows, columns, "B A");
  const [A, B] = [await values(first, "A"), await values(second, "B")];
  const change = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < rank; k++)
      for (let j = 0; j < columns; j++) change[i * columns + j] += B[i * rank + k] * A[k * columns + j];
  if (change.every((value) => value === 0))
    throw new Error("B A is zero, as LoRA starts: there is no change to explain yet.");
  return { before: undefined, change, rows, columns };
}

customElements.define("own-change", OwnChange);
