/**
 * Compares what the packed Python computes with what Pyodide does as it was published: to be run after an upgrade.
 *
 *     node scripts/pyodide/surgery/gate.mjs --wheels DIR [--every N] [--tests DIR] [--browser EXECUTABLE]
 *
 * Each question is put to a Python that has just started, with the late part absent until it is called: every expression
 * of expressions.txt, whose value, or error's type and text, has to be the same to the last bit; and with --tests the
 * tests of CPython and numpy that TESTS lists, which have to end alike. DIR then holds what they need: `test` of CPython's
 * library, and what `pip install pytest numpy` gives. --every takes a part of the questions. Without --browser, Node asks.
 */

import fs from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { build } from "esbuild";
import puppeteer from "puppeteer-core";

import { pack } from "../../../demos/python/surgery/parcel.js";
import { answer } from "./answer.mjs";
import { start } from "./host.mjs";

/** @typedef {import("./answer.mjs").Question} Question */

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, "../../..");

const { values: options } = parseArgs({
  options: {
    pyodide: { type: "string", default: path.join(ROOT, "node_modules/pyodide") },
    packed: { type: "string", default: path.join(ROOT, ".build/py") },
    wheels: { type: "string" },
    every: { type: "string", default: "1" },
    tests: { type: "string" },
    browser: { type: "string" },
  },
});

const CPYTHON = `array base64 binascii bisect bool builtin bytes cmath collections complex contextlib copy csv
descr dict enum exceptions float format fractions fstring functools generators hash heapq int itertools list listcomps long
math memoryview named_expressions operator ordered_dict patma pickle random range re set slice sort string struct syntax
textwrap tuple types unicodedata with zlib`;
const NUMPY = `_core/tests/test_array_coercion _core/tests/test_casting_unittests _core/tests/test_dtype
_core/tests/test_einsum _core/tests/test_errstate _core/tests/test_function_base _core/tests/test_half
_core/tests/test_indexing _core/tests/test_item_selection _core/tests/test_nditer _core/tests/test_scalarmath
_core/tests/test_shape_base _core/tests/test_ufunc _core/tests/test_umath _core/tests/test_umath_complex
fft/tests/test_helper fft/tests/test_pocketfft lib/tests/test_arraysetops lib/tests/test_function_base
lib/tests/test_index_tricks lib/tests/test_nanfunctions lib/tests/test_stride_tricks linalg/tests/test_linalg
random/tests/test_generator_mt19937 random/tests/test_randomstate random/tests/test_seed_sequence`;
const TESTS = [
  ...CPYTHON.split(/\s+/).map((name) => ({ kind: "cpython", what: `test_${name}` })),
  ...NUMPY.split(/\s+/).map((name) => ({ kind: "numpy", what: `numpy/${name}.py` })),
];
/** Files that those need, in the folder of tests. */
const NEEDED = [
  /^test\/(\w+|(support|mathdata)\/.+)\.(py|txt)$/,
  /^(_pytest|pytest|pluggy|iniconfig|packaging|pygments)\/.+\.py$/,
];
NEEDED.push(/^numpy\/(_core|fft|lib|linalg|random)\/tests\/.+\.(py|csv|npz)$/);

const { files } = JSON.parse(await fs.readFile(path.join(options.packed, "manifest.json"), "utf8"));
const program = await fs.readFile(path.join(HERE, "gate.py"), "utf8");
const tests = options.tests ? await needed(options.tests) : {};

/** @param {string} folder @returns {Promise<Record<string, Uint8Array>>} */
async function needed(folder) {
  const names = (await fs.readdir(folder, { recursive: true })).filter((name) =>
    NEEDED.some((kind) => kind.test(name)),
  );
  const read = names.map(async (name) => [name, new Uint8Array(await fs.readFile(path.join(folder, name)))]);
  return Object.fromEntries(await Promise.all(read));
}

/** @returns {Promise<Question[]>} */
async function questions() {
  const lines = (await fs.readFile(path.join(HERE, "expressions.txt"), "utf8")).split("\n");
  const expressions = lines.filter((line) => line && !line.startsWith("#")).flatMap(spread);
  const all = [...expressions.map((what) => ({ kind: "expression", what })), ...(options.tests ? TESTS : [])];
  return all.filter((_, i) => i % Number(options.every) === 0);
}

