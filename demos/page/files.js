/** Loads what is not needed at once: code, and files whose names tell their content. */

/** The advice where something does not arrive: there may be no network, or a newer release in the place of this one. */
export const RELOAD = "If trying again does not help, reload the page.";

/**
 * Loads code. Some browsers never ask again for a script that did not arrive; under another name they do, and its answer
 * is asked for past their caches.
 *
 * @template T
 * @param {() => Promise<T>} load
 * @returns {Promise<T>} Rejects when the script does not arrive this time either.
 */
export async function lazily(load) {
  try {
    return await load();
  } catch (error) {
    const [address] = /https?:\S+\.js\b/.exec(error instanceof Error ? error.message : "") ?? [];
    try {
      if (!address) throw error;
      await fetch(address, { cache: "reload" });
      return await import(`${address}#${performance.now()}`);
    } catch {
      const name = address?.split("/").pop();
      throw new Error(`A part of this page${name ? ` (${name})` : ""} could not be loaded. ${RELOAD}`);
    }
  }
}

/** @type {Promise<Record<string, string>> | undefined} */
let names;

/**
 * Fetches a file from beside the scripts.
 *
 * @param {string} name As the build calls it: the release has put a digest into it.
 * @returns {Promise<Response>} Rejects when the file does not arrive.
 */
export async function file(name) {
  names ??= get("names.json").then((response) => response.json());
  names.catch(() => (names = undefined));
  return get((await names)[name]);
}

/** @param {string} name @returns {Promise<Response>} Rejects when the file does not arrive. */
export async function get(name) {
  const response = await fetch(new URL(name, import.meta.url)).catch(() => undefined);
  if (!response?.ok) throw new Error(`${name.split("/").pop()} could not be loaded. ${RELOAD}`);
  return response;
}
