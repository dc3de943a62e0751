/**
 * The worker that runs Python.
 *
 * In:  {id, type: "probe", method, knobs}, {id, type: "compare", a, b, world, equal} or what the lab asks (client.js)
 * Out: {type: "progress", loaded, total, stage}, then {type: "ready", milliseconds, runtime, kept} or {type: "failed", message};
 *      {id, answer, milliseconds} or {id, error: {message, knob?}}; {type: "crash", message} when Python is no more.
 */

import { compare, examine, explain, own, probe } from "./answer.js";
import { start } from "./start.js";

// The first answer should not wait for the import.
const ready = start(postMessage, (pyodide) => pyodide.pyimport("demos.probe").destroy());

/** @type {Record<string, (pyodide: import("./boot.js").Pyodide, request: any) => any>} */
const ANSWERS = {
  probe: (pyodide, { method, knobs }) => probe(pyodide, method, knobs),
  compare,
  lab: examine,
  own,
};

addEventListener("message", async ({ data: { id, type, ...request } }) => {
  const pyodide = await ready;
  const started = performance.now();
  try {
    const answer = ANSWERS[type](pyodide, request);
    postMessage({ id, answer, milliseconds: performance.now() - started });
  } catch (error) {
    if (error instanceof pyodide.ffi.PythonError) postMessage({ id, error: explain(error) });
    else postMessage({ type: "crash", message: String(error) });
  }
});
