/** <adapter-file>: what a reader's adapter changes, layer by layer. Its files are read here in slices and go nowhere. */

import { python } from "../python/client.js";
import { text as csv } from "../page/csv.js";
import { MOST, breathe, settings, tensors } from "../page/arrays.js";
import { get } from "../page/files.js";
import { apart, turned, weightOf } from "./base.js";
import { directions } from "./directions.js";
import { button, download, make, paragraph } from "../page/element.js";
import { ReadersFiles } from "./readers_files.js";
import { Layers, common, counted, figures, lacking, percent, said } from "./layers.js";
import { families, reach, rows as told, within } from "./reach.js";

/**
 * @typedef {import("../page/arrays.js").Tensor} Tensor
 * @typedef {{kind: string, module: string, row: string, column: string, tensors: Record<string, string>, shapes: Record<string, number[]>, rank: number | null, alpha: number | null, scale: number, weight: string, needs: boolean, turned: boolean, sides?: [number, number]}} Layer
 * @typedef {{title: string, layers: Layer[], failed: Map<string, string>, weightless: Map<string, string>, notes: string[]}} Adapter
 * @typedef {{sigma: number[], norm: number | null, largest: number | null, stable_rank: number | null, share: number | null, directions: number | null, of: string, facts: [string, number][], note: string, first: import("./directions.js").Pair | null, relative?: number | null, change?: number | null, weight?: number}} Measured
 */

/** @type {import("./layers.js").Measures} */
const MEASURES = {
  norm: { title: (of) => `‖${of}‖, the Frobenius norm`, write: figures },
  stable_rank: { title: (of) => `Stable rank of ${of}`, write: figures },
  share: { title: (of) => `Share of the first direction in the energy of ${of}`, write: percent },
  relative: { title: () => "‖ΔW‖ / ‖W‖, with the base", write: figures },
  directions: { title: (of) => `Directions that hold 90 % of the energy of ${of}`, write: (value) => `${value}` },
};
const SLICE = 2 ** 19; // numbers of the base that are in memory at once
const SOME = 4096; // layers that are told at once
const LIMIT = 60_000; // milliseconds for reading names and settings, which may never end, on a slow machine, and one more for each tensor

class AdapterFile extends ReadersFiles {
  #asked = 0;
  /** @type {File | undefined} */
  #weights;
  /** @type {string | undefined} */
  #config;
  /** The base's tensors by their names, of one file or of many. @type {Map<string, Tensor>} */
  #base = new Map();
  /** The adapter's, too. @type {Map<string, Tensor>} */
  #tensors = new Map();
  /** @type {Adapter | undefined} */
  #adapter;
  /** Which matrix is asked about, by its turn. */
  #near = 0;
  /** What the families explain of the open one. @type {import("./reach.js").Answer | undefined} */
  #reached;
  #table = new Layers(this, MEASURES, (module) => this.#show(module));

  connectedCallback() {
    super.connectedCallback();
    this.dataset.state = "ready";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#asked++;
    this.#near++;
  }

  /** @param {string} name */
  set(name) {
    if (name === "measure") this.#table.paint();
  }

