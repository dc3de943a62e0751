/**
 * States of an element that shows what Python answers: each event leads to a state, and to what is to be done.
 *
 * Nothing here knows a page: python_element.js writes states into it, does what is to be done, and tells of events.
 *
 * @typedef {{stored?: boolean, more?: boolean, stopped?: boolean, step?: number, milliseconds?: number}} Answer
 *   with `more` it is unfinished, and `step` counts
 * @typedef {"new" | "stored" | "waiting" | "fitting" | "stopped" | "computed" | "last" | "failed" | "absent"} At
 *   nothing is known · a stored picture · Python is to come · a fit goes on · it was stopped · it is done · no newer picture
 *   can be had · a file or Python failed · there is no picture of what is asked for
 * @typedef {{kind: "knob" | "load" | "crash" | "stopped", message: string, control?: boolean}} Failure `control` is whether
 *   the knob that is wrong has one, where it is told
 * @typedef {"off" | "loading" | "ready" | "failed"} Computer
 * @typedef {"ask" | "end" | "stop" | "draw" | "nearest" | "settle" | "tell"} Effect
 *   ask Python · let go what it is asked · stop it · draw the answer · draw what is stored nearest · take back what was told at
 *   controls · read the sentence out and tell the page
 */

/**
 * @template {Answer} [T=Answer]
 * @typedef {object} State
 * @property {At} at
 * @property {T} [answer] the newest
 * @property {T} [shown] the one whose picture is on show; at first the page's own is
 * @property {number} asked how many questions there were
 * @property {number} [answered] which of them has the newest answer
 * @property {boolean} wanted an answer is waited for: the reader has not given it up
 * @property {boolean} stale the picture is of other settings than the reader has come with, and not shown
 * @property {boolean} apart the line below the picture has to say what it is of
 * @property {boolean} unfinished the picture is that of a fit which goes on or was stopped
 * @property {boolean} broken a file did not load: a change would ask for it again and again
 * @property {string} refused what the address asked for in vain, told until the reader changes something
 * @property {string} problem what is told now
 */

/**
 * @template {Answer} [T=Answer]
 * @typedef {{type: "stored"} | {type: "arrive"} | {type: "known"} | {type: "noted"} | {type: "reset"} | {type: "asked"}
 *   | {type: "ask" | "change" | "cancel", computer: Computer} | {type: "refused" | "told" | "absent", problem: string}
 *   | {type: "answered", answer: T, asked?: number, kept?: boolean} | {type: "drawn", answer: T} | {type: "failed", failure: Failure}} Event
 *   `asked` is the number of its question, `kept` whether what is on show is better than an answer that others follow
 */

/** @type {State<any>} */
export const START = {
  at: "new",
  asked: 0,
  wanted: false,
  stale: false,
  apart: false,
  unfinished: false,
  broken: false,
  refused: "",
  problem: "",
};

/** Values of `data-state`. @type {Record<At, "stored" | "loading" | "live" | "error" | undefined>} */
export const PHASES = {
  new: undefined,
  stored: "stored",
  waiting: "loading",
  fitting: "loading",
  stopped: "live",
  computed: "live",
  last: "live",
  failed: "error",
  absent: "error",
};

/**
 * @template {Answer} T
 * @param {State<T>} state
 * @param {Event<T>} event
 * @returns {[State<T>, Effect[]]}
 */
export function next(state, event) {
  switch (event.type) {
    case "stored":
      return [{ ...state, at: "stored" }, []];
    case "arrive": // with settings that another picture belongs to
      return [{ ...state, stale: true }, []];
    case "known": // the picture is theirs already
      return [{ ...state, stale: false }, []];
    case "noted":
      return [{ ...state, refused: "" }, []];
    case "refused":
      return [{ ...state, refused: event.problem, problem: event.problem || state.problem }, []];
    case "reset":
      return [{ ...state, refused: "", problem: "" }, []];
    case "told":
      return [{ ...state, problem: event.problem }, []];
    case "absent":
      return [{ ...state, at: "absent", problem: event.problem }, []];
    case "change":
      return state.broken ? [state, ["nearest"]] : next(state, { ...event, type: "ask" });
    case "ask":
      return [ask(state, event.computer), ["ask"]];
    case "asked":
      return [{ ...state, asked: state.asked + 1 }, []];
    case "answered":
      if (event.answer.more && event.kept) return [state, []];
      return [{ ...state, answer: event.answer, answered: event.asked }, ["draw"]];
    case "drawn":
      return drawn(state, event.answer);
    case "failed":
      return failed(state, event.failure);
    case "cancel":
      return cancel({ ...state, stale: false, wanted: false }, event.computer);
  }
}

