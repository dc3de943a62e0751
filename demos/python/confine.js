/**
 * Takes from a worker everything that readers' code has no use for.
 *
 * What stays is the language itself and what Pyodide needs to run. The list names what stays, so that what browsers add
 * in future is taken too. Other hosts are out of reach by the page's policy, which this worker has inherited; without
 * that policy it does not start.
 */

const KEPT = `
globalThis self console performance crypto WebAssembly atob btoa queueMicrotask structuredClone isSecureContext
setTimeout clearTimeout setInterval clearInterval MessageChannel MessagePort TextDecoder TextEncoder URL URLSearchParams
Blob Response Headers DOMException AbortController AbortSignal Event EventTarget ReadableStream
Infinity NaN undefined decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape isFinite isNaN parseFloat parseInt
Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date DisposableStack
FinalizationRegistry Float16Array Float32Array Float64Array Function Int16Array Int32Array Int8Array Intl Iterator JSON Map Math
Number Object Promise Proxy Reflect RegExp Set SharedArrayBuffer String Symbol Uint16Array Uint32Array Uint8Array
Uint8ClampedArray WeakMap WeakRef WeakSet
Error AggregateError EvalError RangeError ReferenceError SuppressedError SyntaxError TypeError URIError
`;

/**
 * @param {any} scope The worker's global object.
 * @param {string} home The only folder that is still fetched from: it holds Python's packages.
 */
export function confine(scope, home) {
  const { URL, fetch } = scope;
  const startsWith = Function.call.bind(String.prototype.startsWith); // as it is now, whatever becomes of the prototype
  /** @param {string} address @param {RequestInit} [options] */
  const fetchPackage = async (address, options) => {
    const { href } = new URL(address);
    if (!startsWith(href, home)) throw new TypeError(`${href} is out of reach for code in this worker`);
    return fetch(href, { integrity: options?.integrity });
  };
  const kept = new Set(KEPT.trim().split(/\s+/));
  for (let object = scope; object !== Object.prototype; object = Object.getPrototypeOf(object)) {
    for (const name of Object.getOwnPropertyNames(object)) {
      if (kept.has(name) || name === "constructor") continue;
      if (object !== EventTarget.prototype) Reflect.deleteProperty(object, name); // MessagePort needs that prototype
      fix(scope, name, name === "fetch" ? fetchPackage : undefined);
    }
  }
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
