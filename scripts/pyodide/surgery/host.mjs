/** Starts the packed Python under Node, from files in memory, as the browser does. */

import { createHash } from "node:crypto";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { boot } from "../../../demos/python/surgery/boot.js";
import { checksum } from "../../../demos/python/surgery/download.js";

/** @typedef {Record<string, Uint8Array>} Contents The bytes of files by their path in a folder. */

/**
 * @param {Contents} contents By role.
 * @param {string} index The folder with Pyodide's own files.
 * @param {{beforePython?: (module: any) => void, kept?: import("../../../demos/python/start.js").Kept}} [options]
 * @returns {Promise<import("pyodide").PyodideInterface>}
 */
export async function start(contents, index, { beforePython, kept } = {}) {
  const base = pathToFileURL(index + path.sep).href;
  const entries = Object.entries(contents).map(([role, data]) => [role, entry(role, data, data.length)]);
  /** @param {string} url */
  const read = (url) => contents[url.slice(base.length)];
  const host = {
    index,
    beforePython,
    read,
    async fetch(/** @type {string} */ url) {
      const type = url.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
      return new Response(/** @type {BodyInit} */ (read(url)), { headers: { "content-type": type } });
    },
  };
  const { pyodide } = await boot({ base, files: Object.fromEntries(entries) }, { host, kept });
  return pyodide;
}

/**
 * @param {string} path
 * @param {Uint8Array} data
 * @param {number} download Bytes on the wire.
 * @returns {import("../../../demos/python/start.js").File}
 */
export const entry = (path, data, download) => ({
  ...{ path, bytes: data.length, download },
  ...{ sha256: sha256(data), sum: checksum(data) },
});

/** @param {string | Uint8Array} data */
export function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}
