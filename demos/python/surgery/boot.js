/**
 * Starts Pyodide with numpy and the project's own code.
 *
 * Every file is asked for at once and used as soon as it has arrived. numpy's compiled modules are started in
 * a fixed order before Python is. Then a snapshot restores Python as it was after all imports; where that fails, Python
 * starts the ordinary way from one archive of bytecode that holds the standard library and numpy. Archives that are not
 * needed at once are fetched at the first read, and the functions that a first answer does not call at the first call.
 *
 * This is the one module of this folder that others may import, as `#pyodide`; its twin under Node is
 * scripts/pyodide/surgery/host.mjs. README.md there says on which internals of Pyodide it relies.
 */

import { Downloads, LoadError, browser } from "./download.js";
import { join, joining } from "./late.js";
import { Snapshot } from "./snapshot.js";

/**
 * @typedef {import("../start.js").Manifest} Manifest
 * @typedef {import("../start.js").Options} Options
 * @typedef {import("../start.js").Pyodide} Pyodide
 * @typedef {import("../start.js").Started} Started
 * @typedef {import("./download.js").Host} Host
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
 * Start Python; see `Boot` in start.js.
 *
 * @param {Pick<Manifest, "base" | "folder" | "files">} manifest Without a snapshot in it, Python starts the ordinary way.
 * @param {Options & {host?: Host}} [options]
 * @returns {Promise<Started>}
 */
export async function boot(
  manifest,
  { report = () => {}, whole = false, plain = false, kept = {}, host = browser } = {},
) {
  if (typeof WebAssembly !== "object") throw new LoadError("this browser does not run WebAssembly");
  /** @param {import("./download.js").Progress} progress */
  const tell = ({ loaded, total }) => report({ loaded, total, stage: loaded < total ? "download" : "start" });
  const { [SNAPSHOT]: snapshot, ...others } = manifest.files;
  /** @param {Manifest["files"]} files @param {Started["runtime"]} runtime @returns {Promise<Started>} */
  const attempt = async (files, runtime) => {
    const downloads = new Downloads({ ...manifest, files }, tell, host, kept);
    const started = await Promise.race([downloads.failure, start(downloads, host, whole)]);
    return { ...started, runtime, spent: kept[SNAPSHOT] ? [kept[SNAPSHOT].buffer] : [] };
  };
  if (snapshot && !plain) {
    try {
      return await attempt(manifest.files, "snapshot");
    } catch (error) {
      console.warn("Python starts without its snapshot:", error);
    }
  }
  return attempt(others, "bytecode");
}

/**
 * @param {Downloads} downloads
 * @param {Host} host
 * @param {boolean} whole
 * @returns {Promise<Pick<Started, "pyodide" | "complete">>}
 */
async function start(downloads, host, whole) {
  const core = downloads.wasm(CORE);
  const glue = downloads.script("pyodide.asm.mjs");
  const loader = downloads.script("pyodide.mjs");
  const lock = downloads.bytes("pyodide-lock.json");
  const roles = first(downloads.files, whole);
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
    packageBaseUrl: `${downloads.base}${downloads.folder}/`,
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
