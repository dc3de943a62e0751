/** What the build has stored along a widget's main control, which answers a move before Python is there. */

import { get, lazily } from "../page/files.js";

/** The files, each at what differs from what the page opens with. @type {Record<string, Record<string, string>>} */
const STORED = { fits: {}, sweep: { way: "random", size: "64x64" } };

/**
 * What a form calls the file that has the answer to its settings, if any has.
 *
 * @param {HTMLFormElement} form @param {import("./fields.js").Field[]} acting the controls that have a part in the picture
 */
export function file({ dataset: { main = "", ...files } }, acting) {
  return Object.keys(STORED).find((name) => {
    const along = name === "fits" ? [main, "world", "hypothesis"] : [main];
    const stands = (/** @type {import("./fields.js").Field} */ field) =>
      field.text === (STORED[name][field.name] ?? field.initial);
    return files[name] && acting.every((field) => along.includes(field.name) || stands(field));
  });
}

/** Files that are fetched once. */
export class Stores {
  /** @type {Map<string, Promise<import("./sweep.js").Sweep | undefined>>} */
  #files = new Map();

  /** @param {string} name @returns {Promise<import("./sweep.js").Sweep | undefined>} nothing where it does not come */
  get(name) {
    const found = this.#files.get(name) ?? load(name).catch(() => undefined); // Python answers, only later
    this.#files.set(name, found);
    return found;
  }
}

/** @param {string} name */
async function load(name) {
  const code = lazily(() => import("./sweep.js"));
  const [{ Sweep }, response] = await Promise.all([code, get(name)]);
  return new Sweep(await response.arrayBuffer());
}
