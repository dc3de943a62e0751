/** Base of all elements that show what Python answers: they ask, draw, say what failed, and listen. */

import { remember } from "./choices.js";
import { charts } from "./draw.js";
import { says, unfold } from "./fields.js";
import { PageElement, copied } from "../page/element.js";
import { saving } from "../page/page.js";
import { python } from "../python/client.js";
import { PHASES, START, line, next } from "./state.js";

/**
 * @typedef {import("./fields.js").Field} Field
 * @typedef {import("../python/client.js").PythonError} PythonError
 */

/** Keys that move no control. */
const STILL = ["Tab", "Shift", "Control", "Alt", "Meta", "Escape"];

const QUIET = 400; // milliseconds without a change before the address is written and the sentence read out

/**
 * An element adds what is its own: its controls, what it asks, how an answer is drawn, what it says of a stored picture.
 *
 * @template {import("./state.js").Answer & {sentence: string, milliseconds: number}} Answer
 */
export class PythonElement extends PageElement {
  /** @type {import("./state.js").State<Answer>} changed by `send` alone */
  state = START;
  /** Sentences on the picture when no newer one can be had. */
  words = {
    holds: "The last picture, its numbers and the text still hold.",
    last: "Last picture that could be computed",
    absent: "The picture is that of other settings.",
  };
  size = python.size;

  /** The settings that a link has brought, if one has. @type {Map<string, string> | undefined} */
  linked;

  #path = "";
  /** @type {Map<Function, ReturnType<typeof setTimeout>>} */
  #timers = new Map();
  /** @type {Promise<void> | undefined} the redraw that waits for its frame */
  #redraw;
  /** @type {Promise<unknown> | undefined} the last redraw, which may wait for a file, and the frame after it */
  #drawn;
  #newest = Promise.resolve(); // what the newest question brings
  #turn = 0;
  #told = {}; // of the last picture, to the page

  // Members that an element overrides --------------------------------------------------------------

  /** @returns {Field[]} */
  get fields() {
    return [];
  }

  /** The values of all controls, by their names in the address. */
  get settings() {
    return new Map(this.fields.map(({ key, text }) => [key, text]));
  }

  /** The subject of the answers: one that comes when this has changed is not drawn. */
  get subject() {
    return "";
  }

  /** The page's address with the present values. */
  get address() {
    return location.href;
  }

  /** True if the page's address follows the controls. */
  get ownsAddress() {
    return true;
  }

  /** The Python whose answers are drawn. */
  get computer() {
    return python;
  }

  /** @returns {import("../python/client.js").Request} */
  question() {
    throw new Error(`${this.localName} asks nothing`);
  }

  /** Draws an answer. @param {Answer} _answer @returns {Promise<object>} what the event tells of it */
  async paint(_answer) {
    return {};
  }

  /** The settings of the stored picture, where they have to be named. */
  get about() {
    return "";
  }

  /** A sentence on a stored picture, and the action that brings other settings. @returns {[note: string, action?: string]} */
  get stored() {
    return [""];
  }

  /** Draws what is stored nearest to the present values, if anything is. @returns {Promise<void> | void} */
  nearest() {}

  /** Return whether the picture on show is better than an answer that others follow. @param {Answer} _answer */
  keeps(_answer) {
    return false;
  }

  /** Lets something else have the line before Python's files. @returns {Promise<unknown> | void} */
  ahead() {}

  /** Takes note of a form control that is no knob. @param {HTMLInputElement} _control */
  choose(_control) {}

  /**
   * Begins with settings that the reader has asked for, by a link or on an earlier page. Until they are answered, no other
   * numbers are shown.
   *
   * @param {boolean} known whether the picture is theirs already
   */
  arrive(known) {
    if (known) return void this.send({ type: "known" });
    if (saving && python.state !== "ready") return;
    this.send({ type: "arrive" });
    this.run();
  }

  /** The newest answer. */
  get answer() {
    return this.state.answer;
  }

  // States -----------------------------------------------------------------------------------------

