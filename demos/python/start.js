/**
 * Start of both workers: start Python and tell the page how it goes.
 *
 * `#pyodide` is one of two modules (package.json), each with a function `boot`: surgery/boot.js starts the Python that was
 * packed for a fast start, stock.js the one that Pyodide publishes. Nothing else knows which of them it is.
 *
 * The first message from the page holds the files of an earlier worker, `ready` those of this one.
 */

import { boot } from "#pyodide";

const REST = 3000; // milliseconds from Python's start until what no reader waits for is fetched

/**
 * @typedef {import("pyodide").PyodideInterface} Pyodide
 * @typedef {{loaded: number, total: number, stage: "download" | "start"}} Progress
 * @typedef {Record<string, any>} Kept Modules and bytes that an earlier start has fetched, by role.
 * @typedef {{path: string, bytes: number, download: number, sha256: string, sum: number, gzip?: boolean}} File
 *   `bytes` are those of the file, `download` those on the wire, `sum` is a quicker checksum. With `gzip`, it lies there compressed.
 * @typedef {object} Manifest What scripts/pyodide has made. Paths start from `base`, which is given from the folder of the workers.
 * @property {string} base
 * @property {string} [folder] What lies together, under names of its own.
 * @property {Record<string, File>} files By role.
 * @property {number} bytes What a first start downloads.
 * @property {number} whole The same with all functions.
 *
 * @typedef {object} Options
 * @property {(progress: Progress) => void} [report]
 * @property {boolean} [whole] Whether all functions are fetched before Python starts, as what readers write may need any.
 * @property {boolean} [plain] Whether it starts without its snapshot.
 * @property {Kept} [kept] To which the files of this start are added.
 *
 * @typedef {object} Started
 * @property {Pyodide} pyodide With numpy and the project's code importable.
 * @property {"snapshot" | "bytecode" | "stock"} runtime How it was started.
 * @property {() => void} complete Fetches what no reader waits for.
 * @property {Transferable[]} spent What of `kept` is of no more use here, and is large: moved, where all else is copied.
 *
 * @typedef {(manifest: Pick<Manifest, "base" | "folder" | "files" | "bytes">, options?: Options) => Promise<Started>} Boot
 */

/**
 * @param {(message: object, options?: StructuredSerializeOptions) => void} post
 * @param {boolean} whole Whether all of Python is fetched before it starts.
 * @param {(pyodide: Pyodide) => void} prepare What is done before the first request.
 * @returns {Promise<Pyodide>} Never settles when the start fails: the client ends this worker.
 */
export async function start(post, whole, prepare) {
  /** @type {Promise<Kept>} */
  const given = new Promise((resolve) => {
    const receive = (/** @type {MessageEvent} */ event) => {
      event.stopImmediatePropagation(); // it is no request
      resolve(event.data);
    };
    addEventListener("message", receive, { once: true });
  });
  try {
    const address = new URL(import.meta.url);
    const manifest = { ...MANIFEST, base: new URL(MANIFEST.base, address).href };
    const plain = address.searchParams.get("runtime") === "bytecode";
    const kept = await given;
    const report = (/** @type {Progress} */ progress) => post({ type: "progress", ...progress });
    const { pyodide, runtime, complete, spent } = await boot(manifest, { report, whole, plain, kept });
    if (!whole) setTimeout(complete, REST);
    prepare(pyodide);
    post({ type: "ready", milliseconds: performance.now(), runtime, kept }, { transfer: spent });
    return pyodide;
  } catch (error) {
    post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    return new Promise(() => {});
  }
}
