/** Fetches the files of the runtime: all at once, checked, with progress in bytes. */

import { gunzipSync } from "fflate";
import { unpack } from "./parcel.js";

/**
 * @typedef {import("../start.js").Kept} Kept
 * @typedef {{loaded: number, total: number}} Progress
 * @typedef {object} Host
 * @property {(url: string, cache: RequestCache) => Promise<Response>} fetch
 * @property {(url: string) => Uint8Array} read Answers at once, in the middle of an import.
 * @property {string} [index] Under Node, the folder with Pyodide's own files.
 * @property {(module: any) => void} [beforePython] For the maker of the snapshot.
 */

/** A file did not arrive, or is not the one that was published. */
export class LoadError extends Error {}

// Python reads files after a worker for readers' code has taken this from its global scope.
const { XMLHttpRequest } = globalThis;

/** @type {Host} */
export const browser = {
  fetch: (url, cache) => fetch(url, { cache }),
  read(url) {
    const request = new XMLHttpRequest();
    request.open("GET", url, false);
    request.responseType = "arraybuffer";
    try {
      request.send();
    } catch {
      throw new LoadError(`${url} could not be loaded`);
    }
    if (request.status !== 200) throw new LoadError(`${url} answered ${request.status}`);
    return new Uint8Array(request.response);
  },
};

/** The files of one start. */
export class Downloads {
  #loaded = 0;
  #total = 0;
  #percent = -1;
  /** @type {(error: LoadError) => void} */
  #fail = () => {};

  /**
   * Rejects when the first file fails; whoever waits for that file then waits for ever.
   * @type {Promise<never>}
   */
  failure = new Promise((_, reject) => (this.#fail = reject));

  /**
   * @param {Pick<import("../start.js").Manifest, "base" | "folder" | "files">} manifest
   * @param {(progress: Progress) => void} onProgress
   * @param {Host} host
   * @param {Kept} kept What need not be fetched; everything else that arrives is added.
   */
  constructor({ base, folder, files }, onProgress, host, kept) {
    this.base = base;
    this.folder = folder;
    this.files = files;
    this.onProgress = onProgress;
    this.host = host;
    this.kept = kept;
    this.failure.catch(() => {}); // reported through race() in boot.js
  }

  /** @param {string} role @returns {Promise<any>} The exports of a script. */
  script(role) {
    return this.#take(role, async (url, cache) => {
      if (cache === "default") return import(url);
      await this.#answer(url, cache); // into the cache; the fragment makes it another module
      return import(`${url}#${cache}`);
    });
  }

  /** @param {string} role @returns {Promise<Uint8Array>} */
  bytes(role) {
    return this.#made(role, (data) => data);
  }

  /** @param {string} role @returns {Promise<WebAssembly.Module>} */
  wasm(role) {
    return this.#made(role, compile);
  }

  /** @param {string} role @returns {Promise<Record<string, WebAssembly.Module>>} By name. */
  wasms(role) {
    return this.#made(role, async (data) => {
      const modules = Object.entries(unpack(data)).map(async ([name, code]) => [name, await compile(code)]);
      return Object.fromEntries(await Promise.all(modules));
    });
  }

  /** @param {string} role */
  address(role) {
    return this.base + this.files[role].path;
  }

  /** @param {string} role @returns {Uint8Array} The bytes of a file, now. */
  read(role) {
    if (this.kept[role]) return this.kept[role];
    const { sum, gzip } = this.files[role];
    const sent = this.host.read(this.address(role));
    const data = gzip ? inflated(role, sent) : sent;
    if (checksum(data) !== sum) throw new LoadError(`${role} is not the file that was published`);
    return (this.kept[role] = data);
  }

  /** @param {string} role @param {string} name @returns {WebAssembly.Module} One of several modules, now. */
  part(role, name) {
    const made = this.kept[role];
    if (made && !(made instanceof Uint8Array)) return made[name];
    return new WebAssembly.Module(/** @type {Uint8Array<ArrayBuffer>} */ (unpack(this.read(role))[name]));
  }

  /**
   * Return what an earlier start has made of a file, or make it.
   *
   * @template T
   * @param {string} role
   * @param {(data: Uint8Array) => T | Promise<T>} make
   * @returns {Promise<T>}
   */
  async #made(role, make) {
    return (this.kept[role] ??= await this.#take(role, async (url, cache, progress) =>
      make(await this.#receive(role, await this.#answer(url, cache), progress)),
    ));
  }

  /** @param {string} url @param {RequestCache} cache */
  async #answer(url, cache) {
    const response = await this.host.fetch(url, cache);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response;
  }

  /**
   * Return the bytes of an answer, compared with what was published.
   *
   * @param {string} role
   * @param {Response} response
   * @param {(share: number) => void} progress
   */
  async #receive(role, response, progress) {
    const { bytes, sha256, sum, gzip } = this.files[role];
    const data = new Uint8Array(bytes);
    let at = 0;
    const body = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body);
    const reader = (gzip ? body.pipeThrough(new DecompressionStream("gzip")) : body).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (at + next.value.length > bytes) throw new Error(`more than ${bytes} bytes arrived`);
      data.set(next.value, at);
      at += next.value.length;
      progress(at / bytes);
    }
    if (at < bytes) throw new Error(`only ${at} of ${bytes} bytes arrived`);
    // browsers have the better digest over https alone, and not in a worker of a frame without an origin
    const sound = crypto.subtle ? (await digest(data)) === sha256 : checksum(data) === sum;
    if (!sound) throw new Error("the bytes are not those that were published");
    return data;
  }

  /**
   * Fetch a file, and once more past the browser's cache when that fails.
   *
   * @template T
   * @param {string} role
   * @param {(url: string, cache: RequestCache, progress: (share: number) => void) => Promise<T>} fetcher
   * @returns {Promise<T>}
   */
  async #take(role, fetcher) {
    const { download } = this.files[role];
    let counted = 0;
    /** @param {number} share of the file that has arrived */
    const progress = (share) => {
      this.#loaded += share * download - counted;
      counted = share * download;
      const loaded = Math.round(this.#loaded);
      const percent = Math.floor((100 * loaded) / this.#total);
      if (percent === this.#percent) return; // a message for every piece would keep the page busy
      this.#percent = percent;
      this.onProgress({ loaded, total: this.#total });
    };
    this.#total += download;
    try {
      const again = () => fetcher(this.address(role), "reload", progress);
      const result = await fetcher(this.address(role), "default", progress).catch(again);
      progress(1);
      return result;
    } catch (error) {
      this.#fail(new LoadError(`${role} could not be loaded: ${error instanceof Error ? error.message : error}`));
      return new Promise(() => {});
    }
  }
}

/** @param {string} role @param {Uint8Array} data */
function inflated(role, data) {
  try {
    return gunzipSync(data);
  } catch {
    throw new LoadError(`${role} is not the file that was published`);
  }
}

/** Not while it arrives: that needs the bytes twice, and takes longer. @param {Uint8Array} code */
const compile = (code) => WebAssembly.compile(/** @type {BufferSource} */ (code));

/** FNV-1a, for what is needed before a promise of a better digest would be kept. @param {Uint8Array} data */
export function checksum(data) {
  let sum = 0x811c9dc5;
  for (let i = 0; i < data.length; i++) sum = Math.imul(sum ^ data[i], 0x01000193);
  return sum;
}

/** @param {Uint8Array} data @returns {Promise<string>} SHA-256 in hexadecimal. */
async function digest(data) {
  const hash = await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (data));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
