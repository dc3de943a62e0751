/** The base of the elements of a page, and what they are put together from. */

export class PageElement extends HTMLElement {
  lifetime = new AbortController();

  /** Begins anew, each time that the element comes into a page. @returns {AbortSignal} that it has left */
  begin() {
    this.lifetime = new AbortController();
    return this.lifetime.signal;
  }

  disconnectedCallback() {
    this.lifetime.abort();
  }

  /** @param {string} selector @returns {any} */
  find(selector) {
    return this.querySelector(selector);
  }

  /** Writes into a part, if it does not say that already. @param {string} selector @param {string} text */
  write(selector, text) {
    const part = this.find(selector);
    if (part.textContent !== text) part.textContent = text;
  }

  /** Follows links to the same page with another query, which are no visit of another one. @param {(link: HTMLAnchorElement) => void} go */
  follow(go) {
    const heard = (/** @type {any} */ event) => {
      const { target, button, ctrlKey, metaKey, shiftKey, altKey } = event;
      if (button || ctrlKey || metaKey || shiftKey || altKey) return;
      const link = target.closest("a");
      if (!link?.search || link.pathname !== location.pathname) return;
      event.preventDefault();
      event.stopPropagation();
      go(link);
    };
    this.closest(".md-content")?.addEventListener("click", heard, { signal: this.lifetime.signal });
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, any>} properties @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** @param {string} name @param {string} text @param {object} [more] further properties */
export const button = (name, text, more) => make("button", { type: "button", name, ...more }, text);

/** @param {string} className @param {(Node | string)[]} children */
export const paragraph = (className, ...children) => make("p", { className }, ...children);

/** The head of a row. @param {(Node | string)[]} children */
export const head = (...children) => make("th", { scope: "row" }, ...children);

/** A row of cells, or of what they hold. @param {(Node | string)[]} cells */
export const row = (...cells) =>
  make("tr", {}, ...cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : make("td", {}, cell))));

/** @param {string} caption @param {(Node | string)[]} titles @param {HTMLTableRowElement[]} rows */
export function table(caption, titles, rows) {
  const heads = titles.map((title) => make("th", { scope: "col" }, title));
  const parts = [make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)];
  return make("table", { className: "data" }, ...(caption ? [make("caption", {}, caption)] : []), ...parts);
}

/** A box in which a table scrolls. @param {HTMLTableElement} table @param {string} [label] @param {string} [kind] */
export function scrolling(table, label = "Table", kind = "") {
  const box = make("div", { className: `scroll ${kind}`.trim(), tabIndex: 0 }, table);
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", label);
  return box;
}

/** @param {Blob | string} content text is CSV @param {string} name */
export function download(content, name) {
  const file = content instanceof Blob ? content : new Blob([content], { type: "text/csv" });
  const link = make("a", { href: URL.createObjectURL(file), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {string} text @returns {Promise<boolean>} false where the browser does not allow it */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Opens all folds around a part of the page. @param {Element | null} part */
export function reveal(part) {
  for (let fold = part?.closest("details"); fold; fold = fold.parentElement?.closest("details")) fold.open = true;
}
