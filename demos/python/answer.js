/** Calls demos/probe.py, demos/compare.py, demos/lab.py and what reads adapters, and turns what comes back into plain JavaScript. */

/** @typedef {import("./start.js").Pyodide} Pyodide */
/** @template Question @typedef {(pyodide: Pyodide, question: Question) => any} Answers */

/** Yields a method's panels and sentence; of a fit, better and better: all but the last have `more`. @type {Answers<Omit<import("./client.js").Probe, "type">>} */
export const probe = (pyodide, { method, knobs }) => better(pyodide, "demos.probe", "answer", [method, knobs]);

/** Yields a cell of the lab, better and better: what is wanted, what is fitted and the residual. @type {Answers<import("./client.js").Cell>} */
export const examine = (pyodide, { method, knobs, name, taught }) =>
  better(pyodide, "demos.lab", "examine", [method, knobs, name, taught]);

/** Returns the panels of two methods and the sentence on how they differ. @type {Answers<import("./client.js").Comparison>} */
export const compare = (pyodide, { a, b, world, equal }) =>
  call(pyodide, "demos.compare", "compare", [a, b, world, equal]);

/** Returns the layers of a reader's adapter, or what is asked of one of them. @type {Answers<import("./client.js").Saved>} */
export const saved = (pyodide, { part, does, values }) => call(pyodide, `demos.adapter_${part}`, does, values);

const PLAIN = { dict_converter: Object.fromEntries, create_pyproxies: false };

/**
 * Calls a function of a module. Every proxy of a Python object is destroyed, so that memory does not grow with the number of calls.
 *
 * @param {Pyodide} pyodide @param {string} name @param {string} does what the function is called @param {unknown[]} values
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

/** Calls a generator; as `call`. @param {Pyodide} pyodide @param {string} name @param {string} does @param {unknown[]} values @returns {Generator<any>} */
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

/** Returns why the last call failed. @param {Pyodide} pyodide @returns {import("./client.js").Failure} */
export const failure = (pyodide) => call(pyodide, "demos.failures", "latest", []);
