/**
 * Makes the Python runtime that the site serves.
 *
 *     node scripts/pyodide/surgery/pack.mjs --pyodide node_modules/pyodide --wheels DIR --out .build/py
 *
 * OUT/manifest.json names the files by their roles. They lie in two folders that are named by their contents: Python
 * with its packages, and the project's own code. A folder is made anew only when what it is made of has changed.
 * With --draft, code that has changed comes alone: without a snapshot, which the next run without --draft takes.
 * With --profile, nothing is packed: the functions that first answers call are noted in early.json, which decides what
 * comes early (split.mjs). It is for a new Pyodide, and for answers that need more than they did.
 */

import "./still.mjs"; // before all else: its clock is the one that the others read

import { existsSync } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs, promisify } from "node:util";
import zlib from "node:zlib";

import { compare, failure, probe } from "../../../demos/python/answer.js";
import { sizes } from "../../../demos/python/surgery/boot.js";
import { pack as parcel, unpack } from "../../../demos/python/surgery/parcel.js";
import * as host from "./host.mjs";
import { takeSnapshot } from "./snapshot.mjs";
import { instrument, profile, split, staying } from "./split.mjs";
import { trim } from "./trim.mjs";

/** @typedef {import("../../../demos/python/start.js").File} File */
/** @typedef {import("pyodide").PyodideInterface} Pyodide */
/** @typedef {import("./host.mjs").Contents} Contents */
/** @typedef {Record<string, {sha256: string, functions: string}>} Notes What early.json holds, by module. */

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, "../../..");

/** Files that are not worth the slowest compression: loaded on demand, or made anew with every change of the code. */
const QUICK = process.env.CI
  ? /^(wheels\/|library\.zip$|late\.bin$)/
  : /^(wheels\/|library\.zip$|late\.bin$|snapshot\.bin$)/;
const CORE = "pyodide.asm.wasm";
const EMPTY_ZIP = Uint8Array.from([80, 75, 5, 6, ...new Array(18).fill(0)]);

/** A session whose modules the first archive has to hold: numpy as the widgets use it, and an error with its traceback. */
const SESSION = `
import ast, asyncio, dataclasses, functools, inspect, json, math, pkgutil, re, sys, traceback, typing
import numpy as np, numpy.fft, numpy.linalg, numpy.random, numpy.typing
np.random.default_rng(0).normal(size=3), np.linalg.svd(np.eye(3)), np.fft.fft(np.eye(3)), repr(np.eye(2))
np.einsum("ij,jk->ik", np.eye(2), np.eye(2))
try:
    np.linalg.inv(np.zeros((2, 2)))
except np.linalg.LinAlgError:
    traceback.format_exc()
list(sys.modules)
`;

