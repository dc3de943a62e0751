/**
 * <adapter-compare>: two methods on the same layer, side by side on the same scales, and how they differ in words.
 *
 * The HTML holds a first pair. Other pairs are drawn from stored answers; Python is asked for at the first touch of a
 * control. `data-state` is that of <adapter-demo>; `adapter-compare:update` follows every redraw.
 */

import { recall, remember } from "./choices.js";
import { charts, draw, share } from "./draw.js";
import { explore } from "./explore.js";
import { Field, address, restore, says } from "./fields.js";
import { lazily } from "../page/lazy.js";
import { Live, STILL, size } from "./live.js";
import { python } from "../python/client.js";

/**
 * @typedef {import("./draw.js").Panel} Panel
 * @typedef {Record<string, import("./fields.js").Value>} Knobs
 * @typedef {{sides: import("./draw.js").Answer[], sentence: string, own: Knobs, milliseconds: number, stored: boolean}} Answer
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
    const response = await fetch(new URL(`./${method}.html`, import.meta.url)).catch(() => undefined);
    if (this.select.value !== method) return; // the reader has chosen again
    if (!response?.ok) {
      this.select.value = this.method;
      throw new Error(`The controls of ${method} could not be loaded.`);
    }
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    const form = /** @type {HTMLFormElement} */ (template.content.querySelector("form"));
    const fields = form.querySelectorAll(".controls > .field:not([data-knob=step])");
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
    const shown = this.form.querySelector(".switch :checked + span")?.textContent;
    const [matrix] = answer.panels;
    const known = matrix.kind === "matrix" && matrix.views.some(({ label }) => label === shown);
    if (!known) for (const figure of this.form.querySelectorAll("figure")) figure.remove(); // it is of other things
    await draw(this.form, answer);
    this.explore();
  }

  /** Lets the figures be read by pointer and keyboard. */
  explore() {
    for (const stage of this.form.querySelectorAll(".stage:not([tabindex])")) explore(this.form, /** @type {HTMLElement} */ (stage));
  }

  #read() {
    this.fields = [...this.form.querySelectorAll(".field")].map((field) => new Field(/** @type {HTMLElement} */ (field), `${this.letter}.`));
  }
}

class AdapterCompare extends Live {
  /** @type {Side[]} the two methods */
  sides = [];
  /** @type {Field[]} the controls of the layer, which both have */
  #world = [];
  /** @type {Answer | undefined} */
  #answer;
  /** @type {Promise<void> | undefined} the redraw that waits for its frame */
  #redraw;
  /** @type {Promise<unknown> | undefined} the frame after the last redraw */
  #frame;
  #broken = false; // a file did not load: a change would ask for it again and again

