/** Two things that every part of the lab does. */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} properties
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** @param {string} text @param {string} name */
export function download(text, name) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** An element for readers' files: it hears what a reader does with it while it is on the page, and says what it does. */
export class ReadersFiles extends HTMLElement {
  life = new AbortController();

  connectedCallback() {
    const { signal } = (this.life = new AbortController());
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

  disconnectedCallback() {
    this.life.abort();
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

  /** Says that Python is at work, or that it is on its way. @param {{state: string, bytes: number}} python @param {string} text */
  sayAt(python, text) {
    const size = (python.bytes / 1e6).toFixed(1);
    this.say(python.state === "ready" ? text : `Loading Python, ${size} MB if it is not here yet.`);
  }

  /** @param {string} selector @returns {any} */
  find(selector) {
    return this.querySelector(selector);
  }
}
