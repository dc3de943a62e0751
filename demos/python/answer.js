/** Calls demos/probe.py, demos/compare.py, demos/lab.py and what reads adapters, and turns what comes back into plain JavaScript. */

/** @typedef {import("./start.js").Pyodide} Pyodide */

/** Take the weight that a reader has brought, where a question has one. @param {Pyodide} pyodide @param {import("./client.js").Weight} [brought] */
function bring(pyodide, brought) {
  if (brought) call(pyodide, "demos.world", "bring", [brought.weight, brought.rows]);
}

/**
 * Yield the panels and the sentence of a method; of a fit, better and better: all but the last have `more`.
 *
 * @param {Pyodide} pyodide
 * @param {{method: string, knobs: Record<string, unknown>, weight?: import("./client.js").Weight}} question
 */
export function probe(pyodide, { method, knobs, weight }) {
  bring(pyodide, weight);
  return better(pyodide, "demos.probe", "answer", [method, knobs]);
}

/**
 * Yield a cell of the lab, better and better: what is wanted, what is fitted and the residual.
 *
 * @param {Pyodide} pyodide
 * @param {import("./client.js").Cell} cell
 */
export const examine = (pyodide, { method, knobs, name, taught }) =>
  better(pyodide, "demos.lab", "examine", [method, knobs, name, taught]);

/**
 * Return the panels of two methods and the sentence on how they differ.
 *
 * @param {Pyodide} pyodide
 * @param {import("./client.js").Comparison} comparison
 * @returns {{sides: {panels: any[]}[], sentence: string, own: Record<string, unknown>}}
 */
export function compare(pyodide, { a, b, world, equal, weight }) {
  bring(pyodide, weight);
  return call(pyodide, "demos.compare", "compare", [a, b, world, equal]);
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
 * Return the layers of a reader's adapter, or what is asked of one of them.
 *
 * @param {Pyodide} pyodide
 * @param {import("./client.js").Saved} saved
 */
export function saved(pyodide, { part, does, values }) {
  return call(pyodide, `demos.adapter_${part}`, does, values);
}

const PLAIN = { dict_converter: Object.fromEntries, create_pyproxies: false };

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
    return answer?.toJs?.(PLAIN);
  } finally {
    for (const proxy of [answer, ...given, module]) proxy?.destroy?.();
  }
}

/**
 * Call a generator of Python; as `call`.
 *
 * @param {Pyodide} pyodide
 * @param {string} name
 * @param {string} does
 * @param {unknown[]} values
 * @returns {Generator<any>}
 */
function* better(pyodide, name, does, values) {
  const module = pyodide.pyimport(name);
  const given = values.map((value) => pyodide.toPy(value));
  const answers = module[does](...given);
  try {
    for (;;) {
      const { done, value } = answers.next();
      if (done) return;
      const answer = value.toJs(PLAIN);
      value.destroy();
      yield answer;
    }
  } finally {
    for (const proxy of [answers, ...given, module]) proxy?.destroy?.();
  }
}

/**
 * Return why the last call failed.
 *
 * @param {Pyodide} pyodide
 * @returns {import("./client.js").Failure}
 */
export const failure = (pyodide) => call(pyodide, "demos.failures", "latest", []);
