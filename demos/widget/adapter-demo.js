/**
 * <adapter-demo method="…">: a picture of what a method does to a layer, and controls that compute it anew.
 *
 * The HTML holds the picture at the default settings. Python is asked for at the first touch of a control.
 * `data-state` goes stored → loading → live, or error; `adapter-demo:update` follows every redraw.
 */

import { choices, recall, remember } from "./choices.js";
import "../cell/code-cell.js";
import { charts, draw } from "./draw.js";
import { explorable } from "./explore.js";
import { set, settable } from "./faders.js";
import { Field, address, distinct, older, restore, says } from "./fields.js";
import { RELOAD, file as fetched, lazily } from "../page/files.js";
import { PythonElement } from "./python_element.js";
import { idle, saving } from "../page/page.js";
import { python } from "../python/client.js";
import { Stores, file, named } from "./stored.js";

/**
 * @typedef {import("./draw.js").Answer & {milliseconds: number, knobs: Record<string, import("./fields.js").Value>,
 *   stored?: boolean, edited?: boolean, more?: boolean}} Drawn
 */

const AHEAD = 200; // milliseconds, at most, for which a stored answer has the line before Python's files

/** @extends {PythonElement<Drawn>} */
class AdapterDemo extends PythonElement {
  /** Computes instead of the tested code while a reader tries their own (cell.js). @type {typeof python | undefined} */
  readers;

  /** @type {Field[]} */
  #fields = [];
  #stores = new Stores();
  /** What is taken out in the picture on show. @type {import("./fields.js").Value} */
  #out = "kept";

