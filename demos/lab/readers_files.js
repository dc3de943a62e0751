/** The base of elements that take readers' files. */

import { PageElement } from "../page/element.js";

/** An element for readers' files: it hears what a reader does with it while it is on the page, and says what it does. */
export class ReadersFiles extends PageElement {
  connectedCallback() {
    const signal = this.begin();
    for (const control of this.querySelectorAll("[disabled]")) control.removeAttribute("disabled");
    /** @type {Record<string, (event: any) => void>} */
    const does = {
      submit: (event) => event.preventDefault(),
      click: ({ target }) => this.press(target.name),
      change: ({ target }) => this.changed(target),
      dragover: (event) => event.preventDefault(),
      drop: (event) => {
        event.preventDefault();
        const files = [...(event.dataTransfer?.files ?? [])];
        if (files.length) this.drop(files, event.target.closest("label")?.querySelector("[type=file]"));
      },
    };
    for (const [event, heard] of Object.entries(does)) this.addEventListener(event, heard, { signal });
  }

  /** A button was pressed. @param {string} _name */
  press(_name) {}

  /** @param {HTMLInputElement} control */
  changed(control) {
    if (control.type !== "file") return this.set(control.name);
    this.drop([...(control.files ?? [])], control);
    control.value = ""; // so that the same file can be chosen again
  }

  /** Another control than one for files was set. @param {string} _name */
  set(_name) {}

  /** Files were chosen or dropped, perhaps on a control for files. @param {File[]} _files @param {HTMLInputElement} [_place] */
  drop(_files, _place) {}

  /** Takes away what is shown. */
  clear() {}

  /** @param {string} text @param {boolean} [wrong] */
  say(text, wrong = false) {
    const status = this.find(".status");
    status.textContent = text;
    status.classList.toggle("wrong", wrong);
    if (wrong) this.clear();
  }

  /** Says that Python is at work, or that it is on its way. @param {{state: string, size: string}} python @param {string} text */
  sayAt({ state, size }, text) {
    this.say(state === "ready" ? text : `Loading Python, ${size} if it is not here yet.`);
  }
}
