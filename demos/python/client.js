/**
 * The page's side of Python: one worker per visit, started by the first request.
 *
 * Every asker has at most one request under way and one that waits; a newer one takes the place of the one that waits.
 */

/**
 * @typedef {{method: string, name: string, knob: string, own: Record<string, unknown>}} Side
 * @typedef {{a: Side, b: Side, world: Record<string, unknown>, equal: boolean}} Comparison
 * @typedef {{type: "probe", method: string, knobs: Record<string, unknown>}} Probe
 * @typedef {{type: "lab", method: string, knobs: Record<string, unknown>, name: string, taught?: Record<string, unknown>}} Cell of the lab
 * @typedef {{type: "saved", part: "file" | "base" | "reach", does: string, values: unknown[]}} Saved adapter of a reader: a function of demos/adapter_….py
 * @typedef {{type: "run", name: string, source: string}} Run of a cell, in the worker for readers' code
 * @typedef {{type: "fit", name: string, source: string, world: string, rank: number}} Fit of a reader's adapter, there too
 * @typedef {Probe | Comparison & {type: "compare"} | Cell | Saved | Run | Fit} Request
 * @typedef {{panels: any[], sentence: string, milliseconds: number, more?: boolean}} Answer `more` are to come, better ones
 * @typedef {{message: string, knob?: string, value?: string, rule?: string}} Failure the last three where a knob's value is not possible
 * @typedef {(answer: Answer) => void} Take what is done with an answer that others follow
 * @typedef {{key: object, request: Request, take?: Take, resolve: (answer?: Answer) => void, reject: (error: PythonError) => void}} Job
 */

import { NEWER } from "../page/browsers.js";
import { RELOAD } from "../page/files.js";

/** The reason why there is no answer: a setting of the reader, a file that did not load, Python's end, or `stop()`. */
export class PythonError extends Error {
  /**
   * @param {"knob" | "load" | "crash" | "stopped"} kind
   * @param {string} message
   * @param {Omit<Failure, "message">} [setting] that is not possible: the value as Python writes it, and the rule
   */
  constructor(kind, message, { knob, value, rule } = {}) {
    super(message);
    this.name = "PythonError";
    this.kind = kind;
    this.knob = knob;
    this.value = value;
    this.rule = rule;
  }
}

/** Words of browsers about a module where they take none for a worker, or take it for an ordinary script. */
const MODULE = /\b(import|module)\b/i;

/** Files that the last worker to start has fetched and compiled, which spares the next one the time. @type {import("./start.js").Kept} */
let kept = {};

/**
 * Fires `state`, with the state before and the reason of an end in its detail, while files arrive `progress` with {loaded, total, stage},
 * and `request` and `answer` when it has sent the one and received the other.
 * A worker for readers' code has `output` too (sandbox.js).
 */
export class Python extends EventTarget {
  /** @type {"off" | "loading" | "ready" | "failed"} */
  state = "off";

  /** The worker, beside this file. */
  file = "worker.js";

  /** True if it is sent one request at a time, whoever asks. */
  single = false;

  /** Whether its worker inherits the page's policy. */
  confined = false;

  /** The bytes that a first visit downloads. */
  bytes = MANIFEST.bytes;

  /** These, as readers are told. */
  get size() {
    return `${(this.bytes / 1e6).toFixed(1)} MB`;
  }

  /** @type {import("./start.js").Started["runtime"] | undefined} How Python was started. */
  runtime;

  /** @type {Worker | undefined} */
  #worker;
  /** @type {Map<number, Job>} */
  #running = new Map();
  /** @type {Map<object, Job>} */
  #waiting = new Map();
  #lastId = 0;

  /**
   * Ask for an answer.
   *
   * @param {object} key Who asks.
   * @param {Request} request
   * @param {Take} [take]
   * @returns {Promise<Answer | undefined>} Nothing when a newer request of the same asker took its place.
   */
  ask(key, request, take) {
    return new Promise((resolve, reject) => {
      this.#waiting.get(key)?.resolve();
      this.#outdate(key);
      this.#waiting.set(key, { key, request, take, resolve, reject });
      this.preload();
      this.#send();
    });
  }

  /** End what an asker waits for; there is then no answer. @param {object} key */
  cancel(key) {
    this.#waiting.get(key)?.resolve();
    this.#waiting.delete(key);
    for (const job of this.#running.values()) {
      if (job.key !== key) continue;
      job.take = undefined; // what is on its way comes too late
      job.resolve();
    }
    this.#outdate(key);
  }

