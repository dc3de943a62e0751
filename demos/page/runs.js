/** <run-list>: the runs behind the experiment's tables, each with its key, and with what makes it again. */

import { records } from "./csv.js";
import { PageElement, button, copied, make, paragraph, row, table } from "./element.js";

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

class RunList extends PageElement {
  connectedCallback() {
    const signal = this.begin();
    this.find("fieldset").removeAttribute("disabled");
    this.addEventListener("input", () => this.#go({ method: this.#method.value }), { signal });
    this.addEventListener("click", ({ target }) => this.#copy(/** @type {HTMLElement} */ (target)), { signal });
    this.follow(({ search }) => this.#go(Object.fromEntries(new URLSearchParams(search))));
    addEventListener("popstate", () => this.#show(), { signal });
    this.#show();
  }

  /** @returns {HTMLSelectElement} */
  get #method() {
    return this.find("[name=method]");
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
      const all = await records(new URL(`${this.dataset.file}`, document.baseURI).href);
      if (this.lifetime.signal.aborted || search !== location.search) return;
      const one = key ? all.filter((run) => run.key.startsWith(key)) : [];
      if (key && one.length !== 1)
        return this.#say(`${one.length} runs have a key that begins with ${key.slice(0, 40)}.`);
      const name = one[0]?.method ?? method;
      const runs = all.filter((run) => run.method === name);
      if (!runs.length) return this.#say(`No run is of ${`${name}`.slice(0, 40)}.`);
      if ([...this.#method.options].some(({ value }) => value === name)) this.#method.value = name;
      this.#say(`${runs.length} runs of ${name}.`);
      this.#place(".one", ...(one.length ? recipe(one[0]) : []));
      this.#place(".scroll", listed(runs, one[0]));
    } catch (error) {
      this.#say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {HTMLElement} button */
  async #copy(button) {
    if (button.getAttribute("name") !== "copy") return;
    if (await copied(this.find(".one code").textContent)) button.textContent = "Copied";
    else this.#say("The browser does not allow copying. Select the command.");
  }

  /** @param {string} text */
  #say(text) {
    this.write("[role=status]", text);
    this.#place(".one");
    this.#place(".scroll");
  }

  /** @param {string} selector @param {Node[]} nodes */
  #place(selector, ...nodes) {
    const place = this.find(selector);
    place.replaceChildren(...nodes);
    place.hidden = !nodes.length;
  }
}

/** Return the command that makes a run again. @param {Run} run */
function recipe({ key, test }) {
  const command = `python3 scripts/dev.py study experiment --again ${key}`;
  const about = `This makes ${key} again in a checkout of the project, and compares: the test loss of the table is ${test}.`;
  return [make("p", {}, about), paragraph("tools", make("code", {}, command), " ", button("copy", "Copy"))];
}

/** @param {Run[]} runs @param {Run} [chosen] */
function listed(runs, chosen) {
  const rows = runs.map((run) => {
    const { key, ...texts } = Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, run[name] || "–"]));
    const line = row(make("a", { href: `?run=${key}#runs` }, key), ...Object.values(texts));
    if (run === chosen) line.setAttribute("aria-current", "true");
    return line;
  });
  return table("Each run by its key. A click on one says how to make it again.", Object.values(COLUMNS), rows);
}

customElements.define("run-list", RunList);
