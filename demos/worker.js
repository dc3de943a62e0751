/**
 * The worker that runs Python.
 *
 * In:  {id, type: "probe", method, knobs}
 * Out: {type: "progress", loaded, total, stage}, then {type: "ready", milliseconds, runtime} or {type: "failed", message};
 *      {id, answer, milliseconds} or {id, error: {message, knob?}}; {type: "crash", message} when Python is no more.
 */

import { explain, probe } from "./answer.js";
import { boot } from "./boot.js";

/** @typedef {import("./boot.js").Pyodide} Pyodide */

const ready = start();

addEventListener("message", async ({ data: { id, method, knobs } }) => {
  const pyodide = await ready;
  const started = performance.now();
  try {
    const answer = probe(pyodide, method, knobs);
    postMessage({ id, answer, milliseconds: performance.now() - started });
  } catch (error) {
    if (error instanceof pyodide.ffi.PythonError) postMessage({ id, error: explain(error) });
    else postMessage({ type: "crash", message: String(error) });
  }
});

/** @returns {Promise<Pyodide>} Never settles when the start fails: the client ends this worker. */
async function start() {
  try {
    const address = new URL(import.meta.url);
    const { "snapshot.bin": snapshot, ...files } = MANIFEST.files;
    const manifest = {
      base: new URL(MANIFEST.base, address).href,
      files: address.searchParams.get("runtime") === "bytecode" ? files : MANIFEST.files,
    };
    const { pyodide, runtime } = await boot(manifest, (progress) => postMessage({ type: "progress", ...progress }));
    pyodide.pyimport("demos.probe").destroy(); // the first answer should not wait for it
    postMessage({ type: "ready", milliseconds: performance.now(), runtime });
    return pyodide;
  } catch (error) {
    postMessage({ type: "failed", message: error instanceof Error ? error.message : String(error) });
    return new Promise(() => {});
  }
}
