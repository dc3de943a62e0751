/** The weight that a reader has brought as the base of all widgets; it stays for the visit and goes nowhere. */

import { lazily } from "../page/files.js";

/** @typedef {import("../python/client.js").Weight} Weight */

/** The kind of weight where it comes from a file. */
export const BROUGHT = "brought";

/** @type {Weight | undefined} */
let held;

export const weight = () => held;

/** Return the parts of a request besides the values of controls. @param {Record<string, unknown>} knobs @returns {{weight?: Weight}} */
export const beside = ({ base }) => (base === BROUGHT && held ? { weight: held } : {});

/** Keeps a place for the file below the control that asks for one. @param {import("./fields.js").Field} field */
export function offer(field) {
  const place = field.element.querySelector(".brought");
  if (field.text !== BROUGHT) return void place?.remove();
  if (place) return;
  lazily(() => import("./bring.js"))
    .then(({ ask }) => field.text === BROUGHT && ask(field, (brought) => (held = brought)))
    .catch(({ message }) => field.complain(message));
}
