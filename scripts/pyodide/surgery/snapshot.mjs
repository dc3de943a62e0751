/** Takes the picture of Python's memory that demos/python/surgery/snapshot.js restores. */

import { pack } from "../../../demos/python/surgery/parcel.js";
import { layout } from "../../../demos/python/surgery/snapshot.js";

/** @typedef {import("pyodide").PyodideInterface} Pyodide */
/** @typedef {import("../../../demos/python/surgery/snapshot.js").Meta} Meta */

/**
 * Code whose results the picture is to remember: every method imported and run once, an error explained once, nothing to collect. The
 * layer is small, since its random numbers stay in the memory and cannot be compressed.
 */
const REHEARSAL = `
import gc, traceback
from adapters_np.core import slugs
from demos.probe import probe

for method in slugs():
    probe(method, {"size": "16x16"})
probe("lora", {"way": "fitted", "size": "16x16", "rank": 1})
try:
    probe(method, {"seed": -1})
except ValueError:
    traceback.format_exc()
del traceback, slugs, probe, method
gc.collect()
del gc
bytearray(8 << 20)  # so that the memory has room for the largest layer from the start
`;

const GAP = 8; // words of zeros that are cheaper to take along than to skip

/**
 * Start Python, rehearse, and return the picture.
 *
 * @param {(beforePython: (module: any) => void) => Promise<Pyodide>} start
 * @param {string} rehearsal
 */
export async function takeSnapshot(start, rehearsal = REHEARSAL) {
  let before = new Uint8Array();
  let place = "";
  let used = 0;
  let functions = 0;
  const pyodide = await start((module) => {
    place = layout(module);
    used = module.HEAPU32[module._emscripten_get_sbrk_ptr() >>> 2];
    functions = module.wasmTable.length;
    before = module.HEAPU8.slice();
  });
  pyodide.runPython(rehearsal);
  const module = /** @type {any} */ (pyodide)._module;
  for (let i = functions; i < module.wasmTable.length; i++) {
    if (module.wasmTable.get(i))
      throw new Error("Python has added a function that would be missing when it is restored");
  }
  wipe(module);
  const whole = pyodide.makeMemorySnapshot();
  const [, heapAt, stateLength] = new Uint32Array(whole.buffer, 0, 3);
  const after = whole.slice(heapAt);
  const state = whole.subarray(0, 48 + stateLength);
  const runs = differences(words(before), words(after), used / 4);
  /** @type {[number, string][]} */
  const libraries = Object.entries(module.LDSO.loadedLibsByHandle).map(([handle, { name }]) => [Number(handle), name]);
  /** @type {Meta} */
  const meta = { layout: place, heap: after.length, libraries: libraries.filter(([handle]) => handle) };
  return pack({
    meta: new TextEncoder().encode(JSON.stringify(meta)),
    state,
    runs: new Uint8Array(Uint32Array.from(runs).buffer),
    memory: taken(after, runs),
  });
}

/**
 * Write zeros where memory is free: what has been there would be taken along.
 *
 * @param {any} module
 */
function wipe(module) {
  const end = module.HEAPU32[module._emscripten_get_sbrk_ptr() >>> 2];
  const taken = [];
  for (let size = 1 << 16; size >= 16; size /= 2) {
    for (let at = 0; at + size <= end; taken.push(at)) {
      at = module._malloc(size); // beyond the end where there is no such place
      module.HEAPU8.fill(0, at, at + size);
    }
  }
  for (const at of taken) module._free(at);
}

/** @param {Uint8Array} bytes */
function words(bytes) {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/**
 * Return where two memories differ, as bytes to skip and bytes to take in turn.
 *
 * What was in use before Python started is compared word by word: one that has not changed may hold something of the
 * browser's own, such as the place of a function that only some browsers have. In the rest, which was zero, short
 * stretches of zeros are taken along.
 *
 * @param {Uint32Array} before
 * @param {Uint32Array} after
 * @param {number} used The number of words in use before.
 */
function differences(before, after, used) {
  const runs = [];
  let end = 0; // of the last run
  for (let start = 0; start < after.length; start++) {
    if (after[start] === (before[start] ?? 0)) continue;
    let stop = start + 1;
    const gap = start < used ? 1 : GAP;
    for (let i = stop; i < Math.min(stop + gap, after.length); i++) if (after[i] !== (before[i] ?? 0)) stop = i + 1;
    runs.push(4 * (start - end), 4 * (stop - start));
    start = end = stop;
  }
  return runs;
}

/**
 * Return the bytes to take, one stretch after the other.
 *
 * @param {Uint8Array} memory
 * @param {number[]} runs Bytes to skip and bytes to take in turn.
 */
function taken(memory, runs) {
  const parts = [];
  let at = 0;
  for (let i = 0; i < runs.length; i += 2) {
    at += runs[i];
    parts.push(memory.subarray(at, at + runs[i + 1]));
    at += runs[i + 1];
  }
  return new Uint8Array(Buffer.concat(parts));
}
