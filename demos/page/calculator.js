/**
 * <parameter-calculator>: trained parameters of a method on a model, from the method's declared shapes.
 *
 * The element holds the form; the shapes and the models come as JSON from its `data-source`.
 */

/**
 * @typedef {number | string | boolean | any[]} Expression
 * @typedef {{name: string, kind: "int" | "float" | "bool" | "choice" | "model", default: any, options?: any[], low?: number, high?: number, step?: number}} Knob
 * @typedef {{title: string, place: string, arrays: {axes: Expression[], shared: boolean}[], knobs: Knob[]}} Method
 * @typedef {{name: string, layers: number, hidden: number, inner: number, heads: number, queries: number, keys: number, total: number}} Model
 */

/** @type {Record<string, (...given: any[]) => any>} */
const OPERATORS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "%": (a, b) => ((a % b) + b) % b,
  "**": (a, b) => a ** b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  min: Math.min,
  max: Math.max,
  ceil: Math.ceil,
  text: (value) => value,
};

/** @param {Expression} expression @param {Record<string, any>} names @returns {any} */
export function evaluate(expression, names) {
  if (typeof expression === "string") return names[expression];
  if (!Array.isArray(expression)) return expression;
  const [operator, ...given] = expression;
  if (operator === "text") return given[0];
  if (operator === "if") return evaluate(given[evaluate(given[0], names) ? 1 : 2], names);
  return Number(OPERATORS[operator](...given.map((part) => evaluate(part, names))));
}

/**
 * @param {Method} method @param {Expression[][]} places (d_out, d_in, how many) of what the method adapts
 * @param {Model} model @param {Record<string, any>} knobs
 */
export function count(method, places, model, knobs) {
  let total = 0;
  const where = places.map((axes) => axes.map((axis) => Number(evaluate(axis, model))));
  for (const { axes, shared } of method.arrays) {
    const sizes = where.map(([d_out, d_in, n]) => {
      const size = axes.map((axis) => Number(evaluate(axis, { ...knobs, d_out, d_in }))).reduce((a, b) => a * b, 1);
      return shared ? size : n * size;
    });
    total += shared ? Math.max(...sizes) : sizes.reduce((a, b) => a + b, 0);
  }
  return total;
}

class ParameterCalculator extends HTMLElement {
  /** @type {{methods: Record<string, Method>, models: Model[], places: Record<string, Expression[][]>, targets: Record<string, Expression[][]>} | undefined} */
  #data;
  /** The model chosen last: where one's own numbers start. @type {Model | undefined} */
  #preset;

  async connectedCallback() {
    const form = this.querySelector("form");
    if (!form || this.#data) return;
    this.hidden = false;
    try {
      const response = await fetch(new URL(this.dataset.source ?? "", location.href));
      if (!response.ok) throw new Error(`status ${response.status}`);
      this.#data = await response.json();
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
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#offerKnobs();
    this.#answer();
  }

  /** @param {string} name @returns {string} */
  #value(name) {
    return String(new FormData(/** @type {HTMLFormElement} */ (this.querySelector("form"))).get(name) ?? "");
  }

  get #method() {
    return /** @type {Method} */ (this.#data?.methods[this.#value("method")]);
  }

  #fillModel() {
    const model = this.#data?.models.find(({ name }) => name === this.#value("model"));
    if (model) this.#preset = model;
    for (const input of this.querySelectorAll("input[data-model]")) {
      if (!(input instanceof HTMLInputElement)) continue;
      input.readOnly = Boolean(model);
      if (this.#preset && (model || !input.value))
        input.value = String(this.#preset[/** @type {keyof Model} */ (input.name)]);
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
    const model = /** @type {Model} */ ({ name: "", ...Object.fromEntries(sizes) });
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
    const total = count(this.#method, where, model, knobs);
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
    const output = this.querySelector("output");
    if (output) output.textContent = text;
  }
}

/** @param {Knob} knob */
function control({ name, kind, default: start, options, low, high, step }) {
  const label = document.createElement("label");
  label.textContent = `${name.replaceAll("_", " ")} `;
  if (kind === "choice") {
    const select = document.createElement("select");
    select.name = `knob-${name}`;
    for (const option of options ?? [])
      select.add(new Option(String(option).replaceAll("_", " "), String(option), option === start, option === start));
    label.append(select);
  } else {
    const input = document.createElement("input");
    input.name = kind === "model" ? name : `knob-${name}`;
    if (kind === "model") input.dataset.model = "";
    input.type = kind === "bool" ? "checkbox" : "number";
    if (kind === "bool") input.checked = start;
    else Object.assign(input, { min: String(low), step: String(step), value: String(start ?? ""), required: true });
    if (kind === "float") input.max = String(high);
    label.append(input);
  }
  return label;
}

customElements.define("parameter-calculator", ParameterCalculator);
