/** Calls demos/probe.py, demos/ways.py and demos/compare.py and turns what comes back into plain JavaScript. */

/** @typedef {import("./boot.js").Pyodide} Pyodide */

/**
 * Return the panels and the sentence of a method.
 *
 * @param {Pyodide} pyodide
 * @param {string} method
 * @param {Record<string, unknown>} knobs
 * @returns {{panels: any[], sentence: string}}
 */
export function probe(pyodide, method, knobs) {
  return call(pyodide, "demos.probe", "probe", [method, knobs]);
}

/**
 * Yield the panels and the sentence of a fit, better and better; all but the last have `more`.
 *
 * @param {Pyodide} pyodide
 * @param {string} method
 * @param {Record<string, unknown>} knobs
 * @param {number} seconds after which it ends with the best that it has found
 * @returns {Generator<{panels: any[], sentence: string, more: boolean}>}
 */
export function* fits(pyodide, method, knobs, seconds) {
  const module = pyodide.pyimport("demos.ways");
  const given = pyodide.toPy(knobs);
  const answers = module.answers(method, given, seconds);
  try {
    for (;;) {
      const { done, value } = answers.next();
      if (done) return;
      const answer = value.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false });
      value.destroy();
      yield answer;
    }
  } finally {
    for (const proxy of [answers, given, module]) proxy.destroy();
  }
}

/**
 * Return the panels of two methods and the sentence on how they differ.
 *
 * @param {Pyodide} pyodide
 * @param {import("./client.js").Comparison} comparison
 * @returns {{sides: {panels: any[]}[], sentence: string, own: Record<string, unknown>}}
 */
export function compare(pyodide, { a, b, world, equal }) {
  return call(pyodide, "demos.compare", "compare", [a, b, world, equal]);
}

/**
 * Return a cell of the lab: what is wanted, what is fitted and what is left.
 *
 * @param {Pyodide} pyodide
 * @param {import("./client.js").Cell} cell
 */
export function examine(pyodide, { method, knobs, name, taught }) {
  return call(pyodide, "demos.lab", "examine", [method, knobs, name, taught]);
}

/**
 * Return what each family explains of a change that a reader has brought.
 *
 * @param {Pyodide} pyodide
 * @param {import("./client.js").Own} own
 */
export function own(pyodide, { before, change, rows }) {
  return call(pyodide, "demos.reach", "own", [before, change, rows]);
}

/**
 * Call a function of Python.
 *
 * Every proxy of a Python object is destroyed, so that memory does not grow with the number of calls.
 *
 * @param {Pyodide} pyodide
 * @param {string} name of the module
 * @param {string} does what the function is called
 * @param {unknown[]} values
 */
function call(pyodide, name, does, values) {
  const module = pyodide.pyimport(name);
  const given = values.map((value) => pyodide.toPy(value));
  let answer;
  try {
    answer = module[does](...given);
    return answer.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false });
  } finally {
    for (const proxy of [answer, ...given, module]) proxy?.destroy?.();
  }
}

/**
 * Return the last lines of a traceback, and the knob that they start with.
 *
 * @param {{message: string}} error
 * @returns {{message: string, knob?: string}}
 */
export function explain({ message }) {
  const last =
    message
      .trimEnd()
      .split(/\n(?=\S)/)
      .at(-1) ?? message;
  const text = last.replace(/^ValueError: /, "");
  return { message: text, knob: /^([\w.]+)=/.exec(text)?.[1] };
}
