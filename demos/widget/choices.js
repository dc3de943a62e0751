/** A reader's choices for all widgets, kept for the visit: the toy layer, and whether all numbers are on show. */

/** @typedef {import("./fields.js").Field} Field */

const KEY = "choices";

/** @returns {Record<string, string>} */
export function kept() {
  try {
    return Object(JSON.parse(sessionStorage.getItem(KEY) ?? "{}"));
  } catch {
    return {}; // a window that keeps nothing
  }
}

/** @param {Field[]} fields */
const layer = (fields) => fields.filter(({ element }) => element.closest(".world"));

/** @param {Field[]} fields that the reader has set @param {Record<string, string>} [other] choices that are no knobs */
export function remember(fields, other) {
  const set = layer(fields);
  if (!other && !set.length) return;
  const choices = { ...kept(), ...other };
  for (const { name, text, moved } of set) {
    if (moved) choices[name] = text;
    else delete choices[name]; // other widgets have defaults of their own
  }
  try {
    sessionStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // the choices end with the page
  }
}

/** Sets the controls to what was chosen before, as far as they accept it. @param {Field[]} fields */
export function recall(fields) {
  const choices = kept();
  for (const field of layer(fields)) {
    const text = choices[field.name];
    if (field.accepts(text)) field.text = text;
  }
}
