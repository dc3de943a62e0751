/** What is done on every page, however it came to be shown. */

/** @param {() => void} action runs now and whenever another page has taken the place of this one */
export function onPage(action) {
  const pages = /** @type {any} */ (globalThis).document$; // Material's
  if (pages) pages.subscribe(action);
  else action();
}

/** Whether the reader's browser asks to fetch nothing in advance. */
export const saving = Boolean(/** @type {any} */ (navigator).connection?.saveData);

/** @param {() => void} action runs when the page has loaded and the browser has nothing better to do */
export function idle(action) {
  const later = () => void (globalThis.requestIdleCallback ?? setTimeout)(action);
  if (document.readyState === "complete") later();
  else addEventListener("load", later, { once: true });
}

// Material gives every listing a landmark without a name for its copy button.
new MutationObserver(() => {
  for (const nav of document.querySelectorAll(".md-code__nav:not([role])")) nav.setAttribute("role", "none");
}).observe(document.body, { childList: true, subtree: true });
