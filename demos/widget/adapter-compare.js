/**
 * <adapter-compare>: two methods on the same layer, side by side on the same scales, and how they differ in words.
 *
 * The HTML holds a first pair. Other pairs are drawn from stored answers; Python is asked for at the first touch of a
 * control. `data-state` is that of <adapter-demo>; `adapter-compare:update` follows every redraw.
 */

import { recall } from "./choices.js";
import { charts, draw, share } from "./draw.js";
import { explorable } from "./explore.js";
import { Field, address, restore, says } from "./fields.js";
import { RELOAD, file, get, lazily } from "../page/files.js";
import { PythonElement } from "./python_element.js";
import { python } from "../python/client.js";

/**
 * @typedef {Record<string, import("./fields.js").Value>} Knobs
 * @typedef {{sides: import("./draw.js").Answer[], sentence: string, own: Knobs, milliseconds: number, stored: boolean}} Answer
 *   `own` are the values of the second method after the match
 */

/** One of the two methods: its choice, its controls and its picture. */
class Side {
  /** @type {Field[]} */
  fields = [];

  /** @param {AdapterCompare} parent @param {string} letter */
  constructor(parent, letter) {
    this.letter = letter;
    /** @type {HTMLSelectElement} */
    this.select = parent.find(`select[name=${letter}]`);
    /** @type {HTMLFormElement} */
    this.form = parent.find(`form[data-side=${letter}]`);
    this.method = this.select.value;
    this.#read();
  }

  get name() {
    return this.select.selectedOptions[0].text;
  }

  /** @returns {Knobs} */
  get own() {
    return Object.fromEntries(this.fields.map(({ name, value }) => [name, value]));
  }

  /** The control that is set when both are to have as many parameters. */
  get main() {
    return this.fields.find(({ name }) => name === this.form.dataset.main);
  }

  /** Takes the controls of another method. @param {string} method */
  async choose(method) {
    this.select.value = method;
    const html = await file(`${method}.html`).then(
      (response) => response.text(),
      () => undefined,
    );
    if (this.select.value !== method) return; // the reader has chosen again
    if (!html) {
      this.select.value = this.method;
      throw new Error(`The controls of ${method} could not be loaded. ${RELOAD}`);
    }
    const template = document.createElement("template");
    template.innerHTML = html;
    const form = /** @type {HTMLFormElement} */ (template.content.querySelector("form"));
    const fields = form.querySelectorAll(":is(.own, .rest) .field");
    for (const field of fields) new Field(/** @type {HTMLElement} */ (field)).plain();
    for (const name of ["id", "for", "aria-describedby"])
      for (const field of fields)
        for (const element of field.querySelectorAll(`[${name}]`))
          element.setAttribute(name, `${element.getAttribute(name)}`.replace(`${method}-`, `${this.letter}-`));
    this.method = this.select.value = method;
    const link = /** @type {HTMLAnchorElement} */ (this.form.parentElement?.querySelector("h2 a"));
    const legend = /** @type {Element} */ (this.form.querySelector(".controls > legend"));
    [link.textContent, legend.textContent] = [this.name, `Controls of ${this.name}`];
    link.href = `../${this.select.selectedOptions[0].dataset.page}`;
    legend.parentElement?.replaceChildren(legend, ...fields);
    Object.assign(this.form.dataset, { main: form.dataset.main, sweep: form.dataset.sweep });
    this.#read();
  }

  /** @param {import("./draw.js").Answer} answer */
  async draw(answer) {
    const label = this.form.querySelector(".label")?.textContent;
    const [matrix] = answer.panels;
    const known = matrix.kind === "matrix" && matrix.views[0].label === label;
    if (!known) for (const figure of this.form.querySelectorAll("figure")) figure.remove(); // it is of other things
    await draw(this.form, answer);
    explorable(this.form);
  }

