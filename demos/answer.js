/** Calls demos/probe.py and turns what comes back into plain JavaScript. */

/** @typedef {import("./boot.js").Pyodide} Pyodide */

/**
 * Return the panels and the sentence of a method.
 *
 * Every proxy of a Python object is destroyed, so that memory does not grow with the number of calls.
 *
 * @param {Pyodide} pyodide
 * @param {string} method
 * @param {Record<string, unknown>} knobs
 * @returns {{panels: any[], sentence: string}}
 */
export function probe(pyodide, method, knobs) {
  const module = pyodide.pyimport("demos.probe");
  const chosen = pyodide.toPy(knobs);
  let answer;
  try {
    answer = module.probe(method, chosen);
    return answer.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false });
  } finally {
    for (const proxy of [answer, chosen, module]) proxy?.destroy();
  }
}

/**
 * Return the last lines of a traceback, and the knob that they start with.
 *
 * @param {{message: string}} error
 * @returns {{message: string, knob?: string}}
 */
export function explain({ message }) {
  const last = message.trimEnd().split(/\n(?=\S)/).at(-1) ?? message;
  const text = last.replace(/^ValueError: /, "");
  return { message: text, knob: /^(\w+)=/.exec(text)?.[1] };
}