  /** Let what goes on by itself end. @param {object} key */
  #outdate(key) {
    if (this.single) return;
    for (const [id, job] of this.#running) if (job.key === key) this.#worker?.postMessage({ id, type: "cancel" });
  }

  /** Start Python, if it is not there already, before there is something to ask. */
  preload() {
    if (this.#worker) return;
    const address = new URL(this.file, import.meta.url);
    // `?runtime=bytecode` in a page's address starts Python without its snapshot, to compare the two
    const runtime = new URLSearchParams(location.search).get("runtime");
    if (runtime) address.searchParams.set("runtime", runtime);
    /** @type {Worker} */
    let worker;
    try {
      worker = this.start(address);
    } catch (error) {
      return this.#refuse(/** @type {Error} */ (error).message);
    }
    worker.onmessage = ({ data }) => worker === this.#worker && this.#receive(data);
    worker.onerror = ({ message }) => worker === this.#worker && this.#refuse(message);
    worker.postMessage(kept);
    this.#worker = worker;
    this.#enter("loading");
  }

  /** @param {string} [message] of the browser about the worker */
  #refuse(message) {
    if (this.state !== "ready" && MODULE.test(message ?? ""))
      this.#lose("this browser runs no modules in workers", NEWER);
    else this.#lose(message);
  }

  /**
   * By way of a blob a worker inherits the page's policy, on hosts that send no headers too, so no readers' code in it can
   * reach another host. A frame without an origin starts neither files of the site nor modules, but what imports one.
   * What runs the site's own code alone is started as it is.
   *
   * @param {URL} address
   */
  start({ href }) {
    const name = JSON.stringify(href);
    const later = `addEventListener("message", ({ data }) => import(${name}).then(
      () => dispatchEvent(new MessageEvent("message", { data })),
      ({ message }) => postMessage({ type: "failed", message }),
    ), { once: true })`;
    const alone = origin === "null";
    if (!alone && !this.confined) return new Worker(href, { type: "module" });
    const script = URL.createObjectURL(new Blob([alone ? later : `import ${name}`], { type: "text/javascript" }));
    const worker = new Worker(script, { type: alone ? "classic" : "module" });
    worker.addEventListener("message", () => URL.revokeObjectURL(script), { once: true });
    return worker;
  }

  /** End Python, whatever it does; the next request starts it again. */
  stop(reason = "Python was stopped.") {
    this.#end("off", new PythonError("stopped", reason));
  }

  #send() {
    if (this.state !== "ready") return;
    const busy = new Set([...this.#running.values()].map(({ key }) => key));
    for (const [key, job] of this.#waiting) {
      if (busy.has(key) || (this.single && this.#running.size)) continue;
      this.#waiting.delete(key);
      this.#running.set(++this.#lastId, job);
      this.#worker?.postMessage({ id: this.#lastId, ...job.request });
      this.dispatchEvent(new CustomEvent("request", { detail: job.request }));
    }
  }

  /** @param {any} message See worker.js. */
  #receive({ type, id, answer, error, milliseconds, message, ...detail }) {
    if (type === "progress" || type === "output") {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    } else if (type === "ready" && this.state === "loading") {
      // readers' code runs later, and may say what it likes
      this.runtime = detail.runtime;
      kept = detail.kept;
      this.#enter("ready");
      this.#send();
    } else if (type === "failed" || type === "crash") {
      this.#lose(message);
    } else {
      const job = this.#running.get(id);
      if (answer?.more) return job?.take?.({ ...answer, milliseconds });
      this.#running.delete(id);
      this.dispatchEvent(new Event("answer"));
      if (error) job?.reject(new PythonError("knob", error.message, error));
      else job?.resolve(answer && { ...answer, milliseconds });
      this.#send();
    }
  }

  /** @param {string} [reason] @param {string} [advice] */
  #lose(reason = "its program could not be loaded", advice = RELOAD) {
    if (this.state === "ready") {
      this.#end("failed", new PythonError("crash", `Python broke down: ${reason}. The next change starts it anew.`));
    } else {
      this.#end("failed", new PythonError("load", `Python could not be started: ${reason}. ${advice}`));
    }
  }

  /**
   * @param {"off" | "failed"} state
   * @param {PythonError} error
   */
  #end(state, error) {
    this.#worker?.terminate();
    this.#worker = this.runtime = undefined;
    const jobs = [...this.#running.values(), ...this.#waiting.values()];
    this.#running.clear();
    this.#waiting.clear();
    this.#enter(state, error.message);
    for (const job of jobs) job.reject(error);
  }

  /** @param {Python["state"]} state @param {string} [reason] */
  #enter(state, reason) {
    const before = this.state;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { before, reason } }));
  }
}

export const python = new Python();