  #read() {
    this.fields = [...this.form.querySelectorAll(".field")].map(
      (field) => new Field(/** @type {HTMLElement} */ (field), `${this.letter}.`),
    );
  }
}

/** @extends {PythonElement<Answer>} */
class AdapterCompare extends PythonElement {
  words = {
    holds: "The last pictures, their numbers and the text still hold.",
    last: "Last pictures that could be computed",
    absent: "The pictures are those of another pair.",
  };

  /** @type {Side[]} the two methods */
  sides = [];
  /** @type {Field[]} the controls of the layer, which both have */
  #world = [];

  async connectedCallback() {
    const signal = this.begin();
    this.sides = ["a", "b"].map((letter) => new Side(this, letter));
    this.#world = [...this.find(".head").querySelectorAll(".field")].map((field) => new Field(field));
    for (const { form } of this.sides) explorable(form);
    const first = this.subject;
    await this.#restore();
    if (signal.aborted) return;
    this.listen(signal);
    for (const control of this.querySelectorAll("fieldset[disabled], .choice [disabled]"))
      control.removeAttribute("disabled");
    this.send({ type: "stored" });
    if (this.#moved) this.arrive(false);
    else if (this.subject !== first) await this.#drawStored();
  }

  get fields() {
    return [...this.#world, ...this.sides.flatMap(({ fields }) => fields)];
  }

  /** The pair. */
  get subject() {
    return this.sides.map(({ method }) => method).join(" ");
  }

  /** True if the second method has as many parameters as the first, as nearly as it can. */
  get equal() {
    return this.find("[name=equal]").checked;
  }

  set equal(equal) {
    this.find("[name=equal]").checked = equal;
  }

  /** The page's address with the present pair and values. */
  get address() {
    const url = new URL(location.href);
    for (const key of [...url.searchParams.keys()]) if (/^[ab]\./.test(key)) url.searchParams.delete(key);
    for (const { letter, method } of this.sides) url.searchParams.set(letter, method);
    const main = this.sides[1].main;
    const found = new URL(address(this.fields, url));
    if (main && this.equal) found.searchParams.delete(main.key);
    else if (main) found.searchParams.set(main.key, main.text);
    return found.href;
  }

  get settings() {
    const { main } = this.sides[1];
    const settings = super.settings.set("equal", `${this.equal}`);
    if (main && this.equal) settings.delete(main.key); // it follows the others
    return settings;
  }

  question() {
    const [a, b] = this.sides.map(({ method, name, main, own }) => ({ method, name, knob: main?.label ?? "", own }));
    const world = Object.fromEntries(this.#world.map(({ name, value }) => [name, value]));
    return { type: /** @type {const} */ ("compare"), a, b, world, equal: this.equal };
  }

  // Display ----------------------------------------------------------------------------------------

  /** @param {Answer & {a?: {own: Knobs}}} answer with the question, where Python gave it */
  async paint({ sides, sentence, own, a: asked }) {
    share(sides);
    for (const [i, side] of sides.entries()) await this.sides[i].draw(side);
    this.write(".sentence", sentence);
    const { main } = this.sides[1];
    if (main && this.equal) main.text = `${own[main.name] ?? main.initial}`;
    const knobs = asked ? [asked.own, own] : this.sides.map((side) => side.own); // a control may have moved on
    const [a, b] = this.sides.map(({ method }, i) => ({ method, knobs: knobs[i], panels: sides[i].panels }));
    return { a, b, sentence };
  }

  /** Draws the pair at the default settings from what is stored of both. */
  async #drawStored() {
    const { signal } = this.lifetime;
    const { subject, answer: before } = this;
    const [a, b] = this.sides;
    charts().catch(() => {});
    try {
      const stored = this.sides.map(({ form }) => get(form.dataset.sweep ?? ""));
      const code = lazily(() => import("./sweep.js"));
      const [{ Sweep }, pairs, ...responses] = await Promise.all([code, file(`${a.method}.json`), ...stored]);
      const { own, sentence } = (await pairs.json())[b.method];
      const sweeps = await Promise.all(responses.map(async (response) => new Sweep(await response.arrayBuffer())));
      if (signal.aborted || subject !== this.subject || before !== this.answer) return;
      const values = [sweeps[0].answers[0].value, own[sweeps[1].knob]];
      const sides = sweeps.map((sweep, i) => ({ panels: sweep.compare(values[i]), sentence: "" }));
      const answer = { sides, sentence, own, milliseconds: 0, stored: true };
      await this.send({ type: "answered", answer });
    } catch {
      if (signal.aborted || subject !== this.subject) return;
      const problem = `The stored pictures of ${a.name} and ${b.name} could not be loaded. ${RELOAD}`;
      this.send({ type: "absent", problem });
    }
  }

  /** @returns {[note: string, action?: string]} */
  get stored() {
    if (this.#moved) return ["Stored pictures at the default settings", `Run (${python.size})`];
    return [`Stored pictures. Moving a control starts Python in your browser: ${python.size}, once`];
  }

  // Actions of the reader --------------------------------------------------------------------------

  /** @param {HTMLInputElement} control */
  choose(control) {
    if (control.name === "equal") this.change([]);
    else if (control.localName === "select") this.#pair(...this.sides.map(({ select }) => select.value));
  }

  /** @param {HTMLButtonElement} button */
  press(button) {
    if (button.name === "swap") this.#pair(...this.sides.map(({ method }) => method).reverse());
    else if (button.name === "export") this.#save(button.value);
    else super.press(button);
  }

  /** Saves both pictures as one. @param {string} format */
  async #save(format) {
    const [a, b] = this.sides;
    try {
      const { savePicture } = await lazily(() => import("./picture.js"));
      await savePicture(format, this, `${a.name} and ${b.name}`, `${a.method}-${b.method}`);
    } catch (error) {
      this.tell(/** @type {Error} */ (error).message);
    }
  }

  /** @param {Field[]} fields @param {string} [text] */
  change(fields, text) {
    if (fields.some((field) => field === this.sides[1].main)) this.equal = false;
    return super.change(fields, text);
  }

  /** @param {string[]} methods */
  async #pair(...methods) {
    const { signal } = this.lifetime;
    this.tell("");
    try {
      await Promise.all(this.sides.map((side, i) => side.method !== methods[i] && side.choose(methods[i])));
      if (signal.aborted) return;
      this.linked = undefined; // it was of another pair
      this.reset();
    } catch (error) {
      if (!signal.aborted) this.tell(/** @type {Error} */ (error).message);
    }
  }

  /** @param {Map<string, string>} [to] or to the default settings of the present pair */
  reset(to) {
    this.equal = to?.get("equal") !== "false";
    super.reset(to);
    if (["live", "loading"].includes(this.dataset.state ?? "")) return void this.run();
    this.send({ type: "stored" });
    this.#drawStored();
  }

  // The address ------------------------------------------------------------------------------------

  async #restore() {
    const query = new URLSearchParams(location.search);
    const wrong = [];
    for (const side of this.sides) {
      const method = query.get(side.letter) ?? side.method;
      if (![...side.select.options].some(({ value }) => value === method))
        wrong.push(`${side.letter}=${method.slice(0, 40)}`);
      else if (method !== side.method) await side.choose(method).catch(({ message }) => this.tell(message));
    }
    if (!says(this.#world)) recall(this.#world);
    wrong.push(...restore(this.fields));
    this.equal = !query.has(this.sides[1].main?.key ?? "");
    this.restored(wrong);
  }

  // Small things -----------------------------------------------------------------------------------

  get #moved() {
    const matched = this.equal ? this.sides[1].main : undefined;
    return !this.equal || this.fields.some((field) => field !== matched && field.moved);
  }
}

customElements.define("adapter-compare", AdapterCompare);
