/**
 * <adapter-choice>: what each method of the list below takes on the reader's model and GPU, the list with LoRA and what fits
 * first, and a recipe to copy. Its state is in the address.
 *
 * The rows hold the benchmark's scores. Numbers, memory and recipes come from the script that `data-source` names
 * (scripts/catalog/counts.py, memory.py and recipes.py).
 */

import { changed, remember, restore } from "./address.js";
import { PageElement, make } from "./element.js";
import { decoder, objection } from "./model_config.js";
import { count, estimate, evaluate } from "./formulas.js";
import { names, schedule, written } from "./recipe.js";

const GIB = 2 ** 30;
const USABLE = 0.9; // the rest is lost to fragmentation
const FEW = 8; // rows that are shown at first
const SHAPE = ["layers", "hidden", "heads", "queries", "keys", "inner", "vocabulary", "total"];
const SWITCHES = ["tied", "fused"];

const gib = (/** @type {number} */ bytes) => `${(bytes / GIB).toFixed(1)} GiB`;

class AdapterChoice extends PageElement {
  /** @type {any} */
  #data;
  /** @type {HTMLFormElement} */
  #form = /** @type {any} */ (undefined);
  /** @type {HTMLTableElement} */
  #table = /** @type {any} */ (undefined);
  /** @type {HTMLTableRowElement[]} */
  #rows = [];

