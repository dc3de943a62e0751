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

/**
 * Lets an element hear what a reader does with it, once its controls are of use.
 *
 * @param {HTMLElement} element @param {AbortSignal} signal ends it
 * @param {{take: (files: File[], place?: HTMLInputElement | null) => void, set: (name: string) => void, press: (name: string) => void}} does
 *   with files that are chosen or dropped, and the control for files that they fall on, other controls and buttons
 */
export function hear(element, signal, { take, set, press }) {
  const on = { signal };
  for (const control of element.querySelectorAll("[disabled]")) control.removeAttribute("disabled");
  element.addEventListener("submit", (event) => event.preventDefault(), on);
  element.addEventListener("click", ({ target }) => press(/** @type {any} */ (target).name), on);
  element.addEventListener(
    "change",
    (event) => {
      const control = /** @type {HTMLInputElement} */ (event.target);
      if (control.type !== "file") return set(control.name);
      take([...(control.files ?? [])], control);
      control.value = ""; // so that the same file can be chosen again
    },
    on,
  );
  element.addEventListener("dragover", (event) => event.preventDefault(), on);
  element.addEventListener(
    "drop",
    (event) => {
      event.preventDefault();
      const place = /** @type {HTMLElement} */ (event.target).closest("label")?.querySelector("input");
      take([...(event.dataTransfer?.files ?? [])], place);
    },
    on,
  );
}
