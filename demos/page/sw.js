/**
 * The service worker: the site without a network.
 *
 * It keeps two things. A file whose address holds a digest of its content never changes: it is taken from the cache first,
 * and neither kept nor taken from there unless the content is the one that the address promises. Everything else (pages,
 * the list of them, the index for the search, which the theme asks for under one name) is asked for anew at each visit, past
 * the browser's own cache, and taken from here only where the network does not answer. Pages name files by their digests,
 * so whatever is kept, a page comes with those of its own release.
 *
 * In: the name of a group of files to keep, or a list of addresses.
 */

const FILES = "files";
const PAGES = `pages-${RELEASE.version}`;
const PATIENCE = 5000; // milliseconds without an answer from the network

const worker = /** @type {any} */ (globalThis);
const home = new URL("./", location.href).href;
const named = new RegExp(RELEASE.named);

/** The digest in an address, if there is one. @param {string} address */
const promise = (address) => named.exec(new URL(address).pathname)?.slice(1).find(Boolean);

/** Return the key under which an address is kept: a page is the same whatever its query. @param {string} address */
const key = (address) => {
  const { origin, pathname } = new URL(address);
  return origin + pathname;
};

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(home)) return;
  const python = request.url.startsWith(`${home}assets/py/`) && !request.url.endsWith(".mjs");
  const answer = python ? passing : promise(request.url) ? file : page;
  event.respondWith(answer(request, (/** @type {Promise<unknown>} */ work) => event.waitUntil(work.catch(() => {}))));
});
worker.addEventListener("message", (/** @type {any} */ event) => event.waitUntil(keep(event.data)));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(clean()));

// Answers ------------------------------------------------------------------------------------------

/** @typedef {(work: Promise<unknown>) => void} Later What the reader need not wait for, and what may fail. */

/** Large, and compared with its digest by who asks: not here, where that would take time. @param {Request} request */
async function passing(request) {
  if (request.cache !== "reload") return (await find(FILES, request.url)) ?? fetch(request);
  await caches.open(FILES).then(
    (cache) => cache.delete(key(request.url)),
    () => {},
  ); // it was damaged
  return fetch(request);
}

/** @param {Request} request @param {Later} later */
async function file(request, later) {
  const { url, cache } = request;
  const kept = cache === "reload" ? undefined : await find(FILES, url);
  if (kept && (await isSound(url, kept))) return kept;
  let response = await fetch(url, { cache });
  let sound = await isSound(url, response);
  if (!sound) {
    response = await fetch(url, { cache: "reload" }); // a cache may have it from before the release was there
    sound = await isSound(url, response);
  }
  if (sound) later(put(FILES, url, response.clone()));
  return sound ? response : passed(response);
}

/** An answer that nobody shall keep. @param {Response} response */
function passed({ body, status, headers }) {
  const own = new Headers(headers);
  own.set("Cache-Control", "no-store");
  return new Response(body, { status, headers: own });
}

/** @param {Request} request @param {Later} later */
async function page(request, later) {
  const { url, redirect, signal } = request; // some browsers take no request to navigate with settings of one's own
  const answer = fetch(url, { redirect, signal, cache: "no-cache" }).then((response) => {
    if (response.ok && !response.redirected) later(put(PAGES, url, response.clone()));
    return response;
  });
  later(answer);
  const late = new Promise((done) => setTimeout(done, PATIENCE)).then(async () => (await find(PAGES, url)) ?? answer);
  try {
    return await Promise.race([answer, late]);
  } catch {
    return (await find(PAGES, url)) ?? (request.mode === "navigate" ? absence() : Response.error());
  }
}

/** Return whether an answer is what its address promises. @param {string} address @param {Response} response */
async function isSound(address, response) {
  if (!response.ok) return false;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.clone().arrayBuffer()));
  const digest = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digest.startsWith(promise(address) ?? "none");
}

// Storage ------------------------------------------------------------------------------------------

/** @param {string} cache @param {string} address @returns {Promise<Response | undefined>} */
async function find(cache, address) {
  try {
    return await (await caches.open(cache)).match(key(address), { ignoreVary: true });
  } catch {
    return undefined; // a browser that keeps nothing any more
  }
}

/** @param {string} cache @param {string} address @param {Response} response Rejects where there is no room. */
const put = async (cache, address, response) => (await caches.open(cache)).put(key(address), response);

/** @param {string | string[]} what */
async function keep(what) {
  const files = typeof what === "string" ? (RELEASE.groups[what] ?? []) : what;
  const addresses = files.map((address) => new URL(address, home).href).filter((address) => address.startsWith(home));
  // a page that loads Python holds this lock: until then the line is left to it
  for (const address of addresses)
    await worker.navigator.locks.request("python", () => keepOne(address)).catch(() => {});
}

/** @param {string} address Rejects where there is no network, or no room: what is kept is kept. */
async function keepOne(address) {
  const isFile = promise(address);
  const cache = isFile ? FILES : PAGES;
  if (await find(cache, address)) return;
  const response = await fetch(key(address), { cache: isFile ? "default" : "no-cache" });
  if (isFile ? await isSound(address, response) : response.ok) await put(cache, address, response);
}

/** Removes what other releases have left. It runs when none of their pages is open any more. */
async function clean() {
  for (const name of await caches.keys()) if (name.startsWith("pages-") && name !== PAGES) await caches.delete(name);
  const own = new Set(
    [...RELEASE.others, ...Object.values(RELEASE.groups).flat()].map((path) => new URL(path, home).href),
  );
  const cache = await caches.open(FILES);
  for (const { url } of await cache.keys()) if (!own.has(url)) await cache.delete(url, { ignoreVary: true });
}

/** Return the page that is shown in the place of one that was not kept. */
function absence() {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark"><title>No connection</title>
    <body style="font: 1.1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem">
    <h1>No connection</h1>
    <p>This page has not been kept for reading without a network. Load it again when there is one, or go to the
    <a href="${home}">start of the survey</a>.</p>`;
  return new Response(html, { status: 503, headers: { "Content-Type": "text/html; charset=utf-8" } });
}
