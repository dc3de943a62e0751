/**
 * Restores Python from a picture of its memory, taken at build time after numpy and the project's code were imported.
 *
 * The picture holds what differs from the memory of an interpreter that is about to start, so both have to be laid out
 * alike. Where the next allocation would go and the number of functions tell; where they differ, restoring fails.
 * scripts/pyodide/surgery/snapshot.mjs takes the picture.
 */

import { unpack } from "./parcel.js";

/**
 * @typedef {object} Meta
 * @property {string} layout Of the memory before Python starts.
 * @property {number} heap The size of the memory.
 * @property {[number, string][]} libraries The handles of loaded libraries.
 */

/** Room for what Pyodide reads before the picture has arrived. */
const ROOM = 1 << 16;

export class Snapshot {
  /** The memory that is given to Pyodide as `_loadSnapshot`: filled by `apply`, read after it. */
  state = new Uint8Array(ROOM);

  /** @type {[number, string][]} */
  #libraries = [];

  /**
   * Fill the memory.
   *
   * @param {any} module Emscripten's module, before Python has started.
   * @param {Uint8Array} picture
   */
  apply(module, picture) {
    const { meta: json, state, runs: bytes, memory } = unpack(picture);
    /** @type {Meta} */
    const meta = JSON.parse(new TextDecoder().decode(json));
    if (layout(module) !== meta.layout)
      throw new Error(`the memory is laid out as ${layout(module)}, not ${meta.layout}`);
    this.state.set(state);
    new DataView(this.state.buffer).setUint32(4, ROOM, true); // where a whole memory would begin
    module.growMemory(meta.heap);
    const runs = new Uint32Array(bytes.slice().buffer);
    let from = 0;
    let to = 0;
    for (let i = 0; i < runs.length; i += 2) {
      to += runs[i];
      module.HEAPU8.set(memory.subarray(from, (from += runs[i + 1])), to);
      to += runs[i + 1];
    }
    this.#libraries = meta.libraries;
  }

  /**
   * Tell Emscripten which libraries are loaded: this is not kept in the memory.
   *
   * @param {any} module
   */
  register({ LDSO, preloadedWasm }) {
    for (const [handle, name] of this.#libraries) {
      LDSO.loadedLibsByName[name] ??= { refcount: Infinity, name, exports: preloadedWasm[name], global: false };
      LDSO.loadedLibsByHandle[handle] = LDSO.loadedLibsByName[name];
    }
  }
}

/**
 * Return where the next allocation would go, the end of the memory in use, and the number of functions.
 *
 * @param {any} module
 */
export function layout(module) {
  const next = module._malloc(24);
  module._free(next);
  return [next, module.HEAPU32[module._emscripten_get_sbrk_ptr() >>> 2], module.wasmTable.length].join(" ");
}
