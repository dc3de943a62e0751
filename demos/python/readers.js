/**
 * A Python for readers' code, apart from that of the widgets: started by the first run, ended by a time limit.
 */

import { Python, PythonError } from "./client.js";

/** Time limits of a request, and before that of loading the packages that its code imports. */
const LIMITS = {
  loading: {
    milliseconds: 120_000,
    reason: "Stopped: the packages that the code imports did not arrive within two minutes.",
  },
  start: { milliseconds: 10_000, reason: "Stopped after 10 seconds." },
  fit: { milliseconds: 300_000, reason: "Stopped after five minutes." },
};

/** Return whether a request fits an adapter, which takes as long as it takes: what it answers is never cut short. @param {any} request */
const fits = ({ type, knobs }) => type === "fit" || (type === "probe" && (knobs.way ?? "random") !== "random");

/** The most that can be drawn at once: panels, lines and views of all of them, values of each, letters of each text. */
const MOST = { panels: 50, parts: 20, values: 1000, entries: 256 * 256, letters: 2000 };

class Readers extends Python {
  file = "sandbox.js";

  /** Readers' edits of the modules of methods. @type {Map<string, string>} */
  edits = new Map();

  single = true;

  confined = true;

  bytes = MANIFEST.whole;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #limit;

  constructor() {
    super();
    let steps = [""]; // what a request may still say that gives it time, once each: its worker may say anything
    /** @type {keyof typeof LIMITS} */
    let longest = "start";
    /** @param {keyof typeof LIMITS} step */
    const allow = (step) => {
      const { milliseconds, reason } = LIMITS[step];
      clearTimeout(this.#limit);
      this.#limit = setTimeout(() => this.stop(reason), milliseconds);
    };
    this.addEventListener("request", (event) => {
      longest = fits(/** @type {CustomEvent} */ (event).detail) ? "fit" : "start";
      steps = ["loading", "start"];
      allow(longest);
    });
    this.addEventListener("output", (event) => {
      const { kind } = /** @type {CustomEvent} */ (event).detail;
      if (!steps.includes(kind)) return;
      steps = steps.slice(steps.indexOf(kind) + 1);
      allow(kind === "start" ? longest : kind);
    });
    for (const end of ["answer", "state"]) this.addEventListener(end, () => clearTimeout(this.#limit));
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

/** Return whether an answer can be drawn. A reader's code may have made anything of it. @param {any} answer */
function sound({ panels, sentence }) {
  /** @param {unknown} value */
  const text = (value) => typeof value === "string" && value.length <= MOST.letters;
  /** @param {object} rest */
  const plain = (rest) => Object.values(rest).every((value) => typeof value === "number" || text(value));
  /** @param {unknown} values @param {number} most */
  const some = (values, most) => values instanceof Float64Array && values.length > 0 && values.length <= most;
  /** @param {any} line */
  const line = ({ values, ...rest }) => some(values, MOST.values) && plain(rest);
  /** @param {any} view */
  const view = ({ values, rows, columns, ...rest }) =>
    some(values, MOST.entries) &&
    [rows, columns].every(Number.isInteger) &&
    rows > 0 &&
    rows * columns === values.length &&
    plain(rest);
  let parts = 0;
  /** @param {any[]} list @param {(part: any) => boolean} good */
  const every = (list, good) => list.length > 0 && (parts += list.length) <= MOST.parts && list.every(good);
  /** @param {any} panel */
  const drawable = ({ kind, views, lines, before, after, lora, dots, ...rest }) =>
    plain(rest) &&
    (kind === "number" ||
      (kind === "series" && every(lines, line)) ||
      (kind === "matrix" && every(views, view)) ||
      (kind === "pairs" && some(before, MOST.values) && some(after, before.length)) ||
      (kind === "curve" && some(lora, MOST.values) && !lines && "explained" in dots && plain(dots)));
  try {
    return text(sentence) && panels.length < MOST.panels && panels.every(drawable);
  } catch {
    return false;
  }
}

export const readers = new Readers();
