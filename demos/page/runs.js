/** <run-list>: the runs behind the experiment's tables, each with its key, and with what makes it again. */

import { rows as parsed } from "./csv.js";
import { get } from "./files.js";

/** A run, by the names of the columns. @typedef {Record<string, string>} Run */

const COLUMNS = /** @type {const} */ ({
  key: "Key",
  task: "Task",
  base: "Base model",
  width: "Width",
  batch: "Batch",
  steps: "Steps",
  rate: "Rate",
  seed: "Seed",
  phase: "Part",
  test: "Test loss",
  validation: "Validation loss",
  status: "Status",
});

class RunList extends HTMLElement {
  #gone = new AbortController();
  /** @type {Promise<Run[]> | undefined} */
  #loaded;

  connectedCallback() {
    const { signal } = (this.#gone = new AbortController());
    this.#form.removeAttribute("disabled");
    this.addEventListener("input", () => this.#go({ method: this.#method.value }), { signal });
    this.addEventListener("click", ({ target }) => this.#copy(/** @type {HTMLElement} */ (target)), { signal });
    // a link to other runs of this page is no visit of another one
    this.closest(".md-content")?.addEventListener("click", (event) => this.#follow(/** @type {any} */ (event)), {
      signal,
      capture: true,
    });
    addEventListener("popstate", () => this.#show(), { signal });
    this.#show();
  }

  disconnectedCallback() {
    this.#gone.abort();
  }

  get #form() {
    return /** @type {HTMLFieldSetElement} */ (this.querySelector("fieldset"));
  }

  get #method() {
    return /** @type {HTMLSelectElement} */ (this.querySelector("[name=method]"));
  }

  /** @param {MouseEvent} event */
  #follow(event) {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const { button, ctrlKey, metaKey, shiftKey, altKey } = event;
    if (!link || button || ctrlKey || metaKey || shiftKey || altKey) return;
    const query = new URLSearchParams(link.search);
    if (link.pathname !== location.pathname || !(query.has("run") || query.has("method"))) return;
    event.preventDefault();
    event.stopPropagation();
    this.#go(Object.fromEntries(query));
  }

  /** @param {Record<string, string>} query */
  #go(query) {
    history.pushState(null, "", `?${new URLSearchParams(query)}#runs`);
    this.#show();
    document.getElementById("runs")?.scrollIntoView();
  }

  /** Shows what the address names. */
  async #show() {
    const { search } = location;
    const query = new URLSearchParams(search);
    const [key, method] = [query.get("run"), query.get("method")];
    if (!key && !method) return;
    this.#say("Reading the table of runs.");
    try {
      const all = await (this.#loaded ??= this.#load());
      if (this.#gone.signal.aborted || search !== location.search) return;
      const one = key ? all.filter((run) => run.key.startsWith(key)) : [];
      if (key && one.length !== 1)
        return this.#say(`${one.length} runs have a key that begins with ${key.slice(0, 40)}.`);
      const name = one[0]?.method ?? method;
      const runs = all.filter((run) => run.method === name);
      if (!runs.length) return this.#say(`No run is of ${`${name}`.slice(0, 40)}.`);
      if ([...this.#method.options].some(({ value }) => value === name)) this.#method.value = name;
      this.#say(`${runs.length} runs of ${name}.`);
      this.#place(".one", ...(one.length ? recipe(one[0]) : []));
      this.#place(".scroll", table(runs, one[0]));
    } catch (error) {
      this.#loaded = undefined;
      this.#say(/** @type {Error} */ (error).message);
    }
  }

  async #load() {
    const csv = await (await get(new URL(`${this.dataset.file}`, document.baseURI).href)).text();
    const [names, ...rows] = parsed(csv);
    return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])));
  }

  /** @param {HTMLElement} button */
  async #copy(button) {
    if (button.getAttribute("name") !== "copy") return;
    try {
      await navigator.clipboard.writeText(`${this.querySelector(".one code")?.textContent}`);
      button.textContent = "Copied";
    } catch {
      this.#say("The browser does not allow copying. Select the command.");
    }
  }

  /** @param {string} text */
  #say(text) {
    /** @type {HTMLElement} */ (this.querySelector("[role=status]")).textContent = text;
    this.#place(".one");
    this.#place(".scroll");
  }

  /** @param {string} selector @param {Node[]} nodes */
  #place(selector, ...nodes) {
    const place = /** @type {HTMLElement} */ (this.querySelector(selector));
    place.replaceChildren(...nodes);
    place.hidden = !nodes.length;
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, any>} properties @param {(Node | string)[]} children
 */
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Return the command that makes a run again. @param {Run} run */
function recipe({ key, test }) {
  const command = `python3 scripts/dev.py study experiment --again ${key}`;
  const about = `This makes ${key} again in a checkout of the project, and compares: the test loss of the table is ${test}.`;
  return [
    make("p", {}, about),
    make(
      "p",
      { className: "tools" },
      make("code", {}, command),
      " ",
      make("button", { type: "button", name: "copy" }, "Copy"),
    ),
  ];
}

/** @param {Run[]} runs @param {Run} [chosen] */
function table(runs, chosen) {
  const head = make("tr", {}, ...Object.values(COLUMNS).map((title) => make("th", { scope: "col" }, title)));
  const body = runs.map((run) => {
    const link = make("a", { href: `?run=${run.key}#runs` }, run.key);
    const cells = Object.keys(COLUMNS).map((name) => make("td", {}, name === "key" ? link : run[name] || "–"));
    const row = make("tr", {}, ...cells);
    if (run === chosen) row.setAttribute("aria-current", "true");
    return row;
  });
  const caption = make("caption", {}, "Each run by its key. A click on one says how to make it again.");
  return make("table", { className: "data" }, caption, make("thead", {}, head), make("tbody", {}, ...body));
}

customElements.define("run-list", RunList);