  /** @param {string} name of a button */
  press(name) {
    if (name === "example") this.#example();
    if (name === "csv") download(csv(this.#rows()), "adapter.csv");
    if (name === "families" && this.#reached) download(csv(told(this.#reached)), "families.csv");
  }

  async #example() {
    try {
      const files = [...this.querySelectorAll("a[download]")].map(async (link) => {
        const { href, download } = /** @type {HTMLAnchorElement} */ (link);
        return new File([await (await get(href)).blob()], download);
      });
      await this.drop(await Promise.all(files));
    } catch (error) {
      this.say(/** @type {Error} */ (error).message, true);
    }
  }

  /** New weights without settings do not keep those of the last ones. @param {File[]} files */
  async drop(files) {
    if (!files.length) return;
    const asked = ++this.#asked;
    try {
      const configs = files.filter(({ name }) => /\.json$/i.test(name));
      const named = configs.filter(({ name }) => /adapter_config/i.test(name));
      const [config] = named.length ? named : configs;
      const others = files.filter((file) => !configs.includes(file));
      const saved = others.filter(({ name }) => /\.safetensors$/i.test(name));
      const [weights, bases] = await apart(saved.length || others.length > 1 ? saved : others);
      if (weights.length > 1)
        throw new Error(`${weights.map(({ name }) => name).join(" and ")} are two adapters. Choose one.`);
      if (!weights.length && !bases.length && others.length)
        throw new Error("None of these files is a .safetensors file.");
      const text = config && (await settings(config));
      if (asked !== this.#asked) return;
      if (weights.length) [this.#weights, this.#config] = [weights[0], text];
      else if (config) this.#config = text;
      if (weights.length) this.#base.clear();
      for (const tensor of bases.flatMap(([, found]) => found)) this.#base.set(tensor.name, tensor);
      if (!this.#weights && bases.length) return this.say("The base is here. Choose the adapter’s two files.");
      if (!this.#weights)
        throw new Error(
          `${config.name} holds settings and no tensor. Choose adapter_model.safetensors together with it.`,
        );
      await this.#read(this.#weights, asked);
    } catch (error) {
      if (asked === this.#asked) this.say(/** @type {Error} */ (error).message, true);
    }
  }

  /** @param {File} file @param {number} asked */
  async #read(file, asked) {
    const all = new Map((await tensors(file)).map((tensor) => [tensor.name, tensor]));
    if (asked !== this.#asked) return;
    this.sayAt(python, "Reading the names.");
    const adapter = await this.#list(all, asked);
    if (!adapter || asked !== this.#asked) return;
    [this.#adapter, this.#tensors] = [adapter, all];
    this.#near++;
    this.find(".near").replaceChildren();
    const { title, layers, failed, notes } = adapter;
    const ranks = [...new Set(layers.flatMap(({ rank }) => rank ?? []))].sort((a, b) => a - b);
    const r = ranks.length > 5 ? `${ranks[0]} to ${ranks.at(-1)}` : ranks.join(" or ");
    this.#table.lay(layers, `${title} on ${counted(layers.length)}${r && `, r = ${r}`}.`, notes);
    const shared = shares(layers);
    /** @type {Map<string, Promise<Float64Array>>} */
    const kept = new Map();
    for (const layer of layers) {
      try {
        /** @type {Record<string, Float64Array>} */
        const arrays = {};
        for (const [role, name] of Object.entries(layer.tensors)) {
          const reading = kept.get(name) ?? /** @type {Tensor} */ (all.get(name)).read();
          if (shared.has(name)) kept.set(name, reading);
          arrays[role] = await reading;
        }
        const found = /** @type {Measured | undefined} */ (await this.#ask("measured", [layer, arrays]));
        if (!found || asked !== this.#asked) return;
        const beside = await this.#beside(layer, arrays, found.norm, asked);
        if (asked !== this.#asked) return;
        this.#table.add(layer.module, { ...found, ...beside });
      } catch (error) {
        if (asked !== this.#asked || /** @type {any} */ (error).kind === "load") throw error;
        failed.set(layer.module, /** @type {Error} */ (error).message);
      }
      this.say(`Measured ${this.#found.size} of ${counted(layers.length)}.`);
    }
    this.#end();
  }

  /** Lists the layers of a file, and where the base has their weights. @param {Map<string, Tensor>} all @param {number} asked @returns {Promise<Adapter | undefined>} */
  async #list(all, asked) {
    await breathe();
    const listed = JSON.stringify([...all.values()].map(({ name, shape }) => ({ name, shape })));
    await breathe();
    const about = await this.#hurried("opened", [listed, this.#config], LIMIT + all.size);
    /** @type {Layer[]} */
    const layers = [];
    for (let first = 0; about && first < about.count; first += SOME) {
      const some = await this.#ask("some", [first, SOME]);
      if (!some || asked !== this.#asked) return;
      layers.push(...JSON.parse(some.text).map(known));
    }
    if (!about) return;
    /** @type {Map<string, string>} */
    const weightless = new Map();
    if (this.#base.size) {
      const weights = layers.map(({ weight }) => weightOf(this.#base, weight));
      for (const [i, { module, weight }] of layers.entries())
        if (weights[i] && !`${weight}.weight`.endsWith(weights[i].name))
          about.notes.push(`The weight of ${module} is ${weights[i].name}, to which it is tied.`);
      const where = await this.#ask("based", [JSON.stringify(weights.map((tensor) => tensor?.shape ?? null))]);
      if (!where) return;
      for (const [i, { why, ...lies }] of JSON.parse(where.text).entries()) {
        const { module, weight } = Object.assign(layers[i], known(lies));
        const missing = `The base has no ${weight}.weight. Is it the model that the adapter is for?`;
        if (!lies.sides) weightless.set(module, why || missing);
      }
    }
    const failed = new Map(Object.entries(/** @type {Record<string, string>} */ (about.failed)));
    return { ...about, layers, failed, weightless };
  }

  /** Asks how near the open matrix is to each family, and says it below the table. @param {Layer} layer @param {Measured} found */
  async #reach(layer, found) {
    const turn = ++this.#near;
    const old = () => turn !== this.#near || this.lifetime.signal.aborted;
    const status = make("p", { className: "progress", role: "status" }, "Reading it.");
    const about = make("h2", {}, `A closer look at ${layer.module}`);
    const [left, along, right] = [make("div", {}), make("div", {}), make("div", {})];
    this.#reached = undefined;
    this.find(".near").replaceChildren(
      about,
      status,
      make("div", { className: "sides" }, make("div", {}, left, along), right),
    );
    const point = (/** @type {[number, number] | null} */ answers) => {
      if (found.first)
        right.replaceChildren(directions(found.first, this.#column(layer), layer.module, found.of, answers));
    };
    try {
      point(null);
      /** @type {Record<string, Float64Array>} */
      const arrays = {};
      for (const [role, name] of Object.entries(layer.tensors))
        arrays[role] = await /** @type {Tensor} */ (this.#tensors.get(name)).read();
      const large = layer.turned && layer.sides && layer.sides[0] * layer.sides[1] > MOST;
      if (large) about.after(paragraph("note", "W is too large to be turned here, and is left out."));
      const weight = large ? undefined : this.#weight(layer, true);
      const asking = async (/** @type {string} */ does, /** @type {unknown[]} */ values) =>
        old() ? undefined : python.ask(this.#table, { type: "saved", part: "reach", does, values });
      const norm = found.change ?? found.norm;
      for await (const { status: text, answer, within: part } of reach(layer, arrays, weight, norm, asking)) {
        if (old()) return;
        status.textContent = text;
        if (part) along.replaceChildren(within(part));
        if (!answer) continue;
        this.#reached = answer;
        const of = weight ? "ΔW" : found.of;
        left.replaceChildren(families(answer, layer, of), paragraph("tools", button("families", "Save the table")));
        if (answer.answers) point(answer.answers);
      }
      this.dispatchEvent(new CustomEvent("adapter-file:near", { bubbles: true, detail: { module: layer.module } }));
    } catch (error) {
      if (!old()) status.textContent = /** @type {Error} */ (error).message;
    }
  }

  /** The same matrix of all layers, as far as its first direction is known. @param {Layer} layer */
  #column({ column, shapes }) {
    const same = (/** @type {Layer} */ other) => JSON.stringify(other.shapes) === JSON.stringify(shapes);
    const all = this.#adapter?.layers.filter((other) => other.column === column && same(other)) ?? [];
    const brief = common(all.map(({ row }) => row));
    return all.flatMap(({ row, module }) => {
      const first = this.#found.get(module)?.first;
      return first ? [{ module, name: brief(row), first }] : [];
    });
  }

  /**
   * Measure a change in proportion to the weight that it changes, where the base is here. Rows of it are read one slice after
   * the other.
   *
   * @param {Layer} layer @param {Record<string, Float64Array>} arrays @param {number | null} norm of the change
   * @param {number} asked @returns {Promise<Partial<Measured>>}
   */
  async #beside(layer, arrays, norm, asked) {
    const tensor = this.#weight(layer, layer.needs);
    if (!tensor) return {};
    const { shape } = tensor;
    const step = Math.max(1, Math.floor(SLICE / shape.slice(1).reduce((product, side) => product * side, 1)));
    let [changed, whole] = [0, 0];
    try {
      for (let first = 0; first < shape[0]; first += step) {
        const values = await tensor.read(first, Math.min(step, shape[0] - first));
        const parts = /** @type {number[] | undefined} */ (await this.#ask("against", [layer, arrays, values, first]));
        if (!parts || asked !== this.#asked) return {};
        changed += parts[0];
        whole += parts[1];
      }
    } catch (error) {
      this.#adapter?.weightless.set(layer.module, /** @type {Error} */ (error).message);
      return {};
    }
    const change = changed ? Math.sqrt(changed) : norm;
    return { change, weight: Math.sqrt(whole), relative: change == null || !whole ? null : change / Math.sqrt(whole) };
  }

  /** The weight of a layer, as outputs × inputs or as it is saved. @param {Layer} layer @param {boolean} turn */
  #weight({ weight, sides, turned: over }, turn) {
    const tensor = sides ? weightOf(this.#base, weight) : undefined;
    return tensor && over && turn ? turned(tensor) : tensor;
  }

  /** Return the measures, by module. @returns {Map<string, Measured>} */
  get #found() {
    return /** @type {any} */ (this.#table.found);
  }

  /** @param {"opened" | "some" | "based" | "measured" | "against"} does @param {unknown[]} values @returns {Promise<any>} */
  #ask(does, values) {
    return python.ask(this, { type: "saved", part: does === "against" ? "base" : "file", does, values });
  }

  /** Asks as `#ask` does, and ends Python where that takes too long once it has begun. @param {"opened"} does @param {unknown[]} values @param {number} time */
  async #hurried(does, values, time) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let limit;
    const begin = () => {
      const rule = "It may be a key of rank_pattern or alpha_pattern, a regular expression that never ends.";
      limit ??= setTimeout(() => python.stop(`Reading the names and settings took over a minute. ${rule}`), time);
    };
    python.addEventListener("request", begin);
    try {
      return await this.#ask(does, values);
    } finally {
      clearTimeout(limit);
      python.removeEventListener("request", begin);
    }
  }

  #end() {
    const { layers, failed, weightless, notes } = /** @type {Adapter} */ (this.#adapter);
    let first = layers[0];
    let largest = -1;
    for (const layer of layers) {
      const norm = this.#found.get(layer.module)?.norm ?? -1;
      if (norm > largest) [first, largest] = [layer, norm];
    }
    if (!this.#found.size) throw new Error([...failed.values()][0]);
    this.#table.tell([...lacking("Not shown", failed), ...lacking("Without its weight", weightless), ...notes]);
    this.#table.paint();
    const [reason = ""] = weightless.values();
    const lost = weightless.size ? ` The weight of ${counted(weightless.size)} is missing. ${reason}` : "";
    const left = failed.size ? ` ${counted(failed.size)} cannot be shown, as said below.` : "";
    if (largest === 0) this.say("Measured. Every change is zero, as such an adapter starts.");
    else this.say(`Measured ${counted(this.#found.size)}.${left}${lost}`);
    if (largest > 0 && !this.#table.open) this.#show(first.module);
    this.dispatchEvent(new CustomEvent("adapter-file:update", { bubbles: true, detail: { layers: layers.length } }));
  }

  /** Shows all that is known of one matrix. @param {string} module */
  #show(module) {
    const layer = this.#adapter?.layers.find((layer) => layer.module === module);
    const found = this.#found.get(module);
    const reason = this.#adapter?.failed.get(module);
    if (reason) this.say(`${module}: ${reason}`);
    if (!layer || !found) return;
    const { sigma, of } = found;
    /** @type {[string, string][]} */
    const facts = [
      ["r", `${layer.rank ?? "–"}`],
      ["α, and the scale s", layer.alpha == null ? "–" : `${layer.alpha}, ${figures(layer.scale)}`],
      [`‖${of}‖`, said(found.norm, figures)],
      ["Largest singular value", said(found.largest, figures)],
      ["Share of the first direction", said(found.share, percent)],
      ["Stable rank", said(found.stable_rank, figures)],
      ["Directions for 90 % of the energy", said(found.directions, String)],
      ...(found.weight == null
        ? []
        : /** @type {[string, string][]} */ ([
            ["‖ΔW‖, with the base", said(found.change, figures)],
            ["‖W‖", figures(found.weight)],
            ["‖ΔW‖ / ‖W‖", said(found.relative, figures)],
          ])),
      ...found.facts.map(([name, value]) => /** @type {[string, string]} */ ([name, figures(value)])),
    ];
    this.#table.show(module, facts, sigma, of, found.note);
    this.#reach(layer, found);
  }

  #rows() {
    const head = ["module", "method", "r", "alpha", "scale", "of", "norm", "largest", "stable_rank", "share"];
    const rows = [[...head, "directions_90", "relative_norm", "singular_values"]];
    for (const layer of this.#adapter?.layers ?? []) {
      const found = this.#found.get(layer.module);
      if (!found) continue;
      const { of, norm, largest, stable_rank, share, directions, sigma } = found;
      const { rank, alpha, scale } = layer;
      const numbers = [rank, alpha, scale, of, norm, largest, stable_rank, share, directions, found.relative];
      rows.push([layer.module, layer.kind, ...numbers.map((value) => `${value ?? ""}`), sigma.join(" ")]);
    }
    return rows;
  }

  clear() {
    this.#adapter = undefined;
    this.#near++;
    this.#table.clear();
  }
}

/** What is null as undefined, which is None in Python. @param {object} layer @returns {any} */
const known = (layer) => Object.fromEntries(Object.entries(layer).map(([name, value]) => [name, value ?? undefined]));

/** @param {Layer[]} layers @returns {Set<string>} the tensors that more than one of them is made of */
function shares(layers) {
  const seen = new Set();
  const names = layers.flatMap((layer) => Object.values(layer.tensors));
  return new Set(names.filter((name) => seen.has(name) || !seen.add(name)));
}

customElements.define("adapter-file", AdapterFile);
