/**
 * Splits a WebAssembly module by a profile: into an early part that starts, with the functions that were called and the
 * small ones that those call in rarer cases, and a late part with the others. Functions are known by their numbers.
 *
 * Nothing is moved that has an address: the early part keeps all data and all tables, with a stub in the place of every
 * function that has left. A stub calls that function through a table of its own, which is empty at first: the stub that
 * runs first has the late part loaded (demos/python/surgery/late.js), by an import that has returned before the call is made.
 */

import binaryen from "binaryen";

import { MARK } from "../../../demos/python/surgery/late.js";

const SMALL = 4000; // letters of a function's text

const TABLE = `${MARK}table`;
const LOAD = `${MARK}load`;
const LOADED = `${MARK}loaded`;
const EARLY = "early";

/** Return a part's name for what it offers: kinds of things have names of their own in a module, but not among its exports. */
const offered = (/** @type {string} */ kind, /** @type {string} */ name) => `${MARK}${kind} ${name}`;

const HEADER = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
const CUSTOM = 0;
const START = 8;
const DATA = 11;
/** Sections that define tables, memories, globals and tags. */
const OWN = [4, 5, 6, 13];

/**
 * Return the module with a global for every function, which becomes 1 when the function is called.
 *
 * @param {Uint8Array} wasm
 */
export function instrument(wasm) {
  const module = binaryen.readBinary(wasm);
  for (const { name, results, body } of functions(module)) {
    const flag = MARK + name;
    module.addGlobal(flag, binaryen.i32, true, module.i32.const(0));
    module.addGlobalExport(flag, flag);
    const marked = module.block(null, [module.global.set(flag, module.i32.const(1)), body], results);
    /** @type {any} */ (binaryen).Function.setBody(module.getFunction(name), marked);
  }
  return emit(module, wasm);
}

/**
 * Run something, and return the functions that it called, for each instrumented module that it started.
 *
 * @param {() => Promise<void>} run
 * @returns {Promise<Set<string>[]>} In the order of their start.
 */
export async function profile(run) {
  /** @type {WebAssembly.Exports[]} */
  const started = [];
  const { instantiate, Instance } = WebAssembly;
  const seen = (/** @type {any} */ made) => (started.push((made.instance ?? made).exports), made);
  Object.assign(WebAssembly, {
    instantiate: async (/** @type {[any]} */ ...given) => seen(await instantiate(...given)),
    Instance: function (/** @type {[any]} */ ...given) {
      return seen(new Instance(...given));
    },
  });
  try {
    await run();
  } finally {
    Object.assign(WebAssembly, { instantiate, Instance });
  }
  const flags = started.map((exports) => Object.entries(exports).filter(([name]) => name.startsWith(MARK)));
  const called = flags
    .filter((each) => each.length)
    .map((each) => each.filter(([, flag]) => /** @type {WebAssembly.Global} */ (flag).value));
  return called.map((each) => new Set(each.map(([name]) => name.slice(MARK.length))));
}

/**
 * Return the functions that were called with the small ones that they could have called.
 *
 * @param {Uint8Array} wasm
 * @param {Set<string>} called
 */
