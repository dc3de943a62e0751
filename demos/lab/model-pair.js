/** <model-pair>: what a model has become, matrix by matrix, from the files of the model before and after. Nothing of them leaves the browser. */

import { text as csv } from "../page/csv.js";
import { lazily } from "../page/files.js";
import { tensors } from "../page/arrays.js";
import { ReadersFiles, download } from "./dom.js";
import { Layers, counted, figures, percent, said } from "./layers.js";

/**
 * @typedef {import("../page/arrays.js").Tensor} Tensor
 * @typedef {import("./difference.js").Pair} Pair
 */

/** @type {import("./layers.js").Measures} */
const MEASURES = {
  relative: { title: () => "‖ΔW‖ / ‖W‖", write: figures },
  norm: { title: () => "‖ΔW‖, the Frobenius norm", write: figures },
  moved: { title: () => "Share of entries that differ", write: percent },
};
const SIDES = ["before", "after"];

class ModelPair extends ReadersFiles {
  /** Ends what is measured when other files come. */
  #work = new AbortController();
  /** Tensors by name, before and after. @type {Map<string, Tensor>[]} */
  #models = [new Map(), new Map()];
  #table = new Layers(this, MEASURES, (module) => this.#open(module));
  /** @type {typeof import("./difference.js") | undefined} */
  #measuring;

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#work.abort();
  }

  set() {
    this.#table.paint();
  }

  /** @param {string} name */
  press(name) {
    if (name === "csv") download(csv(this.#rows()), "models.csv");
  }

  /** Reads the lists of a model's files, which may be one or many. @param {File[]} files @param {HTMLInputElement} [place] */
  async drop(files, place) {
    if (!files.length) return;
    if (!place) return this.say("Drop the files on Before or on After.");
    const side = SIDES.indexOf(place.name);
    this.#work.abort();
    const { signal } = (this.#work = new AbortController());
    try {
      const model = await listed(files);
      if (signal.aborted) return;
      this.#models[side] = model;
      const other = this.#models[1 - side];
      if (!other.size)
        return this.say(`The model ${SIDES[side]} has ${model.size} tensors. Choose the model ${SIDES[1 - side]}.`);
      this.#measuring ??= await lazily(() => import("./difference.js"));
      const [before, after] = this.#models;
      const { pairs, notes } = this.#measuring.paired(before, after);
      this.#table.lay(pairs, `${counted(pairs.length)} in both models.`, notes);
      for (const pair of pairs) {
        const found = await this.#measuring.sizes(pair, signal);
        this.#table.add(pair.module, { ...found, of: "ΔW" });
        this.say(`Measured ${this.#table.found.size} of ${counted(pairs.length)}.`);
      }
      this.#table.paint();
      this.#end(pairs);
    } catch (error) {
      if (!signal.aborted) this.say(/** @type {Error} */ (error).message, true);
    }
  }

  /** @param {Pair[]} pairs */
  #end(pairs) {
    const still = [...this.#table.found.values()].every(({ norm }) => norm === 0);
    const done = `Measured ${counted(pairs.length)}.`;
    this.say(still ? `${done} The two models are equal.` : `${done} A click on one reads its largest singular values.`);
    this.dispatchEvent(new CustomEvent("model-pair:update", { bubbles: true, detail: { layers: pairs.length } }));
  }

  /** Shows what is known of a matrix, and reads its singular values where they are not. @param {string} module */
  async #open(module) {
    const pair = /** @type {Pair | undefined} */ (this.#table.layers.find((layer) => layer.module === module));
    const found = this.#table.found.get(module);
    if (!pair || !found || !this.#measuring) return;
    this.#show(module);
    if (found.reading || found.norm === 0) return;
    found.reading = true;
    const { signal } = this.#work;
    try {
      const told = (/** @type {number} */ pass) => this.say(`${module}: pass ${pass} over its entries.`);
      const { sigma, settled } = await this.#measuring.leading(pair, signal, told);
      Object.assign(found, { sigma, settled, largest: sigma[0], stable_rank: (found.norm / sigma[0]) ** 2 });
      this.say(`Read the ${sigma.length} largest singular values of ${module}.`);
      if (this.#table.open === module) this.#show(module);
    } catch (error) {
      if (!signal.aborted) this.say(/** @type {Error} */ (error).message, true);
    }
  }

  /** @param {string} module */
  #show(module) {
    const { norm, weight, relative, moved, sigma = [], settled, stable_rank } = this.#table.found.get(module) ?? {};
    const pair = /** @type {Pair} */ (this.#table.layers.find((layer) => layer.module === module));
    /** @type {[string, string][]} */
    const facts = [
      ["Shape", pair.before.shape.join(" × ")],
      ["Saved as, before and after", `${pair.before.dtype}, ${pair.after.dtype}`],
      ["‖ΔW‖", figures(norm)],
      ["‖W‖", figures(weight)],
      ["‖ΔW‖ / ‖W‖", said(relative, figures)],
      ["Entries that differ", percent(moved)],
      ["Largest singular value", said(sigma[0], figures)],
      ["Share of the first direction", said(stable_rank, (rank) => percent(1 / rank))],
      ["Stable rank", said(stable_rank, figures)],
    ];
    const note =
      settled === false
        ? "The singular values lie so close together that they had not settled when reading ended: each is at least what is shown, and the stable rank at most."
        : "";
    this.#table.show(module, facts, sigma, "ΔW, the largest", note);
  }

  #rows() {
    const numbers = ["norm", "weight", "relative", "moved", "largest", "stable_rank"];
    const rows = [["module", "shape", "dtype_before", "dtype_after", ...numbers, "singular_values"]];
    for (const layer of this.#table.layers) {
      const { module, before, after } = /** @type {Pair} */ (layer);
      const found = this.#table.found.get(module);
      if (!found) continue;
      const told = numbers.map((name) => `${found[name] ?? ""}`);
      rows.push([module, before.shape.join("x"), before.dtype, after.dtype, ...told, (found.sigma ?? []).join(" ")]);
    }
    return rows;
  }

  clear() {
    this.#table.clear();
  }
}

/** Returns the tensors of a model's files by name. @param {File[]} files @returns {Promise<Map<string, Tensor>>} */
async function listed(files) {
  /** @type {Map<string, Tensor>} */
  const found = new Map();
  const weights = files.filter(({ name }) => !/\.json$/i.test(name));
  if (!weights.length) throw new Error(`${files[0].name} holds settings and no tensor. Choose the .safetensors files.`);
  for (const file of weights)
    for (const tensor of await tensors(file)) {
      if (found.has(tensor.name))
        throw new Error(
          `${tensor.name} is in two of the files. Choose those of one model, the other in its own place.`,
        );
      found.set(tensor.name, tensor);
    }
  return found;
}

customElements.define("model-pair", ModelPair);
