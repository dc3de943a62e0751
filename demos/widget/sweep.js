/**
 * Reads what scripts/stored/sweeps.py and fits.py store: a method's answers along its main knob. Loaded when a reader reaches for a control.
 *
 * A file is the length of its header (4 bytes), the header (JSON), the singular values (32-bit numbers, first all their
 * first bytes, then all second ones …) and the entries of the matrices (one byte each, to be multiplied by a scale).
 *
 * @typedef {import("./draw.js").Answer & {value: import("./fields.js").Value, world?: string, hypothesis?: string, others: import("./draw.js").Gauge[]}} Stored
 */

const LEVELS = 63; // of each sign, as scripts/stored/sweeps.py has it

export class Sweep {
  /** @param {ArrayBuffer} file */
  constructor(file) {
    const length = new DataView(file).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 4, length)));
    /** @type {number} */
    const count = head.floats;
    const planes = new Uint8Array(file, 4 + length, 4 * count);
    const bytes = new Uint8Array(4 * count);
    for (let plane = 0; plane < 4; plane++)
      for (let i = 0; i < count; i++) bytes[4 * i + plane] = planes[plane * count + i];
    this.floats = new Float32Array(bytes.buffer);
    this.levels = new Int8Array(file, 4 + length + 4 * count);
    /** @type {string} the main knob */
    this.knob = head.knob;
    /** @type {string[]} the gauges that a comparison shows */
    this.compared = head.compared;
    /** @type {any[]} answers with places in the file instead of arrays */
    this.answers = head.answers;
  }

  /** The answer at a value; for a number that is not stored, at the nearest one that is. @param {import("./fields.js").Value} value */
  nearest(value) {
    return /** @type {Stored} */ (this.find(value));
  }

  /**
   * The same in one of the worlds, with the hypothesis kept or taken out, if anything of it is stored.
   *
   * @param {import("./fields.js").Value} value @param {string} [world] @param {string} [hypothesis]
   */
  find(value, world, hypothesis) {
    const distance = (/** @type {any} */ answer) => Math.abs(answer.value - Number(value));
    const closer = (/** @type {any} */ best, /** @type {any} */ answer) =>
      distance(answer) < distance(best) ? answer : best;
    const some = this.answers.filter((answer) => answer.world === world && answer.hypothesis === hypothesis);
    const found = some.find((answer) => answer.value === value) ?? some.reduce(closer, some[0]);
    return found && this.#filled(found);
  }

  /** Return the panels of a comparison at a value. @param {import("./fields.js").Value} value @returns {import("./draw.js").Panel[]} */
  compare(value) {
    const { panels, others } = this.nearest(value);
    const gauges = this.compared.map((wanted) => [...panels, ...others].find(({ name }) => name === wanted));
    return [...panels.filter(({ kind }) => kind !== "number"), .../** @type {import("./draw.js").Gauge[]} */ (gauges)];
  }

  /**
   * What is explained of a world by so many parameters, with the hypothesis kept and without it.
   *
   * @param {string} [world] @returns {import("./draw.js").Line[]}
   */
  curves(world) {
    const some = this.answers.filter((answer) => answer.world === world);
    const number = (/** @type {any} */ answer, /** @type {string} */ name) =>
      answer.panels.find((/** @type {any} */ panel) => panel.name === name)?.value;
    return [...new Set(some.map(({ hypothesis }) => hypothesis))].map((hypothesis) => {
      const kept = some.filter((answer) => answer.hypothesis === hypothesis);
      const points = kept.map((answer) => [number(answer, "parameters"), number(answer, "explained") / 100]);
      return { label: hypothesis, points: points.sort(([a], [b]) => a - b) };
    });
  }

  /** @param {any} answer @returns {Stored} */
  #filled(answer) {
    const cosines = (/** @type {number} */ at, /** @type {number} */ count) =>
      Float64Array.from(this.levels.subarray(at, at + count), (level) => level / LEVELS);
    const panels = answer.panels.map((/** @type {any} */ panel) => {
      if (panel.kind === "pairs")
        return { ...panel, before: cosines(panel.before, panel.count), after: cosines(panel.after, panel.count) };
      if (panel.kind === "curve") {
        const lora = this.floats.subarray(panel.lora, panel.lora + panel.count);
        return { ...panel, lora, lines: this.curves(answer.world) };
      }
      if (panel.kind === "matrix") return { ...panel, views: this.#views(panel.views) };
      if (panel.kind === "series")
        return { ...panel, lines: panel.lines.map((/** @type {any} */ line) => this.#line(line)) };
      return panel;
    });
    return { ...answer, panels };
  }

  /** Those that are stored, and what is so many times the first and the second. @param {any[]} views */
  #views(views) {
    /** @type {Float64Array[]} */
    const all = [];
    for (const { at, rows, columns, scale, sum = "" } of views) {
      const values = new Float64Array(rows * columns);
      const [a, b] = sum.split(" ").map(Number);
      for (let i = 0; i < values.length; i++)
        values[i] = sum ? a * all[0][i] + b * all[1][i] : scale * this.levels[at + i];
      all.push(values);
    }
    return views.map((view, i) => ({ ...view, values: all[i], about: "≈ " }));
  }

  /** @param {{label: string, at: number, count: number}} line */
  #line({ label, at, count }) {
    return { label, values: Float64Array.from(this.floats.subarray(at, at + count)) };
  }
}
