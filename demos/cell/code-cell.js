/**
 * <code-cell name="…" module="…">: lets a reader edit and run the listing that it stands in.
 *
 * `module` is that of a method, whose widgets on the page then show the edited code. Without it the listing is a free
 * cell. Nothing but a button is here until it is pressed, or a link with code in it is opened.
 */

import { readers } from "../python/readers.js";
import { RELOAD, lazily } from "../page/files.js";

class CodeCell extends HTMLElement {
  #life = new AbortController();

  connectedCallback() {
    const { signal } = (this.#life = new AbortController());
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: "Edit and run" });
    button.addEventListener("click", () => this.open());
    this.replaceChildren(button);
    addEventListener("hashchange", () => this.#follow(), { signal });
    this.#follow();
  }

  disconnectedCallback() {
    this.#life.abort();
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  /** Takes the listing's place. */
  async open(code = "") {
    const { signal } = this.#life;
    try {
      const { open } = await lazily(() => import("./cell.js"));
      if (!signal.aborted) open(this, readers, signal, code);
    } catch {
      this.querySelector("button")?.replaceChildren(`The editor could not be loaded. Try again. ${RELOAD}`);
    }
  }

  /** Opens the cell when the address brings code for it. The code is shown, and run by nobody but the reader. */
  #follow() {
    const start = `#edit=${this.name}.`;
    if (!location.hash.startsWith(start)) return;
    this.open(location.hash.slice(start.length));
    history.replaceState(history.state, "", location.pathname + location.search); // from now on it is the reader's own
  }
}

customElements.define("code-cell", CodeCell);
