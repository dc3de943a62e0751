/**
 * The worker that runs Python.
 *
 * In:  {id, type: "probe", method, knobs}, {id, type: "compare", a, b, world, equal} or what the lab and a reader's files ask (client.js)
 * Out: {type: "progress", loaded, total, stage}, then {type: "ready", milliseconds, runtime, kept} or {type: "failed", message};
 *      {id, answer, milliseconds} or {id, error: {message, knob?, value?, rule?}}; {type: "crash", message} when Python is no more.
 * An answer with `more` is followed by a better one, unless {id, type: "cancel"} comes: then {id} is the end.
 */

import { compare, examine, failure, probe, saved } from "./answer.js";
import { start } from "./start.js";

// The first answer should not wait for the import.
const ready = start(postMessage, false, (pyodide) => pyodide.pyimport("demos.probe").destroy());

/** Requests that are answered at once. @type {Record<string, (pyodide: import("./start.js").Pyodide, request: any) => any>} */
const AT_ONCE = { compare, saved };

/** Requests whose answers become better and better. @type {Record<string, (pyodide: import("./start.js").Pyodide, request: any) => Iterable<any>>} */
const GROWING = { lab: examine, probe };

/** @type {Set<number>} the answers that grow */
const going = new Set();

/** Lets a message come in. */
const breathe = () => new Promise((done) => setTimeout(done));

addEventListener("message", async ({ data: { id, type, ...request } }) => {
  if (type === "cancel") return void going.delete(id);
  const pyodide = await ready;
  const started = performance.now();
  /** @param {object} answer */
  const tell = (answer) => postMessage({ id, answer, milliseconds: performance.now() - started });
  try {
    if (type in AT_ONCE) return tell(AT_ONCE[type](pyodide, request));
    going.add(id);
    for (const answer of GROWING[type](pyodide, request)) {
      tell(answer);
      if (!answer.more) return;
      await breathe();
      if (!going.has(id)) return postMessage({ id });
    }
  } catch (error) {
    if (error instanceof pyodide.ffi.PythonError) postMessage({ id, error: failure(pyodide) });
    else postMessage({ type: "crash", message: String(error) });
  } finally {
    going.delete(id);
  }
});
