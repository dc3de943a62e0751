/**
 * Takes from a worker everything that readers' code has no use for.
 *
 * What stays is the language itself and what Pyodide needs to run. The list names what stays, so that what browsers add
 * in future is taken too. Other hosts are out of reach by the page's policy, which this worker has inherited; without
 * that policy it does not start.
 *
 * Readers' code may replace all that it can reach. So what is used here after it has run was captured before, promises
 * are not awaited and no array is spread: that would call what their prototypes hold by then.
 */

const KEPT = `
globalThis self console WebAssembly atob btoa queueMicrotask structuredClone isSecureContext
TextDecoder TextEncoder URL URLSearchParams DOMException EventTarget
Infinity NaN undefined decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape isFinite isNaN parseFloat parseInt
Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date DisposableStack
Float16Array Float32Array Float64Array Function Int16Array Int32Array Int8Array Intl Iterator JSON Map Math
Number Object Promise Proxy Reflect RegExp Set SharedArrayBuffer String Symbol Uint16Array Uint32Array Uint8Array
Uint8ClampedArray WeakMap WeakRef WeakSet
Error AggregateError EvalError RangeError ReferenceError SuppressedError SyntaxError TypeError URIError
`;

const PAUSE = 20; // milliseconds between two looks at what is still open

/**
 * @param {any} scope The worker's global object.
 * @param {string[]} packages The only addresses that are still fetched from.
 * @returns {(done: () => void) => void} Calls when nothing is open that readers' code has begun: timers, packages and
 *   modules on their way. Nothing else that is left to it comes back later.
 */
export function confine(scope, packages) {
  const { Promise, Response, URL, WebAssembly, clearInterval, clearTimeout, fetch, setInterval, setTimeout } = scope;
  const { performance, crypto } = scope;
  const { apply } = Reflect;
  const { then } = Promise.prototype;
  const { arrayBuffer } = Response.prototype;
  const addressOf = /** @type {() => string} */ (Object.getOwnPropertyDescriptor(URL.prototype, "href")?.get);
  /** @type {Record<string, true>} */
  const allowed = Object.assign(Object.create(null), Object.fromEntries(packages.map((address) => [address, true])));

  let open = 0;
  const close = () => void open--;
  /** @type {<T>(begin: (...values: any[]) => Promise<T>) => (...values: any[]) => Promise<T>} */
  const counted =
    (begin) =>
    (...values) => {
      const promise = apply(begin, undefined, values);
      open++;
      apply(then, promise, [close, close]);
      return promise;
    };

  /** @param {string} given @param {RequestInit} [options] */
  const fetchPackage = (given, options) =>
    new Promise((/** @type {(answer: object) => void} */ resolve, /** @type {(error: unknown) => void} */ reject) => {
      const address = apply(addressOf, new URL(given), []);
      if (!allowed[address]) throw new TypeError(`${address} is out of reach for code in this worker`);
      const integrity = options?.integrity;
      const request = fetch(address, { __proto__: null, integrity, credentials: "omit", redirect: "error" });
      /** @param {Response} response Goes no further: it can make others. */
      const read = (response) => {
        const { ok, status } = response;
        /** @param {ArrayBuffer} bytes */
        const give = (bytes) => resolve({ __proto__: null, ok, status, arrayBuffer: async () => bytes });
        apply(then, apply(arrayBuffer, response, []), [give, reject]);
      };
      apply(then, request, [read, reject]);
    });

  /** @type {Record<number, true>} */
  const timers = Object.create(null);
  /** @param {number} id */
  const forget = (id) => {
    if (!timers[id]) return;
    delete timers[id];
    open--;
  };
  /** @param {(look: () => void, delay: number) => number} begin @param {boolean} again */
  const timer =
    (begin, again) =>
    (/** @type {unknown} */ callback, /** @type {number} */ delay, /** @type {unknown[]} */ ...values) => {
      if (typeof callback !== "function") return 0; // text would be code
      const id = begin(() => {
        if (!again) forget(id);
        apply(callback, undefined, values);
      }, delay);
      timers[id] = true;
      open++;
      return id;
    };
  /** @param {(id: number) => void} end */
  const clear = (end) => (/** @type {unknown} */ given) => {
    const id = Number.isInteger(given) ? /** @type {number} */ (given) : -1;
    end(id);
    forget(id);
  };

  /** @type {Record<string, unknown>} */
  const instead = {
    __proto__: null,
    fetch: counted(fetchPackage),
    setTimeout: timer(setTimeout, false),
    setInterval: timer(setInterval, true),
    clearTimeout: clear(clearTimeout),
    clearInterval: clear(clearInterval),
    performance: Object.freeze({ now: performance.now.bind(performance), timeOrigin: performance.timeOrigin }),
    crypto: Object.freeze({ getRandomValues: crypto.getRandomValues.bind(crypto) }),
  };
  const kept = new Set(KEPT.trim().split(/\s+/));
  for (let object = scope; object !== Object.prototype; object = Object.getPrototypeOf(object)) {
    for (const name of Object.getOwnPropertyNames(object)) {
      if (kept.has(name) || name === "constructor") continue;
      Reflect.deleteProperty(object, name);
      fix(scope, name, instead[name]);
    }
  }
  for (const name of ["compile", "instantiate"]) WebAssembly[name] = counted(WebAssembly[name]);
  for (const name of ["compileStreaming", "instantiateStreaming"]) Reflect.deleteProperty(WebAssembly, name);
  Reflect.deleteProperty(Atomics, "waitAsync");

  return (done) => {
    const look = () => void (open ? setTimeout(look, PAUSE) : done());
    setTimeout(look, 0); // after all promises
  };
}

/** Throws where the page's policy is not in force: then it would not hold for readers' code either. */
export function demandPolicy() {
  try {
    (0, eval)("0");
  } catch {
    return;
  }
  throw new Error("this browser does not apply the page's security policy to its workers, so edited code is not run");
}

/** @param {any} scope @param {string} name @param {unknown} value For ever. */
function fix(scope, name, value) {
  const fixed = Reflect.defineProperty(scope, name, { value, writable: false, configurable: false, enumerable: false });
  if (!fixed && Object(scope[name]) === scope[name]) throw new Error(`${name} cannot be taken from readers' code`);
}
