/**
 * Joins the two parts of a WebAssembly module that was split when it was packed (scripts/pyodide/surgery/split.mjs). The late part
 * is started by the first call of a function in it. A module that was not split is left as it is.
 */

/** The prefix of names that one part offers to the other; Emscripten must not see them. */
export const MARK = "%";

/** @typedef {() => WebAssembly.Module} Read Returns a late part, at once. */

/**
 * @param {WebAssembly.Imports} imports What both parts need.
 * @param {Read} read
 * @param {{Instance: typeof WebAssembly.Instance}} [engine] As it is before readers' code can replace it.
 * @returns {{all: WebAssembly.Imports, shown: (early: WebAssembly.Instance) => WebAssembly.Instance}} What the early part
 *   is started with, and what is shown of it.
 */
export function join(imports, read, { Instance } = WebAssembly) {
  /** @type {WebAssembly.Exports} */
  let offered;
  const load = () => void new Instance(read(), { ...imports, early: offered });
  const shown = (/** @type {WebAssembly.Instance} */ { exports }) => {
    offered = exports;
    return { exports: Object.fromEntries(Object.entries(exports).filter(([name]) => !name.startsWith(MARK))) };
  };
  return { all: { ...imports, late: { load } }, shown };
}

/**
 * Call a function of Emscripten that starts a module itself.
 *
 * @template T
 * @param {() => T} start
 * @param {Read} read
 */
export function joining(start, read) {
  const { Instance } = WebAssembly;
  /** @param {WebAssembly.Module} module @param {WebAssembly.Imports} imports */
  function Joined(module, imports) {
    const { all, shown } = join(imports, read, { Instance });
    return shown(new Instance(module, all));
  }
  try {
    WebAssembly.Instance = /** @type {any} */ (Joined);
    return start();
  } finally {
    WebAssembly.Instance = Instance;
  }
}
