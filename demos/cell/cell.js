/** An open cell: the editor in the place of a listing, with what its code prints, draws and does to the widgets. */

import { copied, make, paragraph } from "../page/element.js";
import { edit } from "./editor.js";
import { objection } from "./figure.js";
import { pack, unpack } from "../page/link.js";

/**
 * @typedef {typeof import("../python/readers.js").readers} Readers
 * @typedef {HTMLElement & {method: string, readers?: Readers, run(): unknown, attach(readers: Readers, notice: Element): void, detach(): void}} Demo
 * @typedef {HTMLElement & {name: string}} Host
 */

const LONG = 8000; // letters of a link

/** @type {WeakMap<Host, Cell>} */
const cells = new WeakMap();

/**
 * @param {Host} host
 * @param {Readers} readers
 * @param {AbortSignal} signal Ends with the host's time on the page.
 * @param {string} letters Code from a link, as link.js packs it.
 */
export async function open(host, readers, signal, letters) {
  await style();
  if (signal.aborted) return;
  const cell = cells.get(host) ?? new Cell(host, readers, signal);
  cells.set(host, cell);
  host.closest("details")?.setAttribute("open", "");
  if (letters) cell.receive(letters);
  else cell.editor.focus();
}

export class Cell {
  #lifetime = new AbortController();
  #running = false;
  #started = 0;
  #parts = false; // whether what runs is asked for in parts

