/**
 * <adapter-choice>: what each method of the list below takes on the reader's model and GPU, the list in that order, and a
 * recipe to copy. Its state is in the address.
 *
 * The rows hold the benchmark's scores. Numbers, memory and recipes come from the script that `data-source` names
 * (scripts/catalog/counts.py, memory.py and recipes.py).
 */

import { changed, remember, restore } from "./address.js";
import { count, estimate, evaluate } from "./formulas.js";

const GIB = 2 ** 30;
const SHAPE = ["layers", "hidden", "heads", "queries", "keys", "inner", "vocabulary", "total"];
/** Where the models are loaded from. @type {Record<string, string>} */
const HOMES = {
  "Llama-3.2-3B": "meta-llama/Llama-3.2-3B",
  "Llama-3.1-8B": "meta-llama/Llama-3.1-8B",
  "Llama-2-7B": "meta-llama/Llama-2-7b-hf",
};

class AdapterChoice extends HTMLElement {
  /** @type {any} */
  #data;
  /** @type {HTMLFormElement} */
  #form = /** @type {any} */ (undefined);
  /** @type {HTMLTableRowElement[]} */
  #rows = [];

  async connectedCallback() {
    const form = this.querySelector("form");
    const table = document.getElementById(this.getAttribute("for") ?? "");
    if (!form || !(table instanceof HTMLTableElement) || this.#data) return;
    [this.#form, this.#rows] = [form, [...table.tBodies[0].rows]];
    this.hidden = false;
    try {
      this.#data = await import(new URL(this.dataset.source ?? "", location.href).href);
    } catch {
      return this.#say("The formulas could not be loaded. The list below still holds; reload the page to try again.");
    }
    restore(form);
    this.#shape();
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => this.#update());
    table.addEventListener("click", ({ target }) => {
      const button = /** @type {Element} */ (target).closest("button[name=show]");
      if (!(button instanceof HTMLButtonElement)) return;
      this.#input("recipe").value = button.value;
      this.#update();
      this.querySelector(".recipe")?.scrollIntoView({ block: "nearest" });
    });
    this.#answer();
  }

  #update() {
    this.#shape();
    this.#answer();
    remember(this.#form, changed(this.#form));
  }

  /** @param {string} name @returns {HTMLInputElement} */
  #input(name) {
    return /** @type {any} */ (this.#form.elements.namedItem(name));
  }

  /** Shows the shape of the chosen model, or leaves it to the reader. */
  #shape() {
    const model = this.#data.models.find((/** @type {any} */ { name }) => name === this.#input("base").value);
    for (const name of SHAPE) {
      const input = this.#input(`my-${name}`);
      input.readOnly = Boolean(model);
      if (model) input.value = input.defaultValue = String(model[name]);
      else input.defaultValue = ""; // then the address has all of them
    }
  }

  #answer() {
    const wrong = [...this.#form.elements].find((e) => e instanceof HTMLInputElement && !e.checkValidity());
    if (wrong instanceof HTMLInputElement)
      return this.#say(`${wrong.labels?.[0]?.textContent?.trim()}: ${wrong.validationMessage}`);
    const number = (/** @type {string} */ name) => Number(this.#input(name).value);
    const model = Object.fromEntries(SHAPE.map((name) => [name, number(`my-${name}`)]));
    const tied = this.#data.models.find((/** @type {any} */ m) => m.name === this.#input("base").value)?.tied ?? false;
    const given = {
      ...model,
      bits: number("bits"),
      linear: model.total - (tied ? 1 : 2) * model.vocabulary * model.hidden,
      state: this.#data.states[this.#input("optimiser").value],
      tokens: number("batch") * number("length"),
      checkpointing: this.#input("checkpointing").checked,
    };
    const room = number("memory") * 1e9;
    /** @type {[HTMLTableRowElement, number][]} */
    const order = this.#rows.map((row) => {
      const slug = row.dataset.method ?? "";
      const recipe = this.#data.recipes.methods[slug];
      const usable = recipe?.bits.includes(given.bits);
      const trained = recipe ? this.#trained(slug, recipe, model) : NaN;
      const bytes = recipe
        ? estimate(this.#data.formulas, { ...given, trained, inputs: this.#inputs(recipe, model) }).all
        : NaN;
      const fits = usable && Number.isInteger(trained) && bytes <= room;
      row.classList.toggle("over", !fits);
      row.cells[1].textContent = Number.isInteger(trained) ? trained.toLocaleString("en") : "–";
      row.cells[2].textContent =
        usable && bytes ? `${(bytes / 1e9).toFixed(1)} GB` : recipe ? `no recipe for ${given.bits} bits` : "–";
      row.cells[2].title = usable && !fits ? "more than there is" : "";
      const button = /** @type {HTMLButtonElement} */ (row.querySelector("button[name=show]"));
      if (button) button.disabled = !usable;
      return [row, (fits ? 0 : 1e6) - Number(row.dataset.score || -1)];
    });
    order.sort(([, a], [, b]) => a - b);
    for (const [row] of order) row.parentElement?.append(row);
    const fitting = order.filter(([row]) => !row.classList.contains("over")).length;
    const base = estimate(this.#data.formulas, { ...given, trained: 0, inputs: 0 });
    const part = (/** @type {number} */ bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
    /** @type {any[]} */
    const recipes = Object.values(this.#data.recipes.methods);
    const why = recipes.filter(({ bits }) => !bits.includes(given.bits)).map((recipe) => recipe.why);
    this.#say(
      `${fitting} methods fit. Without an adapter: weights ${part(base.weights)}, activations ${part(base.activations)}, logits ${part(base.logits)}. ${why.join("")}`.trim(),
    );
    this.#recipe(given.bits);
  }

  /** @param {string} slug @param {any} recipe @param {any} model */
  #trained(slug, recipe, model) {
    const { methods, places, targets } = this.#data;
    if (recipe.model) return Number(evaluate(recipe.model, model));
    const { place, start, arrays } = methods[slug];
    const where = places[place] ?? targets[this.#input("weights").value];
    if (recipe.weight) return count([{ shared: false, shape: [recipe.weight] }], where, model, {});
    return count(arrays, where, model, { ...start, ...recipe.knobs });
  }

  /** Widths of what goes into the adapted weights of a layer, added up. @param {any} recipe @param {any} model */
  #inputs(recipe, model) {
    if (!recipe.config.includes("<targets>")) return 0;
    const names = recipe.targets ?? this.#data.recipes.names[this.#input("weights").value];
    return names.reduce(
      (/** @type {number} */ sum, /** @type {string} */ name) => sum + (model[this.#data.inputs[name]] ?? 0),
      0,
    );
  }

  /** @param {number} bits */
  #recipe(bits) {
    const box = /** @type {HTMLElement} */ (this.querySelector(".recipe"));
    const slug = this.#input("recipe").value;
    const { recipes } = this.#data;
    const recipe = recipes.methods[slug];
    box.hidden = !recipe?.bits.includes(bits);
    if (box.hidden) return;
    const few = bits < 16;
    const on = this.#input("checkpointing").checked;
    const classes = [recipe.class, "get_peft_model", ...(few ? ["prepare_model_for_kbit_training"] : [])];
    /** @type {[string, string][]} */
    const slots = [
      ["classes", classes.join(", ")],
      ["loaders", `AutoModelForCausalLM${few ? ", BitsAndBytesConfig" : ""}`],
      ["model", HOMES[this.#input("base").value] ?? "your/model"],
      ["quantised", recipes.quantised[bits]],
      ["prepare", few ? recipes.kbit : on ? recipes.checkpointing : ""],
      ["config", recipe.config],
      ["targets", python(recipe.targets ?? recipes.names[this.#input("weights").value])],
      ["checkpointing", on ? "True" : "False"],
      ["notes", recipe.notes[bits] ?? ""],
      ["rate", recipe.rate],
    ];
    const text = slots.reduce((code, [name, value]) => code.replaceAll(`<${name}>`, () => value), recipes.load);
    const row = this.#rows.find(({ dataset }) => dataset.method === slug);
    /** @type {HTMLElement} */ (box.querySelector("h3")).textContent =
      `Recipe: ${row?.querySelector("th")?.textContent ?? slug}`;
    /** @type {HTMLElement} */ (box.querySelector("code")).textContent = text;
  }

  /** @param {string} text */
  #say(text) {
    const output = this.querySelector("output");
    if (output) output.textContent = text;
  }
}

/** A list of names as Python writes it. @param {string[]} names */
const python = (names) => `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;

customElements.define("adapter-choice", AdapterChoice);
