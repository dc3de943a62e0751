/**
 * The service worker: the site without a network.
 *
 * It keeps two things. What has its hash in its address never changes and is taken from the cache first. Everything
 * else is taken from the network first, and from the cache only where the network does not answer. Every page names its
 * scripts and styles by their hashes, so whatever is kept, a page comes with those of its own release.
 *
 * In: the name of a group of files to keep, or a list of addresses.
 */

import { registerRoute, setCatchHandler } from "workbox-routing";
import { CacheFirst, NetworkFirst } from "workbox-strategies";

const FILES = "files";
const PAGES = `pages-${RELEASE.version}`;
const PATIENCE = 5; // seconds without an answer from the network

const worker = /** @type {any} */ (globalThis);
const home = new URL("./", location.href).href;
const hashed = new RegExp(`${RELEASE.immutable}|\\?[0-9a-f]{8}$`);
/** @param {URL} url */
const isFile = ({ pathname, search }) => hashed.test(pathname + search);

/** A page is the same whatever its query. @param {string} address */
const withoutQuery = (address) => {
  const { origin, pathname } = new URL(address);
  return origin + pathname;
};

const matchOptions = { ignoreVary: true };
const plugins = [{ cacheKeyWillBeUsed: async (/** @type {{request: Request}} */ { request }) => withoutQuery(request.url) }];
const first = new CacheFirst({ cacheName: FILES, matchOptions });
/** Not kept on the way, which would take time when a reader waits. @param {{request: Request}} options */
const passing = async ({ request }) => (await (await caches.open(FILES)).match(request, matchOptions)) ?? fetch(request);
const anew = new NetworkFirst({ cacheName: FILES, matchOptions }); // a file that was damaged is asked for in this way
const page = new NetworkFirst({ cacheName: PAGES, networkTimeoutSeconds: PATIENCE, matchOptions, plugins });

registerRoute(
  ({ request, url }) => url.href.startsWith(`${home}assets/py/`) && request.cache !== "reload",
  passing,
);
registerRoute(
  ({ url }) => url.href.startsWith(home) && isFile(url),
  (options) => (options.request.cache === "reload" ? anew : first).handle(options),
);
registerRoute(({ url }) => url.href.startsWith(home), page);
setCatchHandler(async ({ request }) => (request.mode === "navigate" ? absence() : Response.error()));

worker.addEventListener("message", (/** @type {any} */ event) => event.waitUntil(keep(event.data)));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(clean()));

/** @param {string | string[]} what */
async function keep(what) {
  const files = typeof what === "string" ? RELEASE.groups[what] ?? [] : what;
  const urls = files.map((address) => new URL(address, home)).filter(({ href }) => href.startsWith(home));
  const caches = { [FILES]: await worker.caches.open(FILES), [PAGES]: await worker.caches.open(PAGES) };
  for (const url of urls) {
    const file = isFile(url);
    const [cache, key] = file ? [caches[FILES], url.href] : [caches[PAGES], withoutQuery(url.href)];
    try {
      if (await cache.match(key, matchOptions)) continue;
      const response = await fetch(key, { cache: file ? "default" : "no-cache" });
      if (response.ok) await cache.put(key, response);
    } catch {} // no network, or no room: what is kept is kept
  }
}

/** Removes what other releases have left. It runs when none of their pages is open any more. */
async function clean() {
  for (const name of await worker.caches.keys()) if (name.startsWith("pages-") && name !== PAGES) await worker.caches.delete(name);
  const own = new Set(RELEASE.files.map((address) => new URL(address, home).href));
  const cache = await worker.caches.open(FILES);
  for (const { url } of await cache.keys()) if (!own.has(url)) await cache.delete(url, matchOptions);
}

/** What is shown in the place of a page that was not kept. */
function absence() {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark"><title>No connection</title>
    <body style="font: 1.1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem">
    <h1>No connection</h1>
    <p>This page has not been kept for reading without a network. Load it again when there is one, or go to the
    <a href="${home}">start of the survey</a>.</p>`;
  return new Response(html, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
