/**
 * Starts Pyodide with numpy and the project's own code.
 *
 * Every file is asked for at once and used as soon as it has arrived. numpy's compiled modules are started in
 * a fixed order before Python is. Then a snapshot restores Python as it was after all imports; where that fails, Python
 * starts the ordinary way from one archive of bytecode that holds the standard library and numpy. Archives that are not
 * needed at once are fetched at the first read, and the functions that a first answer does not call at the first call.
 *
 * The worker uses this file, and so does the build under Node (scripts/pyodide/surgery/pack.mjs), with another host.
 * It relies on internals of the one version of Pyodide that the lock file pins.
 */

import { Downloads, LoadError, browser } from "./download.js";
import { join, joining } from "./late.js";
import { Snapshot } from "./snapshot.js";

/**
 * @typedef {import("pyodide").PyodideInterface} Pyodide
 * @typedef {import("./download.js").Host} Host
 * @typedef {import("./download.js").Kept} Kept
 * @typedef {import("./download.js").Progress & {stage: "download" | "start"}} Progress
 * @typedef {{base: string, bytes: number, whole: number, files: Record<string, import("./download.js").File>}} Manifest
 *   `base` is the address of the folder that paths start from, the numbers are those of `sizes`.
 */

/** The archives that Python reads, by their place in its file system. */
const ARCHIVES = {
  "/lib/python314.zip": "python_stdlib.zip",
  "/lib/code.zip": "code.zip",
  "/lib/library.zip": "library.zip",
};
const COMPILED = "/lib/compiled";
const SNAPSHOT = "snapshot.bin";
const CORE = "pyodide.asm.wasm";
const LATE = "late.bin";

/**
 * Return the roles of the files that are fetched at once.
 *
 * @param {Record<string, unknown>} files By role.
 * @param {boolean} [whole] Whether all functions are among them.
 */
export function first(files, whole) {
  const late = SNAPSHOT in files ? [...Object.values(ARCHIVES), ...(whole ? [] : [LATE])] : ["library.zip"];
  return Object.keys(files).filter((role) => !late.includes(role));
}

/**
 * Return what a first start downloads, and what it does with all functions.
 *
 * @param {Record<string, {download: number}>} files By role.
 */
export function sizes(files) {
  const sum = (/** @type {boolean} */ whole) =>
    first(files, whole).reduce((sum, role) => sum + files[role].download, 0);
  return { bytes: sum(false), whole: sum(true) };
}

/**
 * Return Pyodide with numpy and the project's code importable.
 *
 * @param {Pick<Manifest, "base" | "files">} manifest Without a snapshot in it, Python starts the ordinary way.
 * @param {(progress: Progress) => void} onProgress
 * @param {Host} host
 * @param {Kept} kept Files of an earlier start, to which those of this one are added.
 * @returns {Promise<{pyodide: Pyodide, runtime: "snapshot" | "bytecode", complete: () => void}>} `complete` fetches the
 *   functions that have not been called yet.
 */
export async function boot({ base, files }, onProgress = () => {}, host = browser, kept = {}) {
  if (typeof WebAssembly !== "object") throw new LoadError("this browser does not run WebAssembly");
  if (!globalThis.crypto?.subtle)
    throw new LoadError(
      "this page came over plain http, where a browser cannot check its files. Open its address with https",
    );
  /** @param {import("./download.js").Progress} progress */
  const report = ({ loaded, total }) => onProgress({ loaded, total, stage: loaded < total ? "download" : "start" });
  /** @param {Manifest["files"]} files */
  const attempt = (files) => {
    const downloads = new Downloads(base, files, report, host, kept);
    return Promise.race([downloads.failure, start(downloads, host)]);
  };
  const { [SNAPSHOT]: snapshot, ...others } = files;
  if (snapshot) {
    try {
      return { ...(await attempt(files)), runtime: "snapshot" };
    } catch (error) {
      console.warn("Python starts without its snapshot:", error);
    }
  }
  return { ...(await attempt(others)), runtime: "bytecode" };
}

/**
 * @param {Downloads} downloads
 * @param {Host} host
 * @returns {Promise<{pyodide: Pyodide, complete: () => void}>}
 */
