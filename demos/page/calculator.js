/**
 * <parameter-calculator>: trained parameters of a method on a model, from the method's declared shapes.
 *
 * The element holds the form; the shapes and the models come from the script that `data-source` names
 * (scripts/catalog/counts.py). Its state is in the address.
 */

import { changed, remember, restore } from "./address.js";
import { PageElement, make } from "./element.js";
import { count } from "./formulas.js";

/**
 * @typedef {{name: string, kind: "int" | "float" | "bool" | "choice" | "model", default: any, options?: any[], low?: number, high?: number, step?: number}} Knob
 * @typedef {{title: string, place: string, knobs: Knob[], arrays: any[]}} Method
 * @typedef {{name: string, layers: number, hidden: number, inner: number, heads: number, queries: number, keys: number, total: number, fused: boolean}} Model
 */

class ParameterCalculator extends PageElement {
  /** @type {{methods: Record<string, Method>, models: Model[], places: any, targets: any} | undefined} */
  #data;
  /** The model chosen last: where one's own numbers start. @type {Model | undefined} */
  #preset;

  async connectedCallback() {
    const form = this.querySelector("form");
    if (!form || this.#data) return;
    this.hidden = false;
    try {
      this.#data = await import(new URL(this.dataset.source ?? "", location.href).href);
    } catch (error) {
      this.#say(
        `The formulas did not load (${error instanceof Error ? error.message : error}). The table below still holds. Reload the page to try again.`,
      );
      return;
    }
    form.addEventListener("input", (event) => {
      const name = event.target instanceof HTMLElement ? event.target.getAttribute("name") : "";
      if (name === "method") this.#offerKnobs();
      if (name === "model") this.#fillModel();
      this.#answer();
    });
    form.addEventListener("input", () => remember(form, changed(form)));
    form.addEventListener("submit", (event) => event.preventDefault());
    restore(form);
    this.#offerKnobs();
    restore(form);
    this.#answer();
  }

  /** @param {string} name @returns {string} */
  #value(name) {
    return String(new FormData(/** @type {HTMLFormElement} */ (this.querySelector("form"))).get(name) ?? "");
  }

  get #method() {
    return /** @type {Method} */ (this.#data?.methods[this.#value("method")]);
  }

  /** The model that is chosen; none where the numbers are the reader's own. */
  get #model() {
    return this.#data?.models.find(({ name }) => name === this.#value("model"));
  }

  #fillModel() {
    const model = this.#model;
    if (model) this.#preset = model;
    for (const input of this.querySelectorAll("input[data-model]")) {
      if (!(input instanceof HTMLInputElement)) continue;
      input.readOnly = Boolean(model);
      if (this.#preset && (model || !input.value))
        input.value = String(this.#preset[/** @type {keyof Model} */ (input.name)]);
      input.defaultValue = model ? input.value : ""; // of one's own, the address has all of them
    }
  }

  #offerKnobs() {
    const box = this.querySelector(".knobs");
    box?.replaceChildren(...this.#method.knobs.map(control));
    this.#fillModel();
  }

  #answer() {
    const number = (/** @type {string} */ name) => Number(this.#value(name));
    const sizes = ["layers", "hidden", "inner", "heads", "queries", "keys", "total"].map((name) => [
      name,
      number(name),
    ]);
    const fused = this.#model?.fused ?? false;
    const model = /** @type {Model} */ ({ name: "", fused, ...Object.fromEntries(sizes) });
    const wrong = [...this.querySelectorAll("input")].find((input) => !input.checkValidity());
    if (wrong) return this.#say(`${wrong.labels?.[0]?.textContent?.trim()}: ${wrong.validationMessage}`);
    const knobs = Object.fromEntries(
      this.#method.knobs.map(({ name, kind, options }) => {
        const text = this.#value(`knob-${name}`);
        if (kind === "model") return [name, model.heads];
        if (kind === "bool") return [name, text === "on"];
        return [name, kind === "choice" ? options?.find((option) => String(option) === text) : Number(text)];
      }),
    );
    const { places = {}, targets = {} } = this.#data ?? {};
    const where = places[this.#method.place] ?? targets[this.#value("targets")];
    const total = count(this.#method.arrays, where, model, knobs);
    if (total > Number.MAX_SAFE_INTEGER)
      return this.#say(
        "These settings ask for more parameters than can be counted exactly (9 · 10¹⁵). Take smaller numbers.",
      );
    const uneven = model.heads > 0 && model.queries % model.heads > 0;
    if (uneven || !Number.isInteger(total))
      return this.#say("These settings do not fit the model: a size does not divide.");
    const share = (100 * total) / model.total;
    this.#say(`${total.toLocaleString("en")} trained parameters, ${share.toPrecision(2)} % of the model.`);
  }

  /** @param {string} text */
  #say(text) {
    this.write("output", text);
  }
}

/** @param {Knob} knob */
function control({ name, kind, default: start, options, low, high, step }) {
  const label = make("label", {}, `${name.replaceAll("_", " ")} `);
  if (kind === "choice") {
    const offered = (options ?? []).map(
      (option) => new Option(`${option}`.replaceAll("_", " "), `${option}`, option === start, option === start),
    );
    label.append(make("select", { name: `knob-${name}` }, ...offered));
  } else {
    const input = make("input", { name: kind === "model" ? name : `knob-${name}` });
    if (kind === "model") input.dataset.model = "";
    if (kind === "bool") Object.assign(input, { type: "checkbox", defaultChecked: start });
    else
      Object.assign(input, {
        type: "number",
        min: `${low}`,
        step: `${step}`,
        defaultValue: `${start ?? ""}`,
        required: true,
      });
    if (kind === "float") input.max = `${high}`;
    label.append(input);
  }
  return label;
}

customElements.define("parameter-calculator", ParameterCalculator);