  async connectedCallback() {
    const signal = this.begin();
    if (!this.firstElementChild) await this.#fetch();
    if (signal.aborted || !this.querySelector("form")) return;
    this.#fields = [...this.querySelectorAll(".field")].map((field) => new Field(/** @type {HTMLElement} */ (field)));
    distinct(this);
    this.listen(signal);
    this.button("link").hidden = !this.ownsAddress && !this.id;
    for (const part of this.querySelectorAll(".controls")) part.removeAttribute("disabled");
    this.#fold.open = choices().figures === "open";
    this.#restore();
    this.#way();
    this.#open();
    this.send({ type: "stored" });
    if (!saving) idle(() => void charts().catch(() => {})); // small, and the first move needs it
    if (!this.#moved) return;
    this.send({ type: "arrive" });
    await this.nearest();
    if (!signal.aborted) this.arrive(this.exact);
  }

  get method() {
    return this.getAttribute("method") ?? "";
  }

  /** The values of all controls. */
  get knobs() {
    return Object.fromEntries(this.#fields.map((field) => [field.name, field.value]));
  }

  /** The page's address with the present values. */
  get address() {
    const url = new URL(location.href);
    if (!this.ownsAddress) [url.search, url.hash] = ["", this.id];
    return address(this.#fields, url);
  }

  get fields() {
    return this.#fields;
  }

  get form() {
    return /** @type {HTMLFormElement} */ (this.find("form"));
  }

  /** The controls that have a part in the picture. */
  get #acting() {
    return this.#fields.filter((field) => field.acts(`${this.knobs.way}`));
  }

  get computer() {
    return this.readers ?? python;
  }

  /** The widget in the fold that the address names, or else the first of the page. */
  get ownsAddress() {
    const named = document.getElementById(location.hash.slice(1))?.closest("details");
    return this === (named?.querySelector("adapter-demo") ?? this.#first);
  }

  get #first() {
    return document.querySelector("adapter-demo[address]") ?? document.querySelector("adapter-demo");
  }

  question() {
    return { type: /** @type {const} */ ("probe"), method: this.method, knobs: this.knobs };
  }

  // Before Python is there -------------------------------------------------------------------------

  /** Fetches what answers the first move. */
  #prepare() {
    const { form } = this;
    const quick = python.state === "ready" && this.knobs.way === "random" && !this.state.stale;
    const name = file(form, this.#acting);
    if (!name || this.readers || quick) return;
    charts().catch(() => {});
    return this.#stores.get(`${form.dataset[name]}`);
  }

  /** Draws the stored answer nearest to the main control in the present world, if no other one is moved. */
  async nearest() {
    const { form, lifetime } = this;
    const name = file(form, this.#acting);
    const store = await this.#prepare();
    if (!store || name !== file(form, this.#acting) || this.readers || lifetime.signal.aborted) return;
    const main = `${form.dataset.main}`;
    const { [main]: value, world, hypothesis = "kept" } = this.knobs;
    const answer = name === "fits" ? store.find(value, `${world}`, `${hypothesis}`) : store.find(value);
    if (!answer) return;
    const knobs = { ...this.knobs, [main]: answer.value };
    const same = this.#acting.every(({ name }) => knobs[name] === this.answer?.knobs[name]);
    if (this.answer ? same : this.exact) return; // it is on show
    if (this.state.stale && answer.value !== value) return; // not what was asked for
    const found = { ...answer, knobs, milliseconds: 0, stored: true };
    await this.send({ type: "answered", answer: found }).catch(() => {}); // Python answers, only later
  }

  /** True if the picture is that of the present settings. */
  get exact() {
    return this.#fits(this.state.shown);
  }

  /** Return whether an answer, or the page's own picture, is that of the present settings. @param {Drawn} [answer] */
  #fits(answer) {
    return this.#acting.every((field) => field.within(answer?.knobs) === field.text);
  }

  /** A stored fit of the same settings is as good as the one that is under way will be. */
  keeps() {
    return Boolean(this.answer?.stored && this.#fits(this.answer));
  }

  ahead() {
    const drawn = this.nearest();
    const rest = () => (this.keeps() ? new Promise((done) => setTimeout(done, AHEAD)) : undefined);
    if (this.computer.state === "ready") return drawn.then(rest); // until the reader's hand rests
    if (this.computer.state !== "off") return;
    const store = this.#prepare();
    const files = store && Promise.all([store, charts().catch(() => {})]);
    return Promise.race([files, new Promise((done) => setTimeout(done, AHEAD))]);
  }

  // Display ----------------------------------------------------------------------------------------

  /** @param {Drawn} answer */
  async paint({ knobs, panels, sentence, edited }) {
    const shares = panels.find((panel) => panel.kind === "curve");
    if (shares?.kind === "curve" && !shares.lines && this.#plain(knobs))
      shares.lines = this.#stores.loaded(`${this.form.dataset.fits}`)?.curves(`${knobs.world}`);
    const { hypothesis = "kept" } = knobs;
    const fades = hypothesis !== this.#out && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#out = hypothesis;
    const drawn = () => draw(this.form, { panels, sentence });
    // from the method to what is left without its hypothesis, and back; where a browser has no such fade, at once
    await (fades && document.startViewTransition ? document.startViewTransition(drawn).updateCallbackDone : drawn());
    this.#open();
    if (!edited) this.#unmark();
    return { method: this.method, knobs, panels };
  }

  /** Lets the pictures be read, and those be set that can be. */
  #open() {
    explorable(this.form);
    settable(this.form, this.knobs.way === "hand" ? `${this.knobs.gains}` : undefined);
  }

  /** True if what is stored along the main knob is of these settings, but for that knob and for training. @param {Drawn["knobs"]} knobs */
  #plain(knobs) {
    const free = [this.form.dataset.main, "way", "world", "hypothesis", "steps", "rate"];
    const fixed = this.#fields.filter((field) => field.acts("fitted") && !free.includes(field.name));
    return fixed.every((field) => field.within(knobs) === field.initial);
  }

  /** Notes whether numbers of other settings are on show while theirs are to come. @param {import("./state.js").Event<Drawn>} event */
  send(event) {
    const sent = super.send(event);
    this.toggleAttribute("data-pending", this.dataset.state === "loading" && !this.exact);
    return sent;
  }

  get about() {
    return `Stored picture at ${this.#where || "the default settings"}`;
  }

  /** @returns {[note: string, action?: string]} */
  get stored() {
    if (!this.exact) return [this.about, `Run (${python.size})`];
    const of = this.#where ? this.about : "Stored picture";
    if (python.state === "ready") return [of];
    return [`${of}. Moving a control starts Python in your browser: ${python.size}, once`];
  }

  /** The settings of the picture on show that the page does not open with, in words. */
  get #where() {
    const knobs = this.state.shown?.knobs;
    const told = this.#fields.filter((field) => field.name !== "way" && field.acts(`${knobs?.way}`));
    const moved = told.filter((field) => field.within(knobs) !== field.initial);
    return moved.map((field) => `${field.label} ${field.called(field.within(knobs))}`).join(", ");
  }

  // Edited code ------------------------------------------------------------------------------------

  /** Lets a reader's code compute, and says so. @param {typeof python} readers @param {Element} notice */
  attach(readers, notice) {
    this.readers = readers;
    this.#unmark();
    this.dataset.edited = "";
    this.prepend(notice);
    this.run();
  }

  /** Lets the tested file compute again. The picture may still be that of edited code, and then says so. */
  detach() {
    this.readers = undefined;
    const edited = this.answer?.edited;
    if (!edited) this.#unmark();
    if (edited || python.state === "ready") this.run();
    else this.send({ type: "stored" });
  }

  #unmark() {
    delete this.dataset.edited;
    this.find(":scope > .edited")?.remove();
  }

  // Actions of the reader --------------------------------------------------------------------------

  /** @param {AbortSignal} signal */
  listen(signal) {
    super.listen(signal);
    /** @param {string} type @param {(event: any) => void} listener */
    const on = (type, listener) => this.addEventListener(type, listener, { signal });
    for (const reach of ["pointerover", "focusin"])
      on(reach, ({ target }) => target.closest(".controls") && this.#prepare());
    /** @param {Node | null} target where the reader is now; some browsers do not say it of a button */
    const leave = (target) =>
      target && !this.find(".export").contains(target) && this.find(".export").removeAttribute("open");
    on("focusout", ({ relatedTarget }) => leave(relatedTarget));
    on("click", ({ target }) => {
      if (target.closest("summary") === this.#fold.firstElementChild)
        remember([], { figures: this.#fold.open ? "closed" : "open" }); // it turns after the click
    });
    document.addEventListener("click", (event) => this.#follow(event), { signal, capture: true });
    document.addEventListener("pointerdown", ({ target }) => leave(/** @type {Node} */ (target)), { signal });
  }

  /** @param {Field[]} fields @param {string} [text] */
  note(fields, text) {
    const way = this.#fields.find(({ name }) => name === "way");
    if (way?.text === "fitted" && fields.some(({ element }) => "trains" in element.dataset)) {
      way.text = "trained"; // a fit makes up for it, and would not move
      fields = [...fields, way];
    }
    super.note(fields, text);
    this.#way();
  }

  /** Takes gains that are set by hand. @param {HTMLInputElement} slider */
  choose(slider) {
    const [way, gains] = this.#fields.filter(({ name }) => name === "way" || name === "gains");
    [way.text, gains.text] = ["hand", set(this.form, slider)];
    this.change([way, gains]);
  }

  /** Shows what belongs to the present settings, and until it is there, nothing else. */
  async #answer() {
    if (this.exact) return;
    this.send({ type: "arrive" });
    if (this.computer.state === "off") await this.nearest();
    if (!this.exact) await this.run();
  }

  /** Goes where a link on this page leads that names settings of this widget. @param {MouseEvent} event */
  #follow(event) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const plain = !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || link?.target);
    if (!plain || !link?.search || link.pathname !== location.pathname || link.hash !== `#${this.id}`) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    history.replaceState(history.state, "", link.href);
    this.closest("details")?.setAttribute("open", "");
    for (const field of this.#fields) field.text = field.initial;
    this.restored(restore(this.#fields));
    this.#way();
    this.scrollIntoView();
    this.#answer();
  }

  /** Heat maps, spectra and numbers. @returns {HTMLDetailsElement} */
  get #fold() {
    return this.find("details.figures");
  }

  /** Shows the controls of the present way alone. */
  #way() {
    const { world } = this.knobs;
    const way = `${this.knobs.way}`;
    this.dataset.way = way;
    for (const remark of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll(".remark")))
      remark.hidden = way !== "fitted" || remark.dataset.world !== world;
  }

  /** @param {HTMLButtonElement} button */
  async press(button) {
    if (button.name === "code") (await this.#exports())?.saveCode(this);
    else if (button.name === "export") {
      const whole = (/** @type {Drawn | undefined} */ answer) => answer?.stored === false && !answer.more;
      const answer = whole(this.answer) ? this.answer : await this.run();
      if (!answer || !whole(answer)) return;
      const saved = (await this.#exports())?.save(button.value, this, answer);
      saved?.catch(({ message }) => this.tell(message));
    } else super.press(button);
  }

  #exports() {
    return lazily(() => import("./export.js")).catch(() => {
      this.tell(`What writes files could not be loaded. ${RELOAD}`);
      return undefined;
    });
  }

  /** @param {Map<string, string>} [to] */
  reset(to) {
    super.reset(to);
    this.#way();
    if (this.state.at !== "stored") return void this.change([]);
    this.send({ type: "stored" });
    this.nearest();
  }

  // The address ------------------------------------------------------------------------------------

  /** Takes what the address says, or where it says nothing, what the reader has chosen for other widgets. */
  #restore() {
    const said = this.ownsAddress && says(this.#fields);
    if (!said) recall(this.#fields);
    if (said) older(this.#fields, named(this.form.dataset.random));
    this.restored(said ? restore(this.#fields) : []);
    if (this.ownsAddress && !said && this.#moved) this.keepAddress();
  }

  // Small things -----------------------------------------------------------------------------------

  get #moved() {
    return this.#fields.some((field) => field.moved);
  }

  /** Fills an empty element with the stored picture of its method. */
  async #fetch() {
    try {
      this.innerHTML = await (await fetched(`${this.method}.html`)).text();
    } catch {
      this.textContent = `The picture of “${this.method}” could not be loaded. ${RELOAD}`;
    }
  }
}

customElements.define("adapter-demo", AdapterDemo);
