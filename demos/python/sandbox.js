/**
 * The worker that runs readers' code, and nothing else: whatever the code does to its Python, it cannot reach that of the
 * widgets. The page starts it by way of a blob, so that it inherits the page's policy (readers.js).
 *
 * In:  {id, type: "run", source, name}, or {id, type: "probe", source, name, method, knobs} for the widget of a method
 * Out: those of worker.js, and for every run {type: "output", name, kind, value} with the kinds
 *      "loading", "start", "text" and "figure" (an SVG), "error" with {trace, line}, and "end"
 */

import { confine, demandPolicy } from "./confine.js";
import { start } from "./start.js";

/** @typedef {import("./start.js").Pyodide} Pyodide */

const MOST = 20_000_000; // characters that a run may show
const MESSAGE = 20_000; // characters that a message counts for at least, and that a traceback has at most

/** Code that reseeds Python: what is drawn without a seed should differ from visit to visit, though the memory that Python starts with does not. */
const PREPARATION = `
import os, random, numpy
os.environ["MPLBACKEND"] = "module://demos.figures"
random.seed(), numpy.random.seed()
`;

// as they are before readers' code can replace them
const { String, structuredClone } = globalThis;
const post = globalThis.postMessage.bind(globalThis);
const slice = Function.call.bind(String.prototype.slice);

/** @param {unknown} value */
const short = (value) => slice(String(value), 0, MESSAGE);

/** @param {Record<string, unknown>} failure */
const cut = ({ message, knob, value, rule }) =>
  knob
    ? { message: short(message), knob: short(knob), value: short(value), rule: short(rule) }
    : { message: short(message) };

/** @type {ReturnType<typeof confine>} */
let afterwards;

Reflect.deleteProperty(globalThis, "MessageChannel"); // without it Pyodide takes timers, which confine() counts
const ready = start(post, true, (pyodide) => {
  demandPolicy();
  const { lockfile, lockfileBaseUrl } = pyodide;
  afterwards = confine(
    globalThis,
    Object.values(lockfile.packages).map(({ file_name }) => `${new URL(file_name, lockfileBaseUrl)}`),
  );
  /** @type {any} */ (pyodide)._module.finalizationRegistry = { register() {}, unregister() {} }; // it would call code at any time later
  pyodide.FS.createLazyFile = () => {
    throw new Error("a file of another address is out of reach for code in this worker");
  };
  // Python may end in what readers' code has left to be called later, where no run is there to say so
  /** @type {any} */ (pyodide)._api.on_fatal = (/** @type {Error} */ { message }) =>
    post({ type: "crash", message: short(message) });
  pyodide.runPython(PREPARATION, { globals: pyodide.toPy({}) });
  pyodide.pyimport("demos.readers").destroy();
});
addEventListener("message", async ({ data }) => respond(await ready, data));

/**
 * Run what the page sends, one request at a time (readers.js). The answer is given when nothing of the run is left.
 *
 * @param {Pyodide} pyodide
 * @param {{id: number, name?: string, source: string, method?: string, knobs?: Record<string, unknown>}} request
 */
async function respond(pyodide, { id, name, ...request }) {
  /** @param {string} kind @param {unknown} [value] */
  const tell = (kind, value) => post({ type: "output", name, kind, value });
  let left = MOST;
  /** Tell the page, on a call of readers' code. @param {string} kind @param {string} value */
  const emit = (kind, value) => {
    const text = String(value);
    left -= text.length + MESSAGE;
    if (left > 0) tell(kind === "figure" ? "figure" : "text", text);
  };
  try {
    await load(pyodide, request.source, () => tell("loading"));
    const started = performance.now();
    tell("start");
    const { answer, trace, line, failure = {} } = run(pyodide, request, emit);
    const milliseconds = performance.now() - started;
    // a copy has no getters, so that posting it calls nothing
    const reply = structuredClone(answer ? { id, answer, milliseconds } : { id, error: cut(failure) });
    const error = answer ? undefined : { trace: short(trace), line: line && +line };
    afterwards(() => {
      if (error) tell("error", error);
      tell("end");
      post(reply);
    });
  } catch (error) {
    post({ type: "crash", message: short(error instanceof Error ? error.message : error) });
  }
}

/** The source whose packages were loaded last. */
let prepared = "";

/**
 * Load the packages that a source imports. The time limit is not for this. Where one does not arrive, Pyodide takes it for
 * loaded all the same, so this Python has to end.
 *
 * @param {Pyodide} pyodide
 * @param {string} source
 * @param {() => void} tell Called when there is something to load.
 */
async function load(pyodide, source, tell) {
  if (source === prepared) return;
  /** @type {string[]} */
  const errors = [];
  const loaded = await pyodide.loadPackagesFromImports(source, {
    messageCallback: tell,
    errorCallback: (text) => errors.push(text),
  });
  if (errors.length) throw new Error(`a package that the code imports could not be loaded (${errors.join(" ")})`);
  if (loaded.some(({ name }) => name === "matplotlib")) pyodide.runPython("import matplotlib.pyplot");
  prepared = source;
}

/**
 * @param {Pyodide} pyodide
 * @param {object} request
 * @param {(kind: string, value: string) => void} emit
 * @returns {{answer?: any, trace?: string, line?: number, failure?: Record<string, unknown>}}
 */
function run(pyodide, request, emit) {
  const readers = pyodide.pyimport("demos.readers");
  const given = pyodide.toPy(request);
  let answer;
  try {
    answer = readers.respond(given, emit);
    return answer.toJs({ dict_converter: Object.fromEntries, create_pyproxies: false });
  } finally {
    for (const proxy of [answer, given, readers]) proxy?.destroy();
  }
}
