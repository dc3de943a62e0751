/** The controls of a widget. Every value is text here, as in the address bar, until Python needs it. */

/** @typedef {string | number | boolean} Value */

export class Field {
  /** @param {HTMLElement} element @param {string} prefix of the name in the address */
  constructor(element, prefix = "") {
    this.element = element;
    this.name = element.dataset.knob ?? "";
    this.key = prefix + this.name;
    this.controls = [...element.querySelectorAll("input, select")].map(
      (control) => /** @type {HTMLInputElement & HTMLSelectElement} */ (control),
    );
    this.output = element.querySelector("output");
    /** @type {string} range, checkbox, radio or select-one */
    this.kind = this.controls[0].type;
  }

  /** The page's name for it, within a sentence. */
  get label() {
    const text =
      this.element.querySelector("legend, .check span, label:not(.check)")?.firstChild?.textContent?.trim() ?? "";
    return text.charAt(0).toLowerCase() + text.slice(1);
  }

  /** The control's value, as text. */
  get text() {
    const [control] = this.controls;
    if (this.kind === "radio") return this.controls.find(({ checked }) => checked)?.value ?? this.initial;
    return this.kind === "checkbox" ? `${control.checked}` : control.value;
  }

  set text(text) {
    const [control] = this.controls;
    if (this.kind === "radio") for (const radio of this.controls) radio.checked = radio.value === text;
    else if (this.kind === "checkbox") control.checked = text === "true";
    else control.value = text;
    this.echo();
  }

  /** Return the page's name for one of the values. @param {string} text */
  called(text) {
    const named = this.element.querySelector(`option[value="${text}"], [value="${text}"]:is([type="radio"]) + span`);
    return named?.textContent?.toLowerCase() ?? text;
  }

  /** The value where a link names other controls and not this one. */
  get unnamed() {
    return this.element.dataset.unnamed ?? this.initial;
  }

  /** Takes the method's own default where a page opens with another value. */
  plain() {
    const { unnamed } = this;
    delete this.element.dataset.unnamed;
    if (this.initial !== unnamed) this.controls[0].defaultValue = this.text = unnamed;
  }

  /** Return whether the value has a part in what is shown. @param {string} way in which the change is made */
  acts(way) {
    const { ways } = this.element.dataset;
    return !ways || ways.split(" ").includes(way);
  }

  /** The value in the HTML, with which the page opens. */
  get initial() {
    const [control] = this.controls;
    if (this.kind === "radio") return this.controls.find(({ defaultChecked }) => defaultChecked)?.value ?? "";
    if (this.kind === "checkbox") return `${control.defaultChecked}`;
    return ["range", "text"].includes(this.kind)
      ? control.defaultValue
      : ([...control.options].find(({ defaultSelected }) => defaultSelected)?.value ?? "");
  }

  /** True if the value is not the one with which the page opens. */
  get moved() {
    return this.text !== this.initial;
  }

  /** Return the value for which an answer was asked, or that of the page's own picture. @param {Record<string, Value>} [knobs] */
  within(knobs) {
    return `${knobs?.[this.name] ?? this.initial}`;
  }

  /** The value in the type that Python expects. @returns {Value} */
  get value() {
    const { kind } = this.element.dataset;
    return kind === "number" ? Number(this.text) : kind === "bool" ? this.text === "true" : this.text;
  }

  /** Everything that the control could say, in order. */
  get texts() {
    const [control] = this.controls;
    if (this.kind === "radio") return this.controls.map(({ value }) => value);
    if (this.kind === "checkbox") return ["false", "true"];
    if (this.kind !== "range") return [...control.options].map(({ value }) => value);
    const trial = /** @type {HTMLInputElement} */ (control.cloneNode());
    const texts = [(trial.value = trial.min)];
    for (trial.stepUp(); trial.value !== texts.at(-1); trial.stepUp()) texts.push(trial.value);
    return texts;
  }

  /** Return whether the control can have this value. @param {string} text */
  accepts(text) {
    const [control] = this.controls;
    if (this.kind !== "text") return this.texts.includes(text);
    return new RegExp(`^${control.pattern}$`).test(text);
  }

  /** Shows the value beside its slider. */
  echo() {
    if (this.output && this.output.value !== this.text) this.output.value = this.text;
  }

  /** Says what is wrong with the value; without a text, that nothing is. */
  complain(text = "") {
    const place = this.element.querySelector(".error");
    if (place) place.textContent = text;
    for (const control of this.controls) control.ariaInvalid = text ? "true" : null;
  }
}

/**
 * The page's address with every value that differs from what the page opens with. Where there is one, a value is named, too,
 * that a link without it would take to be another.
 *
 * @param {Field[]} fields
 */
export function address(fields, url = new URL(location.href)) {
  const some = fields.some(({ moved }) => moved);
  for (const { key, text, moved, initial, unnamed } of fields) {
    if (moved || (some && unnamed !== initial)) url.searchParams.set(key, text);
    else url.searchParams.delete(key);
  }
  return url.href;
}

/** Return whether the address names any of the controls. @param {Field[]} fields */
export function says(fields) {
  const query = new URLSearchParams(location.search);
  return fields.some(({ key }) => query.has(key));
}

/**
 * Takes values from the address as far as the controls accept them; those that it does not name are what it means without.
 *
 * @param {Field[]} fields
 * @returns {string[]} those that are not accepted
 */
export function restore(fields) {
  const query = new URLSearchParams(location.search);
  for (const field of fields) if (field.unnamed !== field.initial) field.text = field.unnamed;
  const given = fields.flatMap((field) => (query.has(field.key) ? [{ field, text: query.get(field.key) ?? "" }] : []));
  for (const { field, text } of given) if (field.accepts(text)) field.text = text;
  return given
    .filter(({ field, text }) => field.text !== text)
    .map(({ field, text }) => `${field.key}=${text.slice(0, 40)}`);
}

/** A link from before there were ways names a step and no way: it means a random one, on the layer of that time. @param {Field[]} fields @param {Record<string, string>} random */
export function older(fields, random) {
  const query = new URLSearchParams(location.search);
  if (!query.has("step") || query.has("way")) return;
  for (const [name, text] of Object.entries(random)) {
    const field = fields.find((field) => field.name === name);
    if (field) field.text = text;
  }
}

/** Opens what hides a control that has moved. @param {Element} root @param {Field[]} fields */
export function unfold(root, fields) {
  for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (
    root.querySelectorAll("details.world, details.rest")
  ))
    details.open = fields.some((field) => field.moved && details.contains(field.element));
}

/** The same controls may be twice on a page: labels must find their own. @param {Element} root */
export function distinct(root) {
  const copy = ++copies;
  for (const element of root.querySelectorAll("[id]")) {
    if (document.getElementById(element.id) === element) continue;
    const [id, fresh] = [element.id, `${element.id}-${copy}`];
    for (const name of ["id", "for", "aria-describedby"]) {
      for (const user of root.querySelectorAll(`[${name}="${id}"]`)) user.setAttribute(name, fresh);
    }
  }
}

let copies = 0;
