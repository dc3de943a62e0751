/** Puts a question of the gate to a Python, under Node and in a browser (gate.mjs). */

/** @typedef {{kind: string, what: string}} Question One of gate.py's functions, and its argument. */

/**
 * @param {import("pyodide").PyodideInterface} python
 * @param {string} program gate.py
 * @param {Record<string, Uint8Array>} tests Files that the question needs, by their path.
 * @param {Question} question
 * @returns {string}
 */
export function answer(python, program, tests, { kind, what }) {
  if (kind !== "expression") {
    for (const [name, data] of Object.entries(tests)) {
      python.FS.mkdirTree(`/tests/${name}`.replace(/\/[^/]*$/, ""));
      python.FS.writeFile(`/tests/${name}`, data);
    }
  }
  try {
    python.runPython(program);
    return python.globals.get(kind)(what);
  } catch (error) {
    return `${error}`.split("\n", 1)[0]; // Python is no more
  }
}
