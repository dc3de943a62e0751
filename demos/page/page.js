/** Work on every page, however it came to be shown. */

import { reveal } from "./element.js";
import { lazily } from "./files.js";

/** @param {() => void} action runs now and whenever another page has taken the place of this one */
export function onPage(action) {
  const pages = /** @type {any} */ (globalThis).document$; // Material's
  if (pages) pages.subscribe(action);
  else action();
}

/** True if the reader's browser asks to fetch nothing in advance. */
export const saving = Boolean(/** @type {any} */ (navigator).connection?.saveData);

/** @param {() => void} action runs when the page has loaded and the browser has nothing better to do */
export function idle(action) {
  const later = () => void (globalThis.requestIdleCallback ?? setTimeout)(action);
  if (document.readyState === "complete") later();
  else addEventListener("load", later, { once: true });
}

/** @param {string} hash of an address: the fold below the heading that it names, or around its target, opens */
function unfold(hash) {
  let part = hash.length > 1 ? document.getElementById(hash.slice(1)) : null;
  reveal(part);
  if (!part?.matches("h2, h3")) return;
  while ((part = /** @type {HTMLElement | null} */ (part.nextElementSibling)) && !part.matches("h2, h3")) {
    const fold = part.matches("details.fold") ? part : part.querySelector("details.fold:not(.dimension, .further)");
    if (fold) return fold.setAttribute("open", "");
  }
}
onPage(() => unfold(location.hash));
addEventListener("hashchange", () => unfold(location.hash));
document.addEventListener("click", ({ target }) => {
  const link = target instanceof Element ? target.closest("a") : null;
  if (link?.pathname === location.pathname) unfold(link.hash);
});
addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("details:is(.fold, .figures)")) fold.setAttribute("open", "");
});

// A page of a newer release needs its own scripts.
const release = () => /** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=release]"))?.content;
const own = release();
onPage(() => release() !== own && location.reload());

// A number has a link that says what it was.
const value = () => lazily(() => import("./value.js"));
onPage(() => {
  if (new URLSearchParams(location.search).has("fact"))
    value()
      .then(({ show }) => show())
      .catch(() => {}); // the number stands there as it is
});
document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("button[name=value]") : null;
  if (button)
    value()
      .then(({ choose }) => choose())
      .catch(({ message }) => (button.textContent = message));
});

// A citation of a page says on which day it was seen.
onPage(() => {
  const [year, month, day] = new Date().toLocaleDateString("sv-SE").split("-"); // Sweden writes 2026-11-25
  for (const code of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("code[data-dated]")))
    code.textContent = `${code.dataset.dated}`.replaceAll("YYYY", year).replaceAll("MM", month).replaceAll("DD", day);
});

// A table that goes on beyond its frame says so.
const frames = new ResizeObserver((entries) => {
  for (const { target } of entries) target.toggleAttribute("data-more", target.scrollWidth > target.clientWidth + 1);
});
onPage(() => {
  frames.disconnect();
  for (const frame of document.querySelectorAll(".scroll:has(caption)")) frames.observe(frame);
});

// Material gives every listing a landmark without a name for its copy button.
new MutationObserver(() => {
  for (const nav of document.querySelectorAll(".md-code__nav:not([role])")) nav.setAttribute("role", "none");
}).observe(document.body, { childList: true, subtree: true });