const { values: options } = parseArgs({
  options: {
    pyodide: { type: "string", default: path.join(ROOT, "node_modules/pyodide") },
    wheels: { type: "string" },
    out: { type: "string", default: path.join(ROOT, ".build/py") },
    draft: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});

/** @param {Contents} contents @param {(module: any) => void} [beforePython] */
const start = (contents, beforePython) => host.start(contents, options.pyodide, { beforePython });

/**
 * Return the files of a folder, made by `make` unless it was made before from the same inputs.
 *
 * @param {string} name
 * @param {Contents} inputs
 * @param {() => Promise<Contents>} make
 * @returns {Promise<Record<string, File>>} By role, which is the path in the folder.
 */
async function folder(name, inputs, make) {
  const record = path.join(options.out, `${name}.json`);
  const key = digest(inputs);
  const last = await fs
    .readFile(record, "utf8")
    .then(JSON.parse)
    .catch(() => ({})); // none, or half of one
  const present = (/** @type {File} */ file) => existsSync(path.join(options.out, file.path));
  if (last.key === key && Object.values(last.files).every(present)) return last.files;
  if (options.draft && name !== "draft") return folder("draft", inputs, make);

  console.log(`packing ${name}`);
  const contents = await make();
  const home = digest(contents).slice(0, 16);
  const files = await write(contents, home);
  await fs.writeFile(record, JSON.stringify({ key, home, files }));
  if (last.home && last.home !== home) await fs.rm(path.join(options.out, last.home), { recursive: true, force: true });
  return files;
}

/**
 * Write files with their compressed twins.
 *
 * @param {Contents} contents
 * @param {string} home The folder, below the output.
 */
async function write(contents, home) {
  /** @type {Record<string, File>} */
  const files = {};
  const each = Object.entries(contents).map(async ([role, data]) => {
    const file = path.join(options.out, home, role);
    const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
    const quality = options.draft ? 1 : QUICK.test(role) ? 9 : 11;
    const params = {
      [BROTLI_PARAM_LGWIN]: 24,
      [BROTLI_PARAM_QUALITY]: quality,
      [BROTLI_PARAM_SIZE_HINT]: data.length,
    };
    const [brotli, gzip] = await Promise.all([
      promisify(zlib.brotliCompress)(data, { params }),
      promisify(zlib.gzip)(data, { level: 9 }),
    ]);
    await fs.mkdir(path.dirname(file), { recursive: true });
    await Promise.all([fs.writeFile(file, data), fs.writeFile(`${file}.br`, brotli), fs.writeFile(`${file}.gz`, gzip)]);
    files[role] = host.entry(`${home}/${role}`, data, brotli.length);
  });
  await Promise.all(each);
  return Object.fromEntries(Object.keys(contents).map((role) => [role, files[role]]));
}

/**
 * Return Python, its standard library and numpy as bytecode, and the packages that are loaded on demand.
 *
 * @param {Contents} core Pyodide's own files.
 * @param {Contents} wheels
 * @param {Contents} finder sitecustomize.py
 * @returns {Promise<Contents>}
 */
async function runtime(core, wheels, finder) {
  const lock = JSON.parse(new TextDecoder().decode(core["pyodide-lock.json"]));
  const { loadPyodide } = await import(pathToFileURL(path.join(options.pyodide, "pyodide.mjs")).href);
  /** @type {Pyodide} */
  const pyodide = await loadPyodide({ env: { PYTHONHASHSEED: "0", PYTHONNODEBUGRANGES: "1" } });
  const pack = await packer(pyodide);
  /** @param {string} name @param {Uint8Array} data */
  const put = (name, data) => (pyodide.FS.writeFile(`/tmp/${name}`, data), `/tmp/${name}`);

  const libraries = Object.entries(wheels).flatMap(([name, wheel]) => pack.libraries(put(name, wheel)).toJs());
  const numpy = lock.packages.numpy.file_name;
  const [library, modules] = pack
    .standard_library(
      put("python_stdlib.zip", core["python_stdlib.zip"]),
      put(numpy, wheels[numpy]),
      put("sitecustomize.py", finder["sitecustomize.py"]),
    )
    .toJs({ dict_converter: Object.fromEntries });
  const text = (/** @type {string} */ name) => new TextDecoder().decode(core[name]);
  const { wasm, glue } = trim(core["pyodide.asm.wasm"], text("pyodide.asm.mjs"), text("pyodide.mjs"), libraries);
  /** @type {Contents} */
  const contents = {
    "pyodide.mjs": core["pyodide.mjs"],
    "pyodide.asm.mjs": new TextEncoder().encode(glue),
    "pyodide.asm.wasm": wasm,
    "numpy.bin": parcel(modules),
  };

  /** @type {Record<string, any>} */
  const packages = {};
  for (const name of closure(lock.packages, "matplotlib")) {
    const { file_name, depends, ...entry } = lock.packages[name];
    const wheel = pack.wheel(put(file_name, wheels[file_name])).toJs();
    const others = depends.filter((/** @type {string} */ other) => other !== "numpy");
    packages[name] = { ...entry, file_name, depends: others, sha256: host.sha256(wheel) };
    contents[`wheels/${file_name}`] = wheel;
  }
  contents["pyodide-lock.json"] = new TextEncoder().encode(JSON.stringify({ info: lock.info, packages }));

  const whole = { ...contents, "python_stdlib.zip": library, "library.zip": EMPTY_ZIP, "code.zip": EMPTY_ZIP };
  const used = (await start(whole)).runPython(SESSION).toJs();
  const [standard, rest] = pack.split(put("library.zip", library), pyodide.toPy(used)).toJs();
  return { ...contents, "python_stdlib.zip": standard, "library.zip": rest };
}

/** @param {Contents} contents @returns {Contents} The modules that are split, the core first. */
const modules = (contents) => ({ [CORE]: contents[CORE], ...unpack(contents["numpy.bin"]) });

/** @param {Contents} modules The opposite. */
const files = ({ [CORE]: core, ...numpy }) => ({ [CORE]: core, "numpy.bin": parcel(numpy) });

/**
 * Return the files with the functions that no first answer calls in a file of their own.
 *
 * @param {Contents} contents
 * @param {Uint8Array} early early.json
 * @returns {Contents}
 */
function divided(contents, early) {
  /** @type {Notes} */
  const noted = JSON.parse(new TextDecoder().decode(early));
  const parts = mapped(modules(contents), (wasm, name) => {
    if (noted[name]?.sha256 !== host.sha256(wasm))
      throw new Error(
        `early.json is not about this ${name}: run node scripts/pyodide/surgery/pack.mjs --profile --wheels DIR`,
      );
    return split(wasm, new Set(noted[name].functions.split(" ")));
  });
  return {
    ...contents,
    ...files(mapped(parts, ({ early }) => early)),
    "late.bin": parcel(mapped(parts, ({ late }) => late)),
  };
}

/**
 * Return early.json: the functions of each module that are called when Python is restored and gives first answers.
 *
 * @param {Contents} contents
 * @param {Contents} sources The project's own code.
 * @param {string} exercise What is asked.
 * @param {Notes} noted What is added to, where it is about the same modules.
 */
async function early(contents, sources, exercise, noted) {
  const all = modules(contents);
  const watched = { ...contents, ...files(mapped(all, instrument)) };
  const own = await code(sources, watched);
  const called = await profile(async () => {
    const python = await start({ ...watched, ...own });
    python.runPython(exercise);
    const requests = python.globals.get("requests")().toJs({ dict_converter: Object.fromEntries });
    for (const request of requests) {
      try {
        if (request.method) Array.from(probe(python, request));
        else compare(python, request);
      } catch (error) {
        if (!(error instanceof python.ffi.PythonError)) throw error;
        failure(python);
      }
    }
  });
  const notes = Object.entries(all).map(([name, wasm], at) => {
    const sha256 = host.sha256(wasm);
    const before = noted[name]?.sha256 === sha256 ? noted[name].functions.split(" ") : []; // some are called in rare states
    const functions = new Set([...before, ...staying(wasm, called[at])]);
    return [name, { sha256, functions: [...functions].sort((a, b) => +a - +b).join(" ") }];
  });
  return `${JSON.stringify(Object.fromEntries(notes), null, 1)}\n`;
}

/**
 * @template T, U
 * @param {Record<string, T>} things
 * @param {(thing: T, name: string) => U} change
 * @returns {Record<string, U>}
 */
const mapped = (things, change) =>
  Object.fromEntries(Object.entries(things).map(([name, thing]) => [name, change(thing, name)]));

/**
 * Yield the name of a package and of what it needs, numpy excepted.
 *
 * @param {Record<string, any>} packages
 * @param {string} name
 * @returns {Generator<string>}
 */
function* closure(packages, name, seen = new Set(["numpy"])) {
  if (seen.has(name)) return;
  seen.add(name);
  yield name;
  for (const other of packages[name].depends) yield* closure(packages, other, seen);
}

/** @param {Pyodide} pyodide @returns {Promise<any>} The module bytecode.py. */
async function packer(pyodide) {
  pyodide.FS.writeFile("/home/pyodide/bytecode.py", await fs.readFile(path.join(HERE, "bytecode.py")));
  return pyodide.pyimport("bytecode");
}

/**
 * Return the project's own code as one archive, and Python's memory after its import.
 *
 * @param {Contents} sources
 * @param {Contents} python
 * @returns {Promise<Contents>}
 */
async function code(sources, python) {
  const pyodide = await start({ ...python, "code.zip": EMPTY_ZIP });
  for (const [name, data] of Object.entries(sources)) {
    pyodide.FS.mkdirTree(path.posix.dirname(`/tmp/code/${name}`));
    pyodide.FS.writeFile(`/tmp/code/${name}`, data);
  }
  const archive = (await packer(pyodide)).code("/tmp/code").toJs();
  if (options.draft) return { "code.zip": archive };
  const picture = await takeSnapshot((beforePython) => start({ ...python, "code.zip": archive }, beforePython));
  return { "code.zip": archive, "snapshot.bin": picture };
}

/**
 * Return the files of a folder whose paths match.
 *
 * @param {string} base
 * @param {RegExp} wanted
 * @param {string} prefix Of the paths in the answer.
 * @returns {Promise<Contents>}
 */
async function read(base, wanted, prefix = "") {
  const names = (await fs.readdir(base, { recursive: true })).filter((name) => wanted.test(name)).sort();
  const entries = names.map(async (name) => [prefix + name, new Uint8Array(await fs.readFile(path.join(base, name)))]);
  return Object.fromEntries(await Promise.all(entries));
}

/** @param {Contents} contents */
function digest(contents) {
  return host.sha256(JSON.stringify(Object.entries(contents).map(([name, data]) => [name, host.sha256(data)])));
}

async function main() {
  if (!options.wheels) throw new Error("--wheels is missing; it names the folder with the verified wheels of Pyodide");
  await fs.mkdir(options.out, { recursive: true });
  const demos = path.join(ROOT, "demos");
  const scripts = await read(HERE, /^((pack|still|host|trim|split)\.mjs|bytecode\.py|early\.json)$/);
  const browser = path.join(demos, "python");
  const finder = await read(path.join(browser, "surgery"), /^sitecustomize\.py$/);
  const core = await read(options.pyodide, /^(pyodide(\.asm)?\.(mjs|wasm)|pyodide-lock\.json|python_stdlib\.zip)$/);
  const wheels = await read(options.wheels, /\.whl$/);
  const starters = {
    ...(await read(HERE, /^snapshot\.mjs$/)),
    ...(await read(browser, /^(answer|surgery\/\w+)\.js$/)),
  };
  const sources = {
    ...(await read(path.join(ROOT, "adapters_np"), /\.py$/, "adapters_np/")),
    ...(await read(demos, /^[^/]+\.(py|npy)$/, "demos/")),
  };
  if (options.profile) {
    const exercise = await fs.readFile(path.join(HERE, "exercise.py"), "utf8");
    const noted = JSON.parse(new TextDecoder().decode(scripts["early.json"]));
    const notes = await early(await runtime(core, wheels, finder), sources, exercise, noted);
    return fs.writeFile(path.join(HERE, "early.json"), notes);
  }
  const packed = options.draft
    ? JSON.parse(await fs.readFile(path.join(options.out, "python.json"), "utf8")).files
    : await folder("python", { ...scripts, ...starters, ...finder, ...core, ...wheels }, async () =>
        divided(await runtime(core, wheels, finder), scripts["early.json"]),
      );
  const wheel = (/** @type {string} */ role) => role.startsWith("wheels/");
  const beside = path.posix.dirname(packed[Object.keys(packed).find(wheel) ?? ""].path);
  const python = Object.fromEntries(Object.entries(packed).filter(([role]) => !wheel(role)));
  const basis = new TextEncoder().encode(JSON.stringify([python, QUICK.source]));
  const own = await folder("code", { ...scripts, ...starters, ...sources, basis }, async () => {
    const paths = Object.entries(python).map(async ([role, { path: file }]) => {
      return [role, new Uint8Array(await fs.readFile(path.join(options.out, file)))];
    });
    return code(sources, Object.fromEntries(await Promise.all(paths)));
  });

  const files = { ...python, ...own };
  const { version } = JSON.parse(await fs.readFile(path.join(options.pyodide, "package.json"), "utf8"));
  const base = "../py/"; // from the folder of worker.js
  await fs.writeFile(
    path.join(options.out, "manifest.json"),
    JSON.stringify({ version, base, folder: beside, ...sizes(files), files }, null, 1),
  );
}

main().then(
  () => process.exit(0), // Pyodide would keep Node alive
  (error) => {
    // left to itself, Node would print a line of Pyodide first, which has a million letters
    console.error(`pack.mjs: ${error.stack}`);
    process.exit(1);
  },
);
