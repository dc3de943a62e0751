/** What all elements have in common that show what Python answers. */

import { python } from "../python/client.js";

/** Keys that move no control. */
export const STILL = ["Tab", "Shift", "Control", "Alt", "Meta", "Escape"];

export const QUIET = 400; // milliseconds without a change before the address is written and the sentence read out

/** The size of the download, as the reader is told. */
export const size = () => `${(python.bytes / 1e6).toFixed(1)} MB`;

export class Live extends HTMLElement {
  life = new AbortController();
  #path = "";
  /** @type {Map<Function, ReturnType<typeof setTimeout>>} */
  #timers = new Map();

  disconnectedCallback() {
    this.life.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** Begins anew, each time that the element comes into a page. @returns {AbortSignal} that it has left */
  begin() {
    this.life = new AbortController();
    this.#path = location.pathname;
    const { signal } = this.life;
    /** @param {any} event */
    const progress = ({ detail: { loaded, total } }) => (this.find("progress").value = total ? loaded / total : 0);
    python.addEventListener("progress", progress, { signal });
    return signal;
  }

  /** @param {"stored" | "loading" | "live" | "error"} state @param {string} note @param {string} action a button's label */
  show(state, note, action = "") {
    this.dataset.state = state;
    for (const picture of this.querySelectorAll(".picture")) picture.ariaBusy = `${state === "loading"}`;
    this.find("progress").hidden = state !== "loading";
    const button = this.button("action");
    const focused = document.activeElement === button;
    [button.hidden, button.textContent] = [!action, action];
    this.write(".note", note);
    if (focused && !action) this.find(".note").focus({ preventScroll: true });
  }

  /** Writes the page's address, unless the next page has come to it already. @param {string} address */
  keep(address) {
    if (location.pathname === this.#path) history.replaceState(history.state, "", address);
  }

  /** Copies the page's address. @param {string} address */
  async copy(address) {
    try {
      await navigator.clipboard.writeText(address);
      this.write("[name=link]", "Copied");
      this.later(() => this.write("[name=link]", "Copy link"), 3 * QUIET);
    } catch {
      this.write(".problem", `The browser does not allow copying. The link: ${address}`);
    }
  }

  /** @param {() => void} action runs when nothing has asked for it again for a while */
  later(action, delay = QUIET) {
    clearTimeout(this.#timers.get(action));
    this.#timers.set(action, setTimeout(action, delay));
  }

  /** @param {string} selector @returns {any} */
  find(selector) {
    return this.querySelector(selector);
  }

  /** @param {string} name @returns {HTMLButtonElement} */
  button(name) {
    return this.find(`button[name=${name}]`);
  }

  /** @param {string} selector @param {string} text */
  write(selector, text) {
    const element = this.find(selector);
    if (element.textContent !== text) element.textContent = text;
  }
}
