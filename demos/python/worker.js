/**
 * The worker that runs Python.
 *
 * In:  {id, type: "probe", method, knobs} or {id, type: "compare", a, b, world, equal}
 * Out: {type: "progress", loaded, total, stage}, then {type: "ready", milliseconds, runtime, kept} or {type: "failed", message};
 *      {id, answer, milliseconds} or {id, error: {message, knob?}}; {type: "crash", message} when Python is no more.
 */

import { compare, explain, probe } from "./answer.js";
import { start } from "./start.js";

// The first answer should not wait for the import.
const ready = start(postMessage, false, (pyodide) => pyodide.pyimport("demos.probe").destroy());

addEventListener("message", async ({ data: { id, type, ...request } }) => {
  const pyodide = await ready;
  const started = performance.now();
  try {
    const answer = type === "compare" ? compare(pyodide, request) : probe(pyodide, request.method, request.knobs);
    postMessage({ id, answer, milliseconds: performance.now() - started });
  } catch (error) {
    if (error instanceof pyodide.ffi.PythonError) postMessage({ id, error: explain(error) });
    else postMessage({ type: "crash", message: String(error) });
  }
});
