/** Answers that the build has stored along a widget's main control, for moves before Python is there. */

import { get, lazily } from "../page/files.js";

/**
 * Return the name of the file that has the answer to a form's settings, if any has.
 *
 * @param {HTMLFormElement} form @param {import("./fields.js").Field[]} acting the controls that have a part in the picture
 */
export function file({ dataset: { main = "", random, ...files } }, acting) {
  /** @type {Record<string, {along: string[], at: Record<string, string>}>} */
  const others = { fits: { along: ["world", "hypothesis"], at: {} }, sweep: { along: [], at: named(random) } };
  return Object.entries(others).find(([name, { along, at }]) => {
    const free = [main, ...along];
    const stands = (/** @type {import("./fields.js").Field} */ field) =>
      field.text === (at[field.name] ?? field.initial);
    return files[name] && acting.every((field) => free.includes(field.name) || stands(field));
  })?.[0];
}

/** Settings as an address has them. @param {string} [query] @returns {Record<string, string>} */
export const named = (query) => Object.fromEntries(new URLSearchParams(query));

/** Files that are fetched once. */
export class Stores {
  /** @type {Map<string, Promise<import("./sweep.js").Sweep | undefined>>} */
  #files = new Map();
  /** @type {Map<string, import("./sweep.js").Sweep>} */
  #loaded = new Map();

  /** A file that has come. @param {string} name */
  loaded(name) {
    return this.#loaded.get(name);
  }

  /** @param {string} name @returns {Promise<import("./sweep.js").Sweep | undefined>} nothing where it does not come */
  get(name) {
    const kept = (/** @type {import("./sweep.js").Sweep} */ file) => (this.#loaded.set(name, file), file);
    const found = this.#files.get(name) ?? load(name).then(kept, () => undefined); // Python answers, only later
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
