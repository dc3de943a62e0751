/**
 * `<method-table for="id">` around a form: shows the rows of the table whose methods a reader has chosen (`tr[data-method]`), in
 * that order. The choice is in the address, as in `?methods=lora,oft,ia3`; a row that the page shows at first is chosen at first.
 */

import { PageElement, button } from "../page/element.js";

const KEY = "methods";

class MethodTable extends PageElement {
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();
  /** @type {string[]} */
  #first = [];
  /** @type {string[]} */
  #chosen = [];

  connectedCallback() {
    const table = document.getElementById(this.getAttribute("for") ?? "");
    const form = this.querySelector("form");
    if (!(table instanceof HTMLTableElement) || !form || this.#rows.size) return;
    for (const row of table.tBodies[0].rows) this.#rows.set(row.dataset.method ?? "", row);
    this.#first = [...this.#rows].flatMap(([slug, row]) => (row.hidden ? [] : [slug]));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", ({ target }) => {
      if (!(target instanceof HTMLSelectElement) || !target.value) return;
      this.#choose([...this.#chosen, target.value]);
      target.value = "";
    });
    form.addEventListener("click", ({ target }) => {
      const button = /** @type {Element} */ (target).closest("button");
      if (button?.name === "leave") this.#leave(button);
      if (button?.type === "reset") this.#choose(this.#first);
    });
    addEventListener("popstate", () => this.#read(), { signal: this.begin() });
    this.hidden = false;
    this.#read();
  }

  /** Takes the choice from the address; what it names and nobody knows is left out. */
  #read() {
    const named = new URLSearchParams(location.search).get(KEY)?.split(",") ?? [];
    const known = [...new Set(named)].filter((slug) => this.#rows.has(slug));
    this.#show(known.length ? known : this.#first);
  }

  /** @param {HTMLButtonElement} button the focus goes to the next one */
  #leave(button) {
    const place = this.#chosen.indexOf(button.value);
    this.#choose(this.#chosen.filter((slug) => slug !== button.value));
    const rest = this.querySelectorAll(".chips button");
    const next = rest[Math.min(place, rest.length - 1)] ?? this.querySelector("select");
    /** @type {HTMLElement | null} */ (next)?.focus();
  }

  /** @param {string[]} chosen */
  #choose(chosen) {
    this.#show(chosen);
    const url = new URL(location.href);
    url.searchParams.delete(KEY);
    if (`${chosen}` !== `${this.#first}`) {
      const query = [url.searchParams.toString(), `${KEY}=${chosen}`].filter(Boolean).join("&");
      url.search = query; // commas stay readable
    }
    history.replaceState(history.state, "", url);
  }

  /** @param {string[]} chosen */
  #show(chosen) {
    this.#chosen = chosen;
    for (const [slug, row] of this.#rows) row.hidden = !chosen.includes(slug);
    for (const slug of chosen) {
      const row = this.#rows.get(slug);
      row?.parentElement?.append(row);
    }
    const name = (/** @type {string} */ slug) => this.#rows.get(slug)?.querySelector("th a")?.textContent ?? slug;
    const chip = (/** @type {string} */ slug) =>
      button("leave", `${name(slug)} ×`, { value: slug, ariaLabel: `Leave out ${name(slug)}` });
    this.find(".chips").replaceChildren(...chosen.map(chip));
    for (const option of this.querySelectorAll("option"))
      option.disabled = Boolean(option.value) && chosen.includes(option.value);
    this.write("output", `${chosen.length} of ${this.#rows.size} methods`);
  }
}

customElements.define("method-table", MethodTable);
