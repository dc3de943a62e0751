/**
 * A Python for readers' code, apart from that of the widgets: started by the first run, ended by a time limit.
 *
 * Its worker is started by way of a blob. Such a worker inherits the page's policy, on hosts that send no headers too, so
 * that no code in it can reach another host or make code out of text.
 */

import { Python, PythonError } from "./client.js";

const LIMIT = 10_000; // milliseconds
const MOST = 256 * 256; // entries of a matrix

class Readers extends Python {
  file = SANDBOX;

  /** What readers have made of the modules of methods. @type {Map<string, string>} */
  edits = new Map();

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #limit;

  constructor() {
    super();
    this.addEventListener("state", () => clearTimeout(this.#limit));
    this.addEventListener("output", (event) => {
      const { kind } = /** @type {CustomEvent} */ (event).detail;
      if (kind === "start") this.#limit = setTimeout(() => this.stop(`Stopped after ${LIMIT / 1000} seconds.`), LIMIT);
      if (kind === "end") clearTimeout(this.#limit);
    });
  }

  /** @param {URL} address */
  start(address) {
    const script = URL.createObjectURL(new Blob([`import ${JSON.stringify(address.href)}`], { type: "text/javascript" }));
    const worker = super.start(new URL(script));
    worker.addEventListener("message", () => URL.revokeObjectURL(script), { once: true });
    return worker;
  }

  /**
   * Run a reader's version of a method, or a cell.
   *
   * @param {object} key
   * @param {import("./client.js").Request} request
   */
  async ask(key, request) {
    if (request.type !== "probe") return super.ask(key, request);
    const edit = { name: request.method, source: this.edits.get(request.method) };
    const answer = await super.ask(key, { ...request, ...edit });
    if (answer && !sound(answer)) throw new PythonError("knob", "The edited code gave panels that cannot be drawn.");
    return answer;
  }
}

/** Whether an answer can be drawn. A reader's code may have made anything of it. @param {any} answer */
function sound({ panels, sentence }) {
  /** @param {any} values */
  const numbers = ({ values, rows, columns }) =>
    values instanceof Float64Array && values.length <= MOST && (rows === undefined || rows * columns === values.length);
  /** @param {any} panel */
  const drawable = ({ kind, views, lines, ...texts }) =>
    Object.values(texts).every((text) => ["string", "number"].includes(typeof text)) &&
    (kind === "number" || (kind === "series" && lines.every(numbers)) || (kind === "matrix" && views.every(numbers)));
  try {
    return typeof sentence === "string" && panels.length < 50 && panels.every(drawable);
  } catch {
    return false;
  }
}

export const readers = new Readers();
