/** A reader's choices for all widgets, kept for the visit: the toy layer, and whether all numbers are on show. */

/** @typedef {import("./fields.js").Field} Field */

import { keep, kept } from "../page/visit.js";

const KEY = "choices";

/** @returns {Record<string, string>} */
export const choices = () => kept(KEY);

/** @param {Field[]} fields */
const layer = (fields) => fields.filter(({ element }) => element.closest(".world"));

/** @param {Field[]} fields that the reader has set @param {Record<string, string>} [other] choices that are no knobs */
export function remember(fields, other) {
  const set = layer(fields);
  if (!other && !set.length) return;
  const all = { ...choices(), ...other };
  for (const { name, text, moved } of set) {
    if (moved) all[name] = text;
    else delete all[name]; // other widgets have defaults of their own
  }
  keep(KEY, all);
}

/** Sets the controls to what was chosen before, as far as they accept it. @param {Field[]} fields */
export function recall(fields) {
  const all = choices();
  for (const field of layer(fields)) {
    const text = all[field.name];
    if (field.accepts(text)) field.text = text;
  }
}
