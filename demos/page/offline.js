/**
 * Lets the site work without a network, where the browser has service workers (sw.js), and keeps a visit to one release.
 *
 * What a page has loaded anyway is kept at once. All other pages are kept after a sign that somebody reads, and Python
 * after its first answer, both once the reader has been still for a while.
 */

import { idle, onPage, saving } from "./page.js";

const { serviceWorker } = /** @type {any} */ (navigator);
const release = () => /** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=release]"))?.content;
const own = release();

const PAUSE = 5000; // milliseconds without a sign of the reader: until then line and machine are left to what they ask for

/** @param {string | string[]} what A group of files, or addresses. */
async function keep(what) {
  const { active } = await serviceWorker.ready;
  active.postMessage(what);
}

async function start() {
  try {
    await serviceWorker.register(new URL("../../sw.js", import.meta.url));
  } catch {
    return; // a private window, or a reader who does not want it
  }
  /** @param {string[]} types @param {string} group @param {(event: any) => boolean} wanted */
  const keepAfter = (types, group, wanted = () => true) => {
    if (saving) return;
    const waiting = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    /** @param {Event} event */
    const listener = (event) => {
      if (!wanted(event)) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        waiting.abort();
        idle(() => keep(group));
      }, PAUSE);
    };
    for (const type of types) addEventListener(type, listener, { signal: waiting.signal, passive: true });
  };
  keepAfter(["pointerdown", "keydown", "wheel", "touchmove"], "text");
  keepAfter(["adapter-demo:update", "adapter-compare:update"], "python", ({ detail }) => !detail.stored);
  const loaded = () => performance.getEntriesByType("resource").map(({ name }) => name);
  onPage(() => idle(() => keep([...loaded(), location.href]))); // a page after what it needs
}

// A page of a newer release needs its own scripts.
onPage(() => release() !== own && location.reload());
// A part of a page in another site's frame has no visit to keep.
if (serviceWorker && !document.documentElement.classList.contains("embedded")) idle(start);
