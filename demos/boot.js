/**
 * Starts Pyodide with numpy and the project's own code.
 *
 * Every file is asked for at once and WebAssembly is compiled while it arrives. The standard library and numpy
 * are one archive of bytecode; numpy's compiled libraries are started in a fixed order before Python is.
 * What is rarely needed lies in a second archive that is fetched at the first import from it (sitecustomize.py).
 *
 * The worker uses this file, and so does the build under Node (scripts/pack.mjs), with another host.
 * It relies on internals of the one version of Pyodide that the lock file pins.
 */

import { Downloads, LoadError, browser } from "./download.js";

/**
 * @typedef {import("pyodide").PyodideInterface} Pyodide
 * @typedef {import("./download.js").Progress & {stage: "download" | "start"}} Progress
 * @typedef {{base: string, bytes: number, files: Record<string, import("./download.js").File>}} Manifest
 *   `base` is the address of the folder that paths start from, `bytes` what a first start downloads.
 */

const STANDARD = "/lib/python314.zip";
const COMPILED = "/lib/compiled";

/**
 * Return Pyodide with numpy and the project's code importable.
 *
 * @param {Pick<Manifest, "base" | "files">} manifest
 * @param {(progress: Progress) => void} onProgress
 * @param {import("./download.js").Host} host
 * @returns {Promise<Pyodide>}
 */
export async function boot({ base, files }, onProgress = () => {}, host = browser) {
  /** @param {import("./download.js").Progress} progress */
  const report = ({ loaded, total }) => onProgress({ loaded, total, stage: loaded < total ? "download" : "start" });
  if (typeof WebAssembly !== "object") throw new LoadError("this browser does not run WebAssembly");
  const downloads = new Downloads(base, files, report, host);
  return Promise.race([downloads.failure, start(downloads, host)]);
}

/** @param {Downloads} downloads @param {import("./download.js").Host} host @returns {Promise<Pyodide>} */
async function start(downloads, host) {
  const core = downloads.wasm("pyodide.asm.wasm");
  const glue = downloads.script("pyodide.asm.mjs");
  const loader = downloads.script("pyodide.mjs");
  const lock = downloads.bytes("pyodide-lock.json");
  const standard = downloads.bytes("python_stdlib.zip");
  const code = downloads.bytes("code.zip");
  const libraries = Object.keys(downloads.files).filter((role) => role.startsWith("numpy."));
  const modules = Promise.all(libraries.map((role) => downloads.wasm(role)));

  /** @type {(module: any) => void} */
  let furnish;
  const { loadPyodide } = await loader;
  const restore = silence();
  return loadPyodide({
    indexURL: host.index ?? downloads.base,
    packageBaseUrl: new URL("wheels/", downloads.address("pyodide-lock.json")).href,
    lockFileContents: lock.then((bytes) => new TextDecoder().decode(bytes)),
    // LANG and _ would otherwise come from the browser and move every address in Python's memory
    env: { HOME: "/home/pyodide", LANG: "C.UTF-8", _: "python", PYTHONHASHSEED: "0" },

    /** Pyodide waits for this before it starts Python. */
    async fsInit() {
      const archives = { [STANDARD]: await standard, "/lib/code.zip": await code };
      const compiled = await modules;
      furnish = ({ FS, loadWebAssemblyModule, preloadedWasm }) => {
        for (const [path, data] of Object.entries(archives)) FS.writeFile(path, data, { canOwn: true });
        lazyFile(FS, "/lib/library.zip", downloads, "library.zip");
        FS.mkdirTree(COMPILED);
        libraries.forEach((role, i) => {
          const path = `${COMPILED}/${role}`;
          const flags = { loadAsync: false, nodelete: true, global: false };
          FS.writeFile(path, "");
          preloadedWasm[path] = loadWebAssemblyModule(compiled[i], flags, path, {});
        });
      };
    },

    /** @param {any} settings These turn into the module. */
    async createPyodideModule(settings) {
      restore();
      settings.instantiateWasm = instantiate(await core);
      const furnished = new Promise((resolve, reject) => {
        // Emscripten calls this in a place where an error would be lost
        settings.onRuntimeInitialized = () => {
          try {
            resolve(furnish(settings));
          } catch (error) {
            reject(error);
          }
        };
      });
      const [module] = await Promise.all([(await glue).default(settings), furnished]);
      return module;
    },
  });
}

/**
 * Keep pyodide.mjs from fetching the files that are on their way already.
 *
 * @returns {() => void} Ends it.
 */
function silence() {
  const { fetch } = globalThis;
  globalThis.fetch = async () => new Response();
  return () => void (globalThis.fetch = fetch);
}

/**
 * @param {WebAssembly.Module} module
 * @returns {(imports: any, receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void) => {}}
 */
function instantiate(module) {
  const marker = Symbol("error");
  return (imports, receive) => {
    imports.env.Jsv_GetError_import = () => marker;
    imports.env.JsvError_Check = (/** @type {unknown} */ value) => value === marker;
    WebAssembly.instantiate(module, imports).then((instance) => receive(instance, module));
    return {};
  };
}

/**
 * Put a file into the file system that is fetched at the first read.
 *
 * @param {any} FS
 * @param {string} path
 * @param {Downloads} downloads
 * @param {string} role
 */
function lazyFile(FS, path, downloads, role) {
  FS.writeFile(path, "");
  const { node } = FS.lookupPath(path);
  /** @type {Uint8Array | undefined} */
  let data;
  node.usedBytes = downloads.files[role].bytes;
  Object.defineProperty(node, "contents", { get: () => (data ??= downloads.read(role)) });
}
