/**
 * <code-cell name="…" module="…">: lets a reader edit and run the listing that it stands in.
 *
 * `module` is that of a method, whose widgets on the page then show the edited code. Without it the listing is a free
 * cell. Nothing but a button is here until it is pressed, or a link with code in it is opened.
 */

import { readers } from "../python/readers.js";
import { PageElement, make } from "../page/element.js";
import { RELOAD, lazily } from "../page/files.js";

class CodeCell extends PageElement {
  connectedCallback() {
    const signal = this.begin();
    this.replaceChildren(make("button", { type: "button", onclick: () => this.open() }, "Edit and run"));
    addEventListener("hashchange", () => this.#follow(), { signal });
    this.#follow();
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  /** Takes the listing's place. */
  async open(code = "") {
    const { signal } = this.lifetime;
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
