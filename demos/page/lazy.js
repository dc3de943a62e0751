/**
 * Loads code that is not needed at once. Some browsers never ask again for a script that did not arrive; under another
 * name they do.
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
    if (!address) throw error;
    return import(`${address}#${performance.now()}`);
  }
}