export function staying(wasm, called) {
  const bodies = new Map(functions(binaryen.readBinary(wasm)).map(({ name, body }) => [name, body]));
  const text = (/** @type {string} */ name) => binaryen.emitText(bodies.get(name) ?? 0);
  const mentioned = [...called].flatMap((name) => Array.from(text(name).matchAll(/\(call \$(\S+)/g), ([, to]) => to));
  const near = mentioned.filter((name) => bodies.has(name) && !called.has(name) && text(name).length < SMALL);
  return new Set([...bodies.keys()].filter((name) => called.has(name) || near.includes(name)));
}

/**
 * @param {Uint8Array} wasm
 * @param {Set<string>} staying
 * @returns {{early: Uint8Array, late: Uint8Array}}
 */
export function split(wasm, staying) {
  const early = binaryen.readBinary(wasm);
  const all = functions(early);
  const leaving = all.filter(({ name }) => !staying.has(name));

  early.addFunctionImport(LOAD, "late", "load", binaryen.none, binaryen.none);
  early.addGlobal(LOADED, binaryen.i32, true, early.i32.const(0));
  const load = early.block(null, [early.call(LOAD, [], binaryen.none), early.global.set(LOADED, early.i32.const(1))]);
  const once = early.if(early.i32.eqz(early.global.get(LOADED, binaryen.i32)), load);
  early.addFunction(LOADED, binaryen.none, binaryen.none, [], once);
  early.addTable(TABLE, leaving.length, leaving.length);
  const replace = (/** @type {Defined} */ { name, params, results }, /** @type {number} */ place) => {
    const values = binaryen.expandType(params).map((type, index) => early.local.get(index, type));
    const call = early.call_indirect(TABLE, early.i32.const(place), values, params, results);
    early.removeFunction(name);
    early.addFunction(
      name,
      params,
      results,
      [],
      early.block(null, [early.call(LOADED, [], binaryen.none), call], results),
    );
  };
  for (const each of leaving) replace(each, 0);
  for (const { name } of globals(early)) early.addGlobalExport(name, offered("global", name)); // some are used in the late part only
  early.runPasses(["remove-unused-module-elements"]); // most are called by others that leave, and by nothing else
  const stubs = leaving.filter(({ name }) => early.getFunction(name));
  stubs.forEach(replace);

  const late = binaryen.readBinary(wasm);
  for (const { name } of exports(late)) late.removeExport(name);
  for (const { name } of listed(late.getNumElementSegments(), (i) =>
    binaryen.getElementSegmentInfo(late.getElementSegmentByIndex(i)),
  )) {
    late.removeElementSegment(name);
  }
  for (const { name, params, results } of all.filter(({ name }) => staying.has(name))) {
    late.removeFunction(name);
    late.addFunctionImport(name, EARLY, offered("function", name), params, results);
  }
  for (const { name, type, mutable } of globals(late)) {
    late.addGlobalImport(name, EARLY, offered("global", name), type, mutable);
  }
  for (const { name } of own(listed(late.getNumTables(), (i) => binaryen.getTableInfo(late.getTableByIndex(i))))) {
    late.addTableImport(name, EARLY, offered("table", name));
  }
  for (const { kind, value } of exports(early)) {
    if (kind === binaryen.ExternalTag) {
      const { params, results } = binaryen.getTagInfo(early.getTag(value));
      late.addTagImport(value, EARLY, offered("tag", value), params, results);
    } else if (kind === binaryen.ExternalMemory) {
      late.addMemoryImport(value, EARLY, offered("memory", value));
    }
  }
  late.addTableImport(TABLE, EARLY, offered("table", TABLE));
  late.addActiveElementSegment(
    TABLE,
    TABLE,
    stubs.map(({ name }) => name),
    late.i32.const(0),
  );
  late.runPasses(["remove-unused-module-elements"]);
  const second = joined(sections(late.emitBinary()).filter(({ id }) => ![CUSTOM, START, DATA].includes(id)));
  if (sections(second).some(({ id }) => OWN.includes(id))) throw new Error("the late part has state of its own");

  early.removeTable(TABLE);
  early.addTable(TABLE, stubs.length, stubs.length);
  const offer = /** @type {Record<string, (name: string, as: string) => void>} */ ({
    function: early.addFunctionExport,
    global() {},
    memory: early.addMemoryExport,
    table: early.addTableExport,
    tag: early.addTagExport,
  });
  for (const { module, name, kind } of WebAssembly.Module.imports(new WebAssembly.Module(second))) {
    if (module === EARLY) offer[kind](name.slice(offered(kind, "").length), name);
  }
  return { early: emit(early, wasm), late: second };
}

/** @typedef {ReturnType<typeof functions>[0]} Defined */

/** @param {binaryen.Module} module The functions that it does not import. */
function functions(module) {
  return own(listed(module.getNumFunctions(), (i) => binaryen.getFunctionInfo(module.getFunctionByIndex(i))));
}

/** @param {binaryen.Module} module The globals that it does not import. */
function globals(module) {
  return own(listed(module.getNumGlobals(), (i) => binaryen.getGlobalInfo(module.getGlobalByIndex(i))));
}

/** @param {binaryen.Module} module */
function exports(module) {
  return listed(module.getNumExports(), (i) => binaryen.getExportInfo(module.getExportByIndex(i)));
}

/**
 * @template T
 * @param {number} length
 * @param {(i: number) => T} get
 */
const listed = (length, get) => Array.from({ length }, (_, i) => get(i));

/**
 * @template {{base: string | null}} T
 * @param {T[]} things
 */
const own = (things) => things.filter(({ base }) => !base);

/**
 * Return a module's bytes, with the section for the dynamic linker as it was: Binaryen would count the table anew.
 *
 * @param {binaryen.Module} module
 * @param {Uint8Array} before
 */
function emit(module, before) {
  const kept = sections(before).filter(({ id }) => id === CUSTOM);
  return joined([...kept, ...sections(module.emitBinary()).filter(({ id }) => id !== CUSTOM)]);
}

/** @param {Uint8Array} wasm */
function sections(wasm) {
  const found = [];
  for (let at = HEADER.length; at < wasm.length;) {
    const [id, from] = [wasm[at], at];
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[++at];
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += 1 + length;
    found.push({ id, bytes: wasm.subarray(from, at) });
  }
  return found;
}

/** @param {ReturnType<typeof sections>} parts */
const joined = (parts) => new Uint8Array(Buffer.concat([HEADER, ...parts.map(({ bytes }) => bytes)]));
