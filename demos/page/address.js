/** A form in the page's address: several on one page leave each other's part alone. */

/**
 * Writes the address, which leads to the heading above the form: the one that the theme has left there may be any.
 *
 * @param {HTMLFormElement} form @param {Iterable<[string, FormDataEntryValue]>} chosen what differs from the start
 */
export function remember(form, chosen) {
  const query = new URLSearchParams(location.search);
  for (const { name } of /** @type {Iterable<HTMLInputElement>} */ (form.elements)) if (name) query.delete(name);
  for (const [name, value] of chosen) query.append(name, String(value));
  const text = query.toString();
  const { id = "" } = heading(form) ?? {};
  history.replaceState(history.state, "", `${location.pathname}${text && `?${text}`}${id && `#${id}`}`);
}

/** @param {HTMLFormElement} form @returns {Element | undefined} The last heading before it, the page's title aside. */
function heading(form) {
  const before = (/** @type {Element} */ other) =>
    other.compareDocumentPosition(form) & Node.DOCUMENT_POSITION_FOLLOWING;
  return [...document.querySelectorAll(".md-content :is(h2, h3)[id]")].filter(before).at(-1);
}

/** Return the entries of a form that its page did not give it. @param {HTMLFormElement} form @returns {[string, FormDataEntryValue][]} */
export function changed(form) {
  /** @param {string} name @returns {string | undefined} */
  const start = (name) => {
    const control = form.elements.namedItem(name);
    if (control instanceof HTMLSelectElement)
      return ([...control.options].find(({ defaultSelected }) => defaultSelected) ?? control.options[0])?.value;
    if (!(control instanceof HTMLInputElement)) return undefined;
    if (control.type === "checkbox") return control.defaultChecked ? control.value : undefined;
    return control.defaultValue;
  };
  const on = [...new FormData(form)].filter(([name, value]) => value !== start(name));
  const off = [...form.elements].flatMap((box) =>
    box instanceof HTMLInputElement && box.type === "checkbox" && box.defaultChecked && !box.checked
      ? [/** @type {[string, string]} */ ([box.name, "no"])]
      : [],
  );
  return [...on, ...off];
}

/** Sets the controls that the address names; values that no control has are ignored. @param {HTMLFormElement} form */
export function restore(form) {
  const wanted = new URLSearchParams(location.search);
  for (const control of form.elements) {
    const name = control.getAttribute("name") ?? "";
    const values = wanted.getAll(name);
    if (control instanceof HTMLSelectElement) {
      if ([...control.options].some(({ value }) => value === values[0])) control.value = values[0];
    } else if (control instanceof HTMLInputElement && values.length) {
      if (control.type === "checkbox") control.checked = values.includes(control.value);
      else if (control.type !== "number" || Number.isFinite(Number(values[0] || NaN))) control.value = values[0];
    }
  }
}