  async connectedCallback() {
    const [form, order] = this.querySelectorAll("form");
    const table = document.getElementById(this.getAttribute("for") ?? "");
    if (!form || !(table instanceof HTMLTableElement) || this.#data) return;
    [this.#form, this.#table, this.#rows] = [form, table, [...table.tBodies[0].rows]];
    this.hidden = false;
    try {
      this.#data = await import(new URL(this.dataset.source ?? "", location.href).href);
    } catch {
      return this.#say("The formulas could not be loaded. The list below still holds; reload the page to try again.");
    }
    restore(form);
    restore(order);
    this.#shape();
    const more = /** @type {HTMLDetailsElement} */ (form.querySelector("details"));
    if (changed(form).some(([name]) => more.querySelector(`[name="${name}"]`))) more.open = true;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) =>
      target instanceof HTMLTextAreaElement ? this.#paste(target.value) : this.#update(),
    );
    order.addEventListener("input", () => {
      this.#answer();
      remember(order, changed(order));
    });
    for (const place of [form, table])
      place.addEventListener("click", ({ target }) => {
        const button = /** @type {Element} */ (target).closest("button[name=show]");
        if (!(button instanceof HTMLButtonElement)) return;
        this.#input("recipe").value = button.value;
        this.#update();
        this.querySelector(".recipe")?.scrollIntoView(); // to its beginning, since it is taller than a screen
      });
    this.#more?.addEventListener("click", () => {
      table.classList.toggle("whole");
      this.#shorten();
    });
    table.addEventListener("rowfilter", () => this.#shorten());
    this.#answer();
  }

  get #more() {
    return /** @type {HTMLButtonElement | null} */ (document.querySelector(".more > button"));
  }

  /** Shows the first rows that the filter has left, or all. */
  #shorten() {
    const rows = [...this.#table.tBodies[0].rows].filter(({ hidden }) => !hidden);
    rows.forEach((row, i) => row.classList.toggle("later", i >= FEW));
    const button = this.#more;
    if (!button?.parentElement) return;
    button.parentElement.hidden = rows.length <= FEW;
    button.textContent = this.#table.classList.contains("whole") ? `Show ${FEW} only` : `Show all ${rows.length}`;
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

  /** @returns {string} */
  get #order() {
    return this.find("[name=order]").value;
  }

  get #preset() {
    return this.#data.models.find((/** @type {any} */ { name }) => name === this.#input("base").value);
  }

  /** Shows the shape of the chosen model, or leaves it to the reader. */
  #shape() {
    const model = this.#preset;
    for (const name of SHAPE) {
      const input = this.#input(`my-${name}`);
      input.readOnly = Boolean(model);
      if (model) input.value = input.defaultValue = String(model[name]);
      else input.defaultValue = ""; // then the address has all of them
    }
    for (const name of SWITCHES) {
      const input = this.#input(`my-${name}`);
      input.disabled = Boolean(model);
      if (model) input.checked = model[name];
      input.defaultChecked = Boolean(model?.[name]);
    }
    if (!model) this.find("details.own").open = true;
  }

  /** Takes over the shape in a config.json. @param {string} text */
  #paste(text) {
    const says = this.find("#paste-says");
    says.textContent = "";
    if (!text.trim()) return;
    try {
      const shape = decoder(text);
      this.#input("base").value = "own";
      for (const name of SHAPE)
        this.#input(`my-${name}`).value = String(shape[/** @type {keyof typeof shape} */ (name)]);
      this.#input("my-tied").checked = shape.tied;
      this.#input("my-fused").checked = shape.fused;
      const total = `${(shape.total / 1e9).toPrecision(3)} billion parameters`;
      says.textContent = `Read: ${shape.layers} layers of ${shape.hidden}, ${total}.`;
    } catch (error) {
      says.textContent = error instanceof Error ? error.message : String(error);
      return;
    }
    this.#update();
  }

  #answer() {
    const wrong = [...this.#form.elements].find((e) => e instanceof HTMLInputElement && !e.checkValidity());
    if (wrong instanceof HTMLInputElement)
      return this.#say(`${wrong.labels?.[0]?.textContent?.trim()}: ${wrong.validationMessage}`);
    const number = (/** @type {string} */ name) => Number(this.#input(name).value);
    const model = /** @type {any} */ (Object.fromEntries(SHAPE.map((name) => [name, number(`my-${name}`)])));
    for (const name of SWITCHES) model[name] = this.#input(`my-${name}`).checked;
    const impossible = this.#preset ? undefined : objection(model);
    if (impossible) return this.#say(impossible);
    const given = {
      ...model,
      linear: model.total - (model.tied ? 1 : 2) * model.vocabulary * model.hidden,
      state: this.#data.states[this.#input("optimiser").value],
      tokens: number("batch") * number("length"),
      checkpointing: this.#input("checkpointing").checked,
      chunked: this.#input("chunked").checked,
    };
    const room = number("memory") * GIB;
    /** @param {string} slug @param {number} bits */
    const bytes = (slug, bits) => {
      const recipe = this.#data.recipes.methods[slug];
      const own = { ...given, bits, trained: this.#trained(slug, recipe, model) };
      return estimate(this.#data.formulas, { ...own, ...this.#extras(recipe, own) }).all;
    };
    const bits = number("bits") || (bytes("lora", 16) <= USABLE * room ? 16 : 4);
    /** @type {[HTMLTableRowElement, number][]} */
    const order = this.#rows.map((row) => {
      const slug = row.dataset.method ?? "";
      const recipe = this.#data.recipes.methods[slug];
      const usable = recipe?.bits.includes(bits);
      const trained = recipe ? this.#trained(slug, recipe, model) : NaN;
      const needed = recipe ? bytes(slug, bits) : NaN;
      const fits = usable && Number.isInteger(trained) && needed <= USABLE * room;
      row.classList.toggle("over", !fits);
      const memory = row.cells[1];
      memory.textContent = usable && needed ? gib(needed) : recipe ? `no recipe for ${bits} bits` : "–";
      const more =
        recipe && (usable ? Number.isInteger(trained) && `${trained.toLocaleString("en")} trained` : recipe.why);
      if (more) memory.append(" ", make("span", { className: "soft run" }, more));
      memory.title = usable && !fits ? "more than there is" : "";
      const button = /** @type {HTMLButtonElement} */ (row.querySelector("button[name=show]"));
      if (button) button.disabled = !usable;
      return [row, (fits ? 0 : 1e6) - (slug === "lora" ? 1e5 : this.#rate(row))];
    });
    order.sort(([, a], [, b]) => a - b);
    for (const [row] of order) row.parentElement?.append(row);
    this.#values();
    this.#shorten();
    const fitting = order.filter(([row]) => !row.classList.contains("over")).length;
    const needed = bytes("lora", bits);
    const base = `with the base in ${bits} bits`;
    const less = bits > 4 ? "Fewer bits of the base" : "A shorter sequence";
    const { steps, together } = schedule(this.#data, this.#lengths);
    this.#say(
      needed <= USABLE * room
        ? `LoRA fits: ${gib(needed)} of ${number("memory")} ${base}. Its recipe makes three runs of ${steps.toLocaleString("en")} steps of ${together} examples. ${fitting} methods fit.`
        : `LoRA needs ${gib(needed)} ${base}, and a tenth of ${number("memory")} has to stay free. ${fitting} methods fit. ${less} would take less.`,
    );
    /** @type {HTMLButtonElement} */ (this.#form.querySelector(".answer button")).disabled = false;
    this.#recipe(bits, model.fused);
  }

  /** What a recipe's steps follow from. */
  get #lengths() {
    const number = (/** @type {string} */ name) => Number(this.#input(name).value);
    return { examples: number("examples"), epochs: number("epochs"), batch: number("batch") };
  }

  /** Shows of each row the number that the order goes by. */
  #values() {
    const head = this.#table.querySelector("th.by");
    const select = this.find("[name=order]");
    if (head) head.textContent = select.selectedOptions[0].dataset.head ?? "";
    for (const span of /** @type {NodeListOf<HTMLElement>} */ (this.#table.querySelectorAll("[data-of]")))
      span.hidden = span.dataset.of !== select.value;
    this.#table.classList.toggle("scores", !select.value);
  }

  /** Return a row's value in the chosen order. @param {HTMLTableRowElement} row */
  #rate({ dataset }) {
    const by = this.#order || "score";
    const told = dataset[by];
    if (!told) return -1e3;
    return by === "forgetting" || by === "time" ? -Number(told) : Number(told);
  }

  /** @param {any} recipe @returns {number} The rank that is asked for, or the recipe's own. */
  #rank(recipe) {
    return Number(recipe.rank && this.#input("rank").value) || recipe.rank;
  }

  /** @param {string} slug @param {any} recipe @param {any} model */
  #trained(slug, recipe, model) {
    const { methods, places, targets } = this.#data;
    const rank = this.#rank(recipe);
    if (recipe.model) return Number(evaluate(recipe.model, { ...model, rank }));
    const { place, start, arrays } = methods[slug];
    const where = places[place] ?? targets[this.#input("weights").value];
    if (recipe.alike) {
      const once = where.map((/** @type {any[]} */ [d_out, d_in, n]) => [d_out, d_in, ["min", n, 1]]);
      return count([{ shared: false, shape: [recipe.alike] }], once, model, { rank, layers: model.layers });
    }
    if (recipe.weight) return count([{ shared: false, shape: [recipe.weight] }], where, model, { rank });
    const knobs = Object.entries(recipe.knobs).map(([name, found]) => [name, evaluate(found, { rank })]);
    return count(arrays, where, model, { ...start, ...Object.fromEntries(knobs) });
  }

  /** Return the memory that a method keeps of a layer for the backward pass, and holds besides all weights. @param {any} recipe @param {any} given */
  #extras(recipe, given) {
    const { kept, held, beside, sides } = this.#data;
    const whole = Number(evaluate(beside[recipe.kept] ?? 0, given));
    if (!recipe.config.includes("<targets>")) return { kept: 0, held: whole };
    const rank = this.#rank(recipe);
    const adapted = names(this.#data, recipe, this.#input("weights").value, given.fused);
    /** @param {any} formulas */
    const all = (formulas) =>
      adapted.reduce((sum, name) => {
        const [d_out, d_in] = sides[name].map((/** @type {any} */ side) => evaluate(side, given));
        const key = recipe.kept === "IA3" && name === "down_proj" ? "IA3 feedforward" : recipe.kept;
        return sum + Number(evaluate(formulas[key] ?? 0, { d_out, d_in, tokens: given.tokens, rank }));
      }, 0);
    return { kept: all(kept), held: given.layers * all(held) + whole };
  }

  /** @param {number} bits @param {boolean} fused */
  #recipe(bits, fused) {
    const box = this.find(".recipe");
    const slug = this.#input("recipe").value;
    const recipe = this.#data.recipes.methods[slug];
    box.hidden = !recipe?.bits.includes(bits);
    if (box.hidden) return;
    const number = (/** @type {string} */ name) => Number(this.#input(name).value);
    const row = this.#rows.find(({ dataset }) => dataset.method === slug);
    this.write(".recipe h2", `Recipe: ${row?.querySelector("th")?.textContent ?? slug}`);
    const listing = /** @type {HTMLElement} */ (box.querySelector("pre code"));
    listing.tabIndex = 0; // the theme takes it from a listing that is empty at first
    listing.textContent = written(this.#data, slug, {
      home: this.#preset?.home ?? "your/model",
      bits,
      fused,
      rank: this.#rank(recipe),
      targets: this.#input("weights").value,
      checkpointing: this.#input("checkpointing").checked,
      chunked: this.#input("chunked").checked,
      optimiser: this.#input("optimiser").value,
      length: number("length"),
      ...this.#lengths,
    });
  }

  /** @param {string} text */
  #say(text) {
    this.write("output", text);
  }
}

customElements.define("adapter-choice", AdapterChoice);