/** @template {Answer} T @param {State<T>} state @param {Computer} computer @returns {State<T>} */
function ask(state, computer) {
  const asking = { ...state, wanted: true, broken: false, problem: state.refused };
  return computer === "ready" ? asking : { ...asking, at: "waiting", apart: false };
}

/** @template {Answer} T @param {State<T>} state @param {T} answer @returns {[State<T>, Effect[]]} */
function drawn(state, answer) {
  const { stored = false, more = false, stopped = false } = answer;
  const shown = { ...state, shown: answer, stale: false, unfinished: more };
  if (stored) return [storedDrawn(shown), ["tell"]];
  if (stopped) return [{ ...shown, at: "stopped" }, ["tell"]];
  if (more) return [{ ...shown, at: "fitting", apart: false }, []];
  return [{ ...shown, at: "computed" }, ["settle", "tell"]];
}

/** A stored picture ends no wait and mends no fault. @template {Answer} T @param {State<T>} state @returns {State<T>} */
const storedDrawn = (state) =>
  ["waiting", "fitting", "failed"].includes(state.at) ? { ...state, apart: true } : { ...state, at: "stored" };

/** The last good picture is kept. @template {Answer} T @param {State<T>} state @param {Failure} failure @returns {[State<T>, Effect[]]} */
function failed(state, { kind, message, control }) {
  const rest = { ...state, stale: false, wanted: false }; // what is said now names the settings of the picture
  if (kind !== "knob" && kind !== "stopped") {
    const apart = state.stale || Boolean(state.shown?.stored);
    return [{ ...rest, at: "failed", apart, broken: kind !== "crash", problem: message }, []];
  }
  const at = state.shown && !state.shown.stored ? "last" : "stored";
  return [{ ...rest, at, problem: kind === "stopped" || control ? state.problem : message }, []];
}

/** @template {Answer} T @param {State<T>} state @param {Computer} computer @returns {[State<T>, Effect[]]} */
function cancel(state, computer) {
  if (computer === "off") return [{ ...state, at: "stored" }, []];
  if (computer !== "ready") return [state, ["stop"]]; // which fails what is asked
  const { answer, answered, asked } = state;
  if (answer?.more && answered === asked) return [{ ...state, answer: { ...answer, stopped: true } }, ["end", "draw"]];
  const [stopped] = failed(state, { kind: "stopped", message: "" });
  return [stopped, ["end"]];
}

/**
 * @typedef {{words: {holds: string, last: string, absent: string}, size: string, about: string, stored: [note: string, action?: string]}} Words
 *   an element's own: the picture holds · no newer one can be had · it is of other things · how much Python is · which settings
 *   it is of · what is said of a stored one
 */

/**
 * Return the line below the picture, and what its button does.
 *
 * @param {State} state @param {Words} element @returns {[note: string, action?: string]}
 */
export function line({ at, apart, shown }, element) {
  const about = apart ? element.about : "";
  const steps = shown?.step === 1 ? "1 step" : `${shown?.step ?? 0} steps`;
  switch (at) {
    case "waiting":
      return [`${about && `${about}. `}Loading Python, ${element.size}`, "Cancel"];
    case "fitting":
      return [
        about ? `${about}. Python fits the present settings` : `Python fits it in your browser: ${steps}`,
        "Stop",
      ];
    case "stopped":
      return [`Unfinished: stopped after ${steps}`, "Finish"];
    case "computed":
      return [`Computed by Python in your browser, ${Math.max(1, Math.round(shown?.milliseconds ?? 0))} ms`];
    case "last":
      return [element.words.last];
    case "failed":
      return [about || element.words.holds, "Try again"];
    case "absent":
      return [element.words.absent, "Run"];
    default:
      return element.stored;
  }
}