  /** @param {Host} host @param {Readers} readers @param {AbortSignal} signal */
  constructor(host, readers, signal) {
    this.host = host;
    this.readers = readers;
    this.button = host.firstElementChild;
    this.module = host.getAttribute("module");
    this.key = `edit:${host.name}`;
    this.listing = /** @type {HTMLElement} */ (host.closest(".source-listing")?.querySelector(".highlight"));
    this.original = this.listing.querySelector("code")?.textContent ?? "";

    host.id ||= `code-${host.name}`;
    host.innerHTML = FRAME;
    for (const element of host.querySelectorAll("[id]")) element.id = `${host.id}-${element.id}`;
    this.editor = edit({
      parent: this.#find(".editor"),
      text: this.stored ?? this.original,
      label: this.module ? `Source of ${this.module}.py` : "Python code",
      hint: this.#find(".hint").id,
      run: () => this.run(),
      changed: (text) => (this.stored = text),
    });
    this.listing.hidden = true;
    if (this.stored) this.say("This is your own version, kept for this visit.");

    const on = { signal: this.#lifetime.signal };
    signal.addEventListener("abort", () => this.#leave(), on);
    this.#lifetime.signal.addEventListener("abort", () => this.#end());
    host.addEventListener("click", ({ target }) => target instanceof HTMLButtonElement && this.#press(target.name), on);
    readers.addEventListener("progress", (event) => this.#progress(/** @type {CustomEvent} */ (event).detail), on);
    readers.addEventListener("output", (event) => this.#receive(/** @type {CustomEvent} */ (event).detail), on);
    readers.addEventListener("state", (event) => this.#follow(/** @type {CustomEvent} */ (event).detail), on);
  }

  /** Shows code that came with a link. It does not run it. @param {string} letters */
  receive(letters) {
    this.host.scrollIntoView();
    try {
      this.editor.text = unpack(letters);
      this.say("This code came with the link. It has not run: read it first, then press Run.");
    } catch {
      this.say("The link holds no code that can be read. Perhaps it was cut off.");
    }
  }

  run() {
    const { readers, module, editor } = this;
    if (this.#running && !module && readers.state === "ready") readers.stop(); // the new code need not wait for the old
    this.#clear();
    if (module && editor.text === this.original) {
      if (this.#running) readers.stop();
      this.#detach("The panels show the tested file.");
      for (const demo of this.demos) demo.run();
      return;
    }
    this.#busy(true);
    const ready = readers.state === "ready";
    this.say(ready ? "Running." : `Loading a Python for your code, ${readers.size} if it is not here yet.`);
    if (module) return this.#attach(module);
    const told = { bubbles: true, cancelable: true, detail: this };
    this.#parts = !this.host.dispatchEvent(new CustomEvent("code-cell:run", told));
    if (!this.#parts) this.ask({ type: "run" });
  }

  /**
   * Asks for something about the code. Who has taken `code-cell:run` asks in parts, until `end`.
   *
   * @param {object} request
   * @returns {Promise<any>} Nothing when it has failed: #receive and #follow tell.
   */
  ask(request) {
    const { host, editor, readers } = this;
    return readers.ask(this, /** @type {any} */ ({ name: host.name, source: editor.text, ...request })).catch(() => {});
  }

  /** @param {string} text What has come of it. */
  end(text) {
    this.#parts = false;
    this.#busy(false);
    this.say(text);
  }

  /** @param {string} name of a button */
  async #press(name) {
    if (name === "run") this.run();
    if (name === "stop") this.readers.stop("Stopped.");
    if (name === "reset") this.#reset();
    if (name === "share") await this.#share();
    if (name === "close") this.#close();
  }

  #reset() {
    if (this.#running) this.readers.stop();
    this.editor.text = this.original;
    this.#clear();
    this.#detach(this.module ? "The tested file again." : "The first version again.");
    this.editor.focus();
  }

  async #share() {
    let letters;
    try {
      letters = pack(this.editor.text);
    } catch (error) {
      return this.say(`There is no link: ${/** @type {Error} */ (error).message}.`);
    }
    const link = `${location.origin}${location.pathname}${location.search}#edit=${this.host.name}.${letters}`;
    const length = `${(link.length / 1000).toFixed(1)} kB${link.length > LONG ? ", which some programs cut off" : ""}`;
    const done = await copied(link);
    if (done) this.say(`The link with this code is copied: ${length}.`);
    else this.say(`The browser does not allow copying. The link (${length}): ${link}`);
  }

  /** Puts the listing back. */
  #close() {
    this.#lifetime.abort();
    if (this.#running) this.readers.stop();
    this.#detach();
    this.listing.hidden = false;
    this.host.replaceChildren(...(this.button ? [this.button] : []));
    /** @type {HTMLElement | null} */ (this.button)?.focus();
  }

  /** Ends with the page: what its code has done to Python is not for the next one. */
  #leave() {
    this.#lifetime.abort();
    if (this.#started || this.#running) this.readers.stop();
  }

  #end() {
    this.#clear();
    this.editor.destroy();
    cells.delete(this.host);
  }

  // The widgets --------------------------------------------------------------------------------------

  /** @returns {Demo[]} The widgets of the module. */
  get demos() {
    const all = /** @type {Demo[]} */ ([...document.querySelectorAll("adapter-demo")]);
    return all.filter(({ method }) => method === this.module);
  }

  /** Lets the widgets run what is in the editor, and say so. @param {string} module */
  #attach(module) {
    this.readers.edits.set(module, this.editor.text);
    for (const demo of this.demos) {
      demo.id ||= `panels-${module}`;
      this.#find(".panels").href = `#${demo.id}`;
      this.#find(".panels").hidden = false;
      demo.attach(this.readers, this.#notice());
    }
  }

  /** Lets the widgets run the tested file again. @param {string} [text] What is said about it. */
  #detach(text = "") {
    this.#busy(false);
    this.say(text);
    for (const demo of this.demos) if (demo.readers) demo.detach();
  }

  #notice() {
    const link = make("a", { href: `#${this.host.id}` }, "Back to the tested file");
    link.addEventListener("click", (event) => {
      event.preventDefault(); // or the focus would not stay where #close puts it
      this.#close();
      this.host.scrollIntoView();
    });
    return paragraph("edited", "Edited code. These panels do not show the tested file. ", link);
  }

  // Messages of the worker ------------------------------------------------------------------------------

  /** @param {{loaded: number, total: number}} detail */
  #progress({ loaded, total }) {
    const bar = this.#find("progress");
    [bar.hidden, bar.value] = [!this.#running, total ? loaded / total : 0];
  }

  /** @param {{name: string, kind: string, value: any}} detail See sandbox.js. */
  #receive({ name, kind, value }) {
    if (name !== this.host.name) return;
    if (kind === "loading") this.say("Loading the packages that the code imports.");
    if (kind === "start" && !this.#parts) {
      this.#clear();
      this.#busy(true);
      this.#started = performance.now();
      if (!this.module) this.say("Running.");
    }
    if (kind === "text") this.#print(value);
    if (kind === "figure") this.#draw(value);
    if (kind === "error") {
      this.#print(value.trace, "trace");
      this.editor.mark(value.line);
      const last = value.trace.trimEnd().split("\n").at(-1);
      this.#busy(false);
      this.say(value.line ? `Line ${value.line}: ${last}` : last);
    }
    if (kind === "end" && this.#running && !this.#parts) {
      this.#busy(false);
      const time = `${Math.max(1, Math.round(performance.now() - this.#started))} ms`;
      this.say(this.module ? "The panels show the edited code." : `Finished in ${time}.`);
    }
  }

  /** Follows the worker's state. @param {{before: Readers["state"], reason?: string}} detail */
  #follow({ before, reason }) {
    const { state } = this.readers;
    this.#find("progress").hidden = true;
    if (state === "ready" && this.#find(".status").textContent.startsWith("Stopped")) {
      this.say(`${this.#find(".status").textContent} Python is ready again.`);
    }
    if (state === "loading" || state === "ready") return;
    const attached = this.demos.some(({ readers }) => readers);
    if (!this.#running && !attached) return;
    this.#detach(`${reason}${attached ? " The panels show the tested file again." : ""}`);
    if (state === "off" && before === "ready") queueMicrotask(() => this.readers.preload()); // all cells see the end first
  }

  // Small things -------------------------------------------------------------------------------------

  /** The reader's text, if it is not the original. */
  get stored() {
    try {
      return sessionStorage.getItem(this.key) ?? undefined;
    } catch {
      return undefined; // a window that keeps nothing
    }
  }

  set stored(text) {
    try {
      if (text === undefined || text === this.original) sessionStorage.removeItem(this.key);
      else sessionStorage.setItem(this.key, text);
    } catch {
      // the edit is lost with the page
    }
  }

  /** @param {boolean} running */
  #busy(running) {
    this.#running = running;
    const stop = this.#find("[name=stop]");
    if (!running && document.activeElement === stop) this.editor.focus();
    stop.disabled = !running;
    if (!running) this.#find("progress").hidden = true;
  }

  #clear() {
    for (const { src } of this.host.querySelectorAll("img")) URL.revokeObjectURL(src);
    this.#find(".output").replaceChildren();
    this.editor.mark();
  }

  /** @param {string} svg */
  #draw(svg) {
    const reason = objection(svg);
    if (reason) return this.#print(`A figure is left out: ${reason}.\n`);
    const output = this.#find(".output");
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })); // an image runs no script
    image.alt = `Figure ${output.querySelectorAll("img").length + 1}`;
    output.append(image);
  }

  /** @param {string} text @param {string} name of the class */
  #print(text, name = "text") {
    const output = this.#find(".output");
    const old = output.lastElementChild;
    const place = old?.className === name ? old : make("pre", { className: name });
    place.append(text);
    if (place !== old) output.append(place);
  }

  /** @param {string} text */
  say(text) {
    const status = this.#find(".status");
    if (status.textContent !== text) status.textContent = text;
  }

  /** @param {string} selector @returns {any} */
  #find(selector) {
    return this.host.querySelector(selector);
  }
}

const FRAME = `
<div class="cell-tools">
  <button type="button" name="run">Run</button>
  <button type="button" name="stop" disabled>Stop</button>
  <button type="button" name="reset">Reset</button>
  <button type="button" name="share">Copy link</button>
  <button type="button" name="close">Close</button>
  <a class="panels" hidden>Go to the panels</a>
</div>
<p class="status" role="status"></p>
<progress max="1" value="0" aria-label="Python is loading" hidden></progress>
<div class="editor"></div>
<div class="output" role="region" aria-label="Output" tabindex="0"></div>
<p class="hint" id="hint">Ctrl-Enter or ⌘-Enter runs the code. In the editor Tab indents; Escape and then Tab leaves it. The code runs in a
Python of its own in your browser, for 10 seconds at most, and can reach neither this page nor its storage nor another site.</p>`;

/** @type {Promise<void> | undefined} */
let styled;

/** Loads the style sheet, once. */
function style() {
  return (styled ??= new Promise((resolve) => {
    const link = make("link", { rel: "stylesheet", href: new URL("cell.css", import.meta.url).href });
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  }));
}