/**
 * Return lines that show every alternative of a line at least once.
 *
 * @param {string} line
 */
function spread(line) {
  const groups = Array.from(line.matchAll(/⟨([^⟨⟩]*)⟩/g), ([, inner]) => inner.split("|"));
  return Array.from({ length: Math.max(1, ...groups.map(({ length }) => length)) }, (_, i) => {
    let group = 0;
    return line.replace(/⟨[^⟨⟩]*⟩/g, () => groups[group][(i + group) % groups[group++].length]);
  });
}

/** @returns {Promise<(question: Question) => Promise<string>>} Asks Pyodide as it was published; expressions share one. */
async function published() {
  const { loadPyodide } = await import(pathToFileURL(path.join(options.pyodide, "pyodide.mjs")).href);
  const fresh = async () => {
    const python = await loadPyodide({
      packageCacheDir: options.wheels,
      env: { PYTHONHASHSEED: "0", LANG: "C.UTF-8", HOME: "/home/pyodide" },
    });
    await python.loadPackage("numpy", { messageCallback() {} });
    return python;
  };
  const shared = await fresh();
  return async (question) => {
    const python = question.kind === "expression" ? shared : await fresh();
    return answer(python, program, tests, question);
  };
}

/** @returns {Promise<(question: Question) => Promise<string>>} Asks the packed Python under Node. */
async function packed() {
  const roles = Object.entries(files).filter(([role]) => !role.startsWith("wheels/"));
  const read = roles.map(async ([role, file]) => {
    return [role, new Uint8Array(await fs.readFile(path.join(options.packed, file.path)))];
  });
  const contents = Object.fromEntries(await Promise.all(read));
  const kept = {};
  return async (question) =>
    answer(await start(contents, options.pyodide, { kept: { ...kept } }), program, tests, question);
}

/** @param {string} executable @returns {Promise<(question: Question) => Promise<string>>} Asks it in a browser. */
async function browsed(executable) {
  const entryPoints = [path.join(HERE, "gate-worker.mjs")];
  const { outputFiles } = await build({ entryPoints, bundle: true, format: "esm", write: false });
  /** @type {Record<string, [string, Uint8Array]>} */
  const made = {
    "/": ["text/html", new TextEncoder().encode('<!doctype html><title>gate</title><link rel="icon" href="data:,">')],
    "/worker.js": ["text/javascript", outputFiles[0].contents],
    "/tests.bin": ["application/octet-stream", pack(tests)],
  };
  const server = http.createServer(async ({ url = "" }, response) => {
    const [type, data] = made[url] ?? [url.endsWith("js") ? "text/javascript" : "application/wasm", ""];
    response.setHeader("Content-Type", type).end(data || (await fs.readFile(path.join(options.packed, url))));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  const home = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}/`;
  const kind = /firefox/i.test(executable) ? "firefox" : "chrome";
  const args = kind === "chrome" ? ["--no-sandbox"] : [];
  const browser = await puppeteer.launch({ browser: kind, executablePath: executable, args, protocolTimeout: 1e6 });
  const page = await browser.newPage();
  await page.goto(home);
  const manifest = { base: home, files };
  return (question) =>
    page.evaluate(
      (given) =>
        new Promise((resolve, reject) => {
          const worker = new Worker("/worker.js", { type: "module" });
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.onmessage = ({ data: [text, { "late.bin": late, ...kept }] }) => {
            Object.assign(globalThis, { kept });
            worker.terminate();
            resolve(text);
          };
          worker.postMessage({ ...given, kept: /** @type {any} */ (globalThis).kept ?? {} });
        }),
      { manifest, program, question },
    );
}

/** @param {string} expected @param {string} found The lines in which they differ. */
function difference(expected, found) {
  const [old, now] = [expected, found].map((text) => text.split("\n"));
  const lines = [...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`)];
  return [...lines, ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`)].join("\n    ");
}

const asked = await questions();
const ask = await published();
const other = await (options.browser ? browsed(options.browser) : packed());
let lines = 0;
let wrong = 0;
for (const question of asked) {
  const expected = await ask(question);
  const found = await other(question);
  lines += expected.split("\n").length;
  if (found === expected) continue;
  wrong++;
  console.error(`${question.what}\n    ${difference(expected, found)}`);
}
console.log(`${asked.length} questions with ${lines} lines of answers, ${wrong} differ`);
process.exit(wrong ? 1 : 0);