  async connectedCallback() {
    const signal = this.begin();
    this.sides = ["a", "b"].map((letter) => new Side(this, letter));
    this.#world = [...this.find(".head").querySelectorAll(".field")].map((field) => new Field(field));
    for (const side of this.sides) side.explore();
    const first = this.pair;
    await this.#restore();
    if (signal.aborted) return;
    this.#listen(signal);
    for (const control of this.querySelectorAll("fieldset[disabled], .choice [disabled]")) control.removeAttribute("disabled");
    this.#showStored();
    if (this.pair !== first) await this.#drawStored();
    if (this.#moved && python.state === "ready") this.run();
  }

  get pair() {
    return this.sides.map(({ method }) => method).join(" ");
  }

  /** Whether the second method has as many parameters as the first, as nearly as it can. */
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
    const found = new URL(address(this.#fields, url));
    if (main && this.equal) found.searchParams.delete(main.key);
    else if (main) found.searchParams.set(main.key, main.text);
    return found.href;
  }

  /** Asks Python for the present pair and values and draws what it answers. */
  async run() {
    const { signal } = this.life;
    const { pair, equal } = this;
    if (python.state !== "ready") this.show("loading", `Loading Python, ${size()}`, "Cancel");
    this.#broken = false;
    this.write(".problem", "");
    charts().catch(() => {}); // arrives beside Python; draw() tells what is wrong
    const [a, b] = this.sides.map(({ method, name, main, own }) => ({ method, name, knob: main?.label ?? "", own }));
    const world = Object.fromEntries(this.#world.map(({ name, value }) => [name, value]));
    try {
      /** @type {any} */
      const answer = await python.probe(this, { type: "compare", a, b, world, equal });
      if (!answer || signal.aborted || pair !== this.pair) return;
      this.#answer = { ...answer, stored: false };
      await (this.#redraw ??= this.#draw(signal));
    } catch (error) {
      await this.#redraw?.catch(() => {}); // an earlier answer's, which would take the error away
      if (!signal.aborted) this.#fail(/** @type {import("../python/client.js").PythonError} */ (error));
    }
  }

  // What is shown ----------------------------------------------------------------------------------

  /** Draws the newest answer: at once, or where this frame has its picture already, in the next one. @param {AbortSignal} signal */
  async #draw(signal) {
    await this.#frame;
    this.#frame = new Promise(requestAnimationFrame);
    this.#redraw = undefined;
    if (signal.aborted || !this.#answer) return;
    const { sides, sentence, own, milliseconds, stored } = this.#answer;
    share(sides);
    for (const [i, side] of sides.entries()) await this.sides[i].draw(side);
    this.write(".sentence", sentence);
    const { main } = this.sides[1];
    if (main && this.equal) main.text = `${own[main.name] ?? main.initial}`;
    if (!stored) {
      for (const field of this.#fields) field.complain();
      this.show("live", `Computed by Python in your browser, ${Math.max(1, Math.round(milliseconds))} ms`);
    }
    this.later(this.#readOut);
    const [a, b] = this.sides.map(({ method, own: knobs }, i) => ({ method, knobs, panels: sides[i].panels }));
    const detail = { a, b, sentence, milliseconds, stored };
    this.dispatchEvent(new CustomEvent("adapter-compare:update", { bubbles: true, detail }));
  }

  /** Draws the pair at the default settings from what is stored of both. */
  async #drawStored() {
    const { signal } = this.life;
    const { pair } = this;
    const [a, b] = this.sides;
    charts().catch(() => {});
    try {
      const names = [`${a.method}.json`, ...this.sides.map(({ form }) => form.dataset.sweep ?? "")];
      const files = names.map((name) => fetch(new URL(name, import.meta.url)));
      const [{ Sweep }, pairs, ...responses] = await Promise.all([lazily(() => import("./sweep.js")), ...files]);
      const { own, sentence } = (await pairs.json())[b.method];
      const sweeps = await Promise.all(responses.map(async (response) => new Sweep(await response.arrayBuffer())));
      if (signal.aborted || pair !== this.pair || this.dataset.state === "live") return;
      const values = [sweeps[0].answers[0].value, own[sweeps[1].knob]];
      const sides = sweeps.map((sweep, i) => ({ panels: sweep.compare(values[i]), sentence: "" }));
      this.#answer = { sides, sentence, own, milliseconds: 0, stored: true };
      await (this.#redraw ??= this.#draw(signal));
    } catch {
      if (signal.aborted || pair !== this.pair) return;
      this.show("error", "The pictures are those of another pair.", "Run");
      this.write(".problem", `The stored pictures of ${a.name} and ${b.name} could not be loaded.`);
    }
  }

  #showStored() {
    if (this.#moved) this.show("stored", "Stored pictures at the default settings", `Run (${size()})`);
    else this.show("stored", `Stored pictures. Moving a control starts Python in your browser: ${size()}, once`);
  }

  /** Explains what went wrong and keeps the last good pictures. @param {import("../python/client.js").PythonError} error */
  #fail({ kind, knob, message }) {
    if (kind !== "knob" && kind !== "stopped") {
      this.#broken = kind !== "crash";
      this.show("error", "The last pictures, their numbers and the text still hold.", "Try again");
      this.write(".problem", message);
      return;
    }
    if (this.#answer && !this.#answer.stored) this.show("live", "Last pictures that could be computed");
    else this.#showStored();
    const field = this.#fields.find(({ key }) => key === knob);
    if (field) field.complain(message.replace(/^[ab]\./, ""));
    else if (kind === "knob") this.write(".problem", message);
  }

  #readOut = () => this.write(".live", this.#answer?.sentence ?? "");

  // What the reader does ---------------------------------------------------------------------------

  /** @param {AbortSignal} signal */
  #listen(signal) {
    /** @param {string} type @param {(event: any) => void} listener */
    const on = (type, listener) => this.addEventListener(type, listener, { signal });
    /** @param {Event} event */
    const touched = ({ target }) => this.#fields.find(({ controls }) => controls.some((control) => control === target));
    /** @param {Event} event */
    const touch = (event) => touched(event) && this.dataset.state === "stored" && this.run();
    on("pointerdown", (event) => event.pointerType !== "touch" && touch(event)); // a thumb may only scroll
    on("keydown", (event) => !STILL.includes(event.key) && touch(event));
    on("input", (event) => {
      const field = touched(event);
      if (field) this.#change(field);
      else if (event.target.name === "equal") this.#change();
      else if (event.target.name === "shown") this.#mirror(event.target);
      else if (event.target.localName === "select") this.#choose(...this.sides.map(({ select }) => select.value));
    });
    on("dblclick", (event) => {
      const field = touched(event);
      if (field?.kind === "range") this.#change(field, field.initial);
    });
    on("submit", (event) => event.preventDefault());
    on("click", ({ target }) => {
      if (target.name === "action" && this.dataset.state === "loading") python.stop();
      else if (target.name === "action") this.run();
      else if (target.name === "swap") this.#choose(...this.sides.map(({ method }) => method).reverse());
      else if (target.name === "reset") this.#reset();
      else if (target.name === "link") this.copy(this.address);
    });
  }

  /** Takes note of a value that the reader, or `text`, has set. @param {Field} [field] */
  #change(field, text = field?.text ?? "") {
    if (field) field.text = text;
    if (field) remember([field]);
    if (field && field === this.sides[1].main) this.equal = false;
    this.later(this.#keepAddress);
    if (!this.#broken) this.run();
  }

  /** Shows the same matrix on both sides. @param {HTMLInputElement} switched */
  #mirror({ value }) {
    remember([], value);
    for (const { form } of this.sides) {
      const twin = /** @type {HTMLInputElement | null} */ (form.querySelector(`[name=shown][value=${value}]`));
      if (twin) twin.checked = true;
    }
  }

  /** @param {string[]} methods */
  async #choose(...methods) {
    const { signal } = this.life;
    this.write(".problem", "");
    try {
      await Promise.all(this.sides.map((side, i) => side.method !== methods[i] && side.choose(methods[i])));
      if (!signal.aborted) this.#reset();
    } catch (error) {
      if (!signal.aborted) this.write(".problem", /** @type {Error} */ (error).message);
    }
  }

  /** Goes back to the default settings of the present pair. */
  #reset() {
    for (const field of this.#fields) {
      field.text = field.initial;
      field.complain();
    }
    this.write(".problem", "");
    remember(this.#world);
    this.equal = true;
    this.#keepAddress();
    if (["live", "loading"].includes(this.dataset.state ?? "")) {
      this.run();
      return;
    }
    this.#showStored();
    this.#drawStored();
  }

  // The address ------------------------------------------------------------------------------------

  #keepAddress = () => this.keep(this.address);

  async #restore() {
    const query = new URLSearchParams(location.search);
    const wrong = [];
    for (const side of this.sides) {
      const method = query.get(side.letter) ?? side.method;
      if (![...side.select.options].some(({ value }) => value === method)) wrong.push(`${side.letter}=${method.slice(0, 40)}`);
      else if (method !== side.method) await side.choose(method).catch(({ message }) => this.write(".problem", message));
    }
    recall(this, says(this.#world) ? [] : this.#world);
    wrong.push(...restore(this.#fields));
    this.equal = !query.has(this.sides[1].main?.key ?? "");
    if (wrong.length) this.write(".problem", `Not possible in the address: ${wrong.join(", ")}. The default is used.`);
    const world = this.find(".world");
    world.open = this.#world.some(({ element, text, initial }) => text !== initial && world.contains(element));
  }

  // Small things -----------------------------------------------------------------------------------

  get #fields() {
    return [...this.#world, ...this.sides.flatMap(({ fields }) => fields)];
  }

  get #moved() {
    const matched = this.equal ? this.sides[1].main : undefined;
    return !this.equal || this.#fields.some((field) => field !== matched && field.text !== field.initial);
  }
}

customElements.define("adapter-compare", AdapterCompare);