async function start(downloads, host) {
  const core = downloads.wasm(CORE);
  const glue = downloads.script("pyodide.asm.mjs");
  const loader = downloads.script("pyodide.mjs");
  const lock = downloads.bytes("pyodide-lock.json");
  const roles = first(downloads.files, host.whole);
  const late = roles.includes(LATE) && downloads.wasms(LATE);
  const rest = (/** @type {string} */ name) => () => downloads.part(LATE, name);
  const archives = Object.entries(ARCHIVES).map(async ([path, role]) => {
    return { path, role, data: roles.includes(role) ? await downloads.bytes(role) : undefined };
  });
  const snapshot = roles.includes(SNAPSHOT) ? new Snapshot() : undefined;
  const picture = snapshot && downloads.bytes(SNAPSHOT);
  const numpy = downloads.wasms("numpy.bin");

  /** @type {(module: any) => Promise<void>} What is done between the start of WebAssembly and that of Python. */
  let prepare;
  const { loadPyodide } = await loader;
  const restoreFetch = silenceFetch();
  const pyodide = await loadPyodide({
    indexURL: host.index ?? downloads.base,
    packageBaseUrl: new URL("wheels/", downloads.address("pyodide-lock.json")).href,
    lockFileContents: lock.then((bytes) => new TextDecoder().decode(bytes)),
    // LANG and _ would otherwise come from the browser and move every address in Python's memory
    env: { HOME: "/home/pyodide", LANG: "C.UTF-8", _: "python", PYTHONHASHSEED: "0" },
    _makeSnapshot: Boolean(host.beforePython),
    _loadSnapshot: snapshot?.state,

    async fsInit() {
      const files = await Promise.all(archives);
      const modules = await numpy;
      prepare = async (module) => {
        for (const { path, role, data } of files) {
          if (data) module.FS.writeFile(path, data, { canOwn: true });
          else writeLater(module.FS, path, downloads.files[role].bytes, () => downloads.read(role));
        }
        // browsers differ in how many functions are there by now; those of numpy shall have the same places in all
        module.wasmTable.grow(1024 - (module.wasmTable.length % 1024));
        module.FS.mkdirTree(COMPILED);
        for (const [name, compiled] of Object.entries(modules)) {
          const path = `${COMPILED}/${name}.wasm`;
          const flags = { loadAsync: false, nodelete: true, global: false };
          module.FS.writeFile(path, "");
          const load = () => module.loadWebAssemblyModule(compiled, flags, path, {});
          module.preloadedWasm[path] = joining(load, rest(name));
        }
        host.beforePython?.(module);
        if (picture) snapshot?.apply(module, await picture);
      };
    },

    /** @param {any} settings */
    async createPyodideModule(settings) {
      restoreFetch();
      await late;
      const prepared = new Promise((resolve, reject) => {
        // Emscripten calls both where an error would be lost
        settings.instantiateWasm = instantiate(core, reject, rest(CORE));
        settings.onRuntimeInitialized = () => resolve(prepare(settings));
      });
      const [module] = await Promise.all([(await glue).default(settings), prepared]);
      return module;
    },
  });
  snapshot?.register(pyodide._module);
  return { pyodide, complete: () => void (LATE in downloads.files && downloads.wasms(LATE)) };
}

/**
 * Keep pyodide.mjs from fetching the files that are on their way already.
 *
 * @returns {() => void} Ends it.
 */
function silenceFetch() {
  const { fetch } = globalThis;
  globalThis.fetch = async () => new Response();
  return () => void (globalThis.fetch = fetch);
}

/**
 * @param {Promise<WebAssembly.Module>} core Everything that can be is done before it has arrived.
 * @param {(error: unknown) => void} fail Without memory, for example.
 * @param {import("./late.js").Read} rest Its late part.
 * @returns {(imports: any, receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void) => {}}
 */
function instantiate(core, fail, rest) {
  const marker = Symbol("error");
  return (imports, receive) => {
    imports.env.Jsv_GetError_import = () => marker;
    imports.env.JsvError_Check = (/** @type {unknown} */ value) => value === marker;
    const { all, shown } = join(imports, rest);
    core.then(async (module) => receive(shown(await WebAssembly.instantiate(module, all)), module)).catch(fail);
    return {};
  };
}

/**
 * Write a file whose contents are asked for at the first read.
 *
 * @param {any} FS
 * @param {string} path
 * @param {number} bytes
 * @param {() => Uint8Array} read
 */
function writeLater(FS, path, bytes, read) {
  FS.writeFile(path, "");
  const { node } = FS.lookupPath(path);
  /** @type {Uint8Array | undefined} */
  let data;
  node.usedBytes = bytes;
  Object.defineProperty(node, "contents", { get: () => (data ??= read()) });
}