  /** Tells of an event: the page shows the state that it leads to, and what is to be done is begun. @param {import("./state.js").Event<Answer>} event */
  send(event) {
    const [state, effects] = next(this.state, event);
    this.state = state;
    this.#show();
    return Promise.all(effects.map((effect) => this.#effects[effect]()));
  }

  /** @type {Record<import("./state.js").Effect, () => unknown>} */
  #effects = {
    ask: () => this.#ask(),
    end: () => this.computer.cancel(this),
    stop: () => this.computer.stop(),
    draw: () => this.draw(),
    nearest: () => this.nearest(),
    settle: () => this.fields.forEach((field) => field.complain()),
    tell: () => {
      this.later(this.#readOut);
      this.dispatchEvent(new CustomEvent(`${this.localName}:update`, { bubbles: true, detail: this.#told }));
    },
  };

  #show() {
    const { at, stale, unfinished, problem } = this.state;
    this.toggleAttribute("data-stale", stale);
    this.toggleAttribute("data-unfinished", unfinished);
    this.write(".problem", problem);
    const phase = PHASES[at];
    if (!phase) return;
    if (this.dataset.state !== phase) this.dataset.state = phase;
    for (const picture of this.querySelectorAll(".picture")) picture.ariaBusy = `${phase === "loading"}`;
    this.find("progress").hidden = phase !== "loading";
    const [note, action = ""] = line(this.state, this);
    const button = this.button("action");
    const focused = document.activeElement === button;
    button.hidden = !action;
    this.write("[name=action]", action);
    this.write(".note", note);
    if (focused && !action) this.find(".note").focus({ preventScroll: true });
  }

  // Ask, draw, fail --------------------------------------------------------------------------------

  /** Asks for the present values and draws the answer, or that of a question which has taken its place. @returns {Promise<Answer | undefined>} */
  async run() {
    await this.send({ type: "ask", computer: this.computer.state });
    for (let last; last !== this.#newest;) await (last = this.#newest);
    return this.answer;
  }

  async #ask() {
    const { signal } = this.lifetime;
    const { computer, subject } = this;
    const turn = ++this.#turn;
    const current = () => !signal.aborted && computer === this.computer;
    charts().catch(() => {}); // arrives beside Python; draw() tells what is wrong
    const ahead = this.ahead();
    if (ahead) {
      await ahead;
      if (!current() || !this.state.wanted || turn !== this.#turn) return;
    }
    const request = this.question();
    this.send({ type: "asked" });
    const { asked } = this.state;
    /** @param {any} answer one that is followed by better ones, or the last */
    const take = async (answer) => {
      if (!answer || !current() || subject !== this.subject) return;
      const found = { ...answer, ...request, stored: false, edited: computer !== python };
      await this.send({ type: "answered", answer: found, asked, kept: this.keeps(found) });
    };
    const taken = computer.ask(this, request, (part) => void take(part).catch(() => {})).then(take);
    await (this.#newest = taken.catch(async (error) => {
      await this.#redraw?.catch(() => {}); // an earlier answer's, which would take the error away
      if (current()) this.fail(/** @type {PythonError} */ (error));
    }));
  }

  /** Draws the newest answer: at once, or where this frame has its picture already, in the next one. */
  draw() {
    return (this.#redraw ??= this.#draw(this.lifetime.signal));
  }

  /** @param {AbortSignal} signal */
  async #draw(signal) {
    await this.#drawn;
    this.#redraw = undefined;
    const { answer } = this;
    if (signal.aborted || !answer) return;
    const painted = this.paint(answer);
    this.#drawn = Promise.allSettled([painted, new Promise(requestAnimationFrame)]);
    const { milliseconds, stored = false, more = false } = answer;
    this.#told = { ...(await painted), milliseconds, stored, unfinished: more };
    this.send({ type: "drawn", answer });
  }

  /** Explains what went wrong and keeps the last good picture. @param {PythonError} error */
  fail({ kind, knob, value, rule, message }) {
    const field = kind === "knob" ? this.fields.find(({ key }) => key === knob) : undefined;
    this.send({ type: "failed", failure: { kind, message, control: Boolean(field) } });
    field?.complain(`${field.name}=${value} ${rule}`);
  }

  // Actions of the reader --------------------------------------------------------------------------

  /** @param {AbortSignal} signal */
  listen(signal) {
    /** @param {string} type @param {(event: any) => void} listener @param {boolean} [capture] what does not bubble */
    const on = (type, listener, capture) => this.addEventListener(type, listener, { signal, capture });
    /** @param {Event} event */
    const touched = ({ target }) => this.fields.find(({ controls }) => controls.some((control) => control === target));
    /** @param {Event} event */
    const touch = (event) => touched(event) && this.state.at === "stored" && this.run();
    on("pointerdown", (event) => event.pointerType !== "touch" && touch(event)); // a thumb may only scroll
    on("keydown", (event) => !STILL.includes(event.key) && touch(event));
    on("input", (event) => {
      const field = touched(event);
      if (field) this.change([field]);
      else this.choose(event.target);
    });
    on("dblclick", (event) => {
      const field = touched(event);
      if (field?.kind === "range") this.change([field], field.initial);
    });
    on("submit", (event) => event.preventDefault());
    on("click", ({ target }) => target instanceof HTMLButtonElement && this.press(target));
  }

  /** Answers values that the reader, or `text`, has set. @param {Field[]} fields @param {string} [text] */
  change(fields, text) {
    this.note(fields, text);
    return this.send({ type: "change", computer: this.computer.state });
  }

  /** Keeps values that the reader, or `text`, has set. @param {Field[]} fields @param {string} [text] */
  note(fields, text) {
    this.send({ type: "noted" });
    for (const field of fields) field.text = text ?? field.text;
    remember(fields);
    this.#offerReset();
    if (this.ownsAddress) this.later(this.keepAddress);
  }

  /** @param {HTMLButtonElement} button */
  press({ name }) {
    if (name === "action" && PHASES[this.state.at] === "loading") this.cancel();
    else if (name === "action") this.run();
    else if (name === "reset") this.reset(this.#away ? this.linked : undefined);
    else if (name === "link") this.#copy(this.address);
  }

  cancel() {
    this.send({ type: "cancel", computer: this.computer.state }).catch((error) => this.fail(error));
  }

  /** Goes back to settings, or to what the page opens with. @param {Map<string, string>} [to] */
  reset(to) {
    this.send({ type: "reset" });
    for (const field of this.fields) {
      field.text = to?.get(field.key) ?? field.initial;
      field.complain();
    }
    remember(this.fields);
    this.#offerReset();
    if (this.ownsAddress) this.keepAddress();
  }

  // The address ------------------------------------------------------------------------------------

  /** True if the settings are not those of the link that has led here. */
  get #away() {
    const { linked, settings } = this;
    return linked && [...settings].some(([key, text]) => linked.get(key) !== text);
  }

  /** Says where a reset leads: to the link's settings, and from these to the defaults. */
  #offerReset() {
    this.write("[name=reset]", this.linked && !this.#away ? "Defaults" : "Reset");
  }

  /** Ends the taking of values from the address. @param {string[]} wrong those that are not possible */
  restored(wrong) {
    this.linked = this.ownsAddress && says(this.fields) ? this.settings : undefined;
    this.#offerReset();
    const problem = wrong.length ? `Not possible in the address: ${wrong.join(", ")}. The default is used.` : "";
    this.send({ type: "refused", problem });
    unfold(this, this.fields);
  }

  /** Writes the page's address, unless the next page has come to it already. */
  keepAddress = () => {
    if (location.pathname === this.#path) history.replaceState(history.state, "", this.address);
  };

  /** Copies the page's address, which leads to the element. @param {string} address */
  async #copy(address) {
    if (this.id) address = `${address.split("#")[0]}#${this.id}`;
    if (!(await copied(address))) return this.tell(`The browser does not allow copying. The link: ${address}`);
    this.write("[name=link]", "Copied");
    this.later(() => this.write("[name=link]", "Copy link"), 3 * QUIET);
  }

  // Small things -----------------------------------------------------------------------------------

  begin() {
    const signal = super.begin();
    this.#path = location.pathname;
    /** @param {any} event */
    const progress = ({ detail: { loaded, total } }) => {
      const bar = this.find("progress"); // none in an element whose picture is still to come
      if (bar) bar.value = total ? loaded / total : 0;
    };
    python.addEventListener("progress", progress, { signal });
    return signal;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** Tells what has gone wrong, or "" that nothing has. @param {string} problem */
  tell(problem) {
    this.send({ type: "told", problem });
  }

  #readOut = () => this.write(".live", this.answer?.sentence ?? "");

  /** @param {() => void} action runs when nothing has asked for it again for a while */
  later(action, delay = QUIET) {
    clearTimeout(this.#timers.get(action));
    this.#timers.set(action, setTimeout(action, delay));
  }

  /** @param {string} name @returns {HTMLButtonElement} */
  button(name) {
    return this.find(`button[name=${name}]`);
  }
}
