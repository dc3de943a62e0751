/**
 * What both workers do first: start Python and tell the page how it goes.
 *
 * The first message from the page holds the files of an earlier worker, `ready` those of this one.
 */

import { boot } from "./surgery/boot.js";
import { browser } from "./surgery/download.js";

const REST = 3000; // milliseconds from Python's start until what no reader waits for is fetched

/** @typedef {import("./surgery/boot.js").Pyodide} Pyodide */

/**
 * @param {(message: object, options?: StructuredSerializeOptions) => void} post
 * @param {boolean} whole Whether all of Python is fetched before it starts.
 * @param {(pyodide: Pyodide) => void} prepare What is done before the first request.
 * @returns {Promise<Pyodide>} Never settles when the start fails: the client ends this worker.
 */
export async function start(post, whole, prepare) {
  /** @type {Promise<import("./surgery/boot.js").Kept>} */
  const given = new Promise((resolve) => {
    const receive = (/** @type {MessageEvent} */ event) => {
      event.stopImmediatePropagation(); // it is no request
      resolve(event.data);
    };
    addEventListener("message", receive, { once: true });
  });
  try {
    const address = new URL(import.meta.url);
    const base = new URL(MANIFEST.base, address).href;
    const { "snapshot.bin": snapshot, ...files } = MANIFEST.files;
    const manifest = { base, files: address.searchParams.get("runtime") === "bytecode" ? files : MANIFEST.files };
    const kept = await given;
    const report = (/** @type {object} */ progress) => post({ type: "progress", ...progress });
    const { pyodide, runtime, complete } = await boot(manifest, report, { ...browser, whole }, kept);
    if (!whole) setTimeout(complete, REST);
    prepare(pyodide);
    const { "snapshot.bin": picture } = kept; // large, and of no more use here: moved, where all else is copied
    post(
      { type: "ready", milliseconds: performance.now(), runtime, kept },
      { transfer: picture ? [picture.buffer] : [] },
    );
    return pyodide;
  } catch (error) {
    post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    return new Promise(() => {});
  }
}
