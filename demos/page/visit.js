/** What a reader has chosen, kept for the visit under a key. */

/** @param {string} key @returns {Record<string, any>} */
export function kept(key) {
  try {
    return Object(JSON.parse(sessionStorage.getItem(key) ?? "{}"));
  } catch {
    return {}; // a window that keeps nothing
  }
}

/** @param {string} key @param {object} choices */
export function keep(key, choices) {
  try {
    sessionStorage.setItem(key, JSON.stringify(choices));
  } catch {
    // the choices end with the page
  }
}
