/**
 * Takes from Pyodide's core what nothing on the site can call.
 *
 * Pyodide offers every function of Python and of the C and C++ libraries to packages that it does not know. Here the
 * packages are known. A browser checks all functions of a file, and prepares all that are offered, before Python starts.
 */

import binaryen from "binaryen";

/** The statements by which Emscripten's JavaScript takes what the core offers: one for each, into a variable of a long list. */
const ASSIGNMENT = /[\w$]+=Module\["[\w$]+"\]=wasmExports\["([\w$]+)"\];/g;
const DECLARED = /(?<=var )[\w$,]+(?=;function assignWasmExports)/;

/**
 * Return the core with the exports that are needed and the code that those need.
 *
 * @param {Uint8Array} wasm
 * @param {string} glue The JavaScript that starts it.
 * @param {string} loader The JavaScript that starts that.
 * @param {Uint8Array[]} libraries Everything that is linked to the core later.
 * @returns {{wasm: Uint8Array, glue: string}}
 */
export function trim(wasm, glue, loader, libraries) {
  const imported = new Set(
    libraries.flatMap((library) => WebAssembly.Module.imports(compiled(library))).map(({ name }) => name),
  );
  const mentioned = words(glue.replace(DECLARED, "").replaceAll(ASSIGNMENT, "") + loader);
  const unneeded = WebAssembly.Module.exports(compiled(wasm))
    .filter(({ kind, name }) => kind === "function" || kind === "global")
    .map(({ name }) => name)
    .filter((name) => !imported.has(name) && !mentioned.has(name) && !mentioned.has(`_${name}`));
  if (!unneeded.length || !mentioned.has("assignWasmExports"))
    throw new Error("this release of Pyodide is not as trim.mjs expects");

  const module = binaryen.readBinary(wasm);
  for (const name of unneeded) module.removeExport(name);
  module.runPasses(["remove-unused-module-elements"]);
  const gone = new Set(unneeded);
  const shorter = glue.replaceAll(ASSIGNMENT, (statement, name) => (gone.has(name) ? "" : statement));
  const used = words(shorter.replace(DECLARED, ""));
  const declare = (/** @type {string} */ names) =>
    names
      .split(",")
      .filter((name) => used.has(name))
      .join();
  return { wasm: module.emitBinary(), glue: shorter.replace(DECLARED, declare) };
}

/** @param {string} code @returns {Set<string>} All names in it, those in strings too. */
const words = (code) => new Set(code.match(/[\w$]+/g));

/** @param {Uint8Array} bytes */
const compiled = (bytes) => new WebAssembly.Module(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
