/**
 * <adapter-lab>: which method explains which change, as a table to read and to open.
 *
 * The HTML holds the table. What a cell opens is fitted by Python, which is asked for at the first one. The page's address
 * has the budget and the open cell. `adapter-lab:update` follows every fitted picture.
 */

import { RELOAD } from "../page/files.js";
import { text as csv } from "../page/csv.js";
import { Data, percent, rows } from "./data.js";
import { PageElement, copied, download, head, make, row } from "../page/element.js";
import { grid } from "./grid.js";
import { fits } from "./own-adapter.js";
import { Specimen } from "./specimen.js";

/**
 * @typedef {import("./own-adapter.js").Own} Own
 * @typedef {import("../cell/cell.js").Cell} Cell
 */

class AdapterLab extends PageElement {
  /** @type {Data | undefined} */
  #data;
  /** @type {Specimen | undefined} */
  #open;
  /** @type {Own | undefined} */
  #own;

  async connectedCallback() {
    const signal = this.begin();
    const on = { signal };
    document.addEventListener("code-cell:run", (event) => this.#fit(/** @type {CustomEvent} */ (event)), on);
    try {
      this.#data ??= await Data.load();
    } catch {
      if (!signal.aborted)
        this.#say(
          `What is behind the table could not be loaded, so that its cells do not open. The table holds. ${RELOAD}`,
        );
      return;
    }
    if (signal.aborted) return;
    this.addEventListener("input", () => this.#turn(), on);
    this.addEventListener("click", ({ target }) => target instanceof HTMLButtonElement && this.#press(target), on);
    for (const element of this.querySelectorAll("[disabled]")) element.removeAttribute("disabled");
    this.#restore();
    for (const name of ["heat", "imitation"]) {
      const table = /** @type {HTMLTableElement | null} */ (document.getElementById(name));
      if (table) grid(table, (key) => this.#show(key), signal);
    }
    this.#fill();
    this.dataset.state = "ready";
  }

  get data() {
    return /** @type {Data} */ (this.#data);
  }

  /** The place of the budget. */
  get at() {
    return this.data.ranks.indexOf(Number(this.find("[name=ranks]:checked").value));
  }

  // The table ----------------------------------------------------------------------------------------

  /** Writes all numbers of the table for the present budget. */
  #fill() {
    const { data, at } = this;
    const table = this.find("#heat");
    for (const cell of table.querySelectorAll("[data-cell]")) write(cell, data.found(cell.dataset.cell, at)?.[0]);
    const [best, random] = table.querySelectorAll(".foot");
    const rank = data.ranks[at];
    best.cells[0].textContent = `Best change of rank ${rank}`;
    for (const [i, world] of data.worlds.entries()) {
      write(best.cells[i + 1], world.best[rank]);
      write(random.cells[i + 1], data.chance(rank * (data.size[0] + data.size[1])));
    }
    table.querySelector(".budget").textContent = `${data.budgets[at]}`;
    this.#writeOwn();
    for (const cell of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-cell]")))
      cell.classList.toggle("open", cell.dataset.cell === this.#open?.key);
  }

  #writeOwn() {
    const { data, at } = this;
    const body = this.find("#heat tbody");
    body.querySelector(".yours")?.remove();
    if (!this.#own) return;
    const { name, worlds } = this.#own;
    const cells = data.worlds.map((world) => write(make("td", {}), worlds[world.name]?.[at]?.[0]));
    const line = row(head(name, " ", make("span", { className: "soft" }, "yours")), ...cells);
    line.className = "yours";
    body.prepend(line);
  }

  // The open cell ------------------------------------------------------------------------------------

  /** @param {string} key @param {boolean} [quietly] It came with the address. */
  #show(key, quietly) {
    const { data } = this;
    const cell = data.cell(key);
    const at = data.place(key, this.at);
    if (!cell) return;
    if (!data.found(key, at)) {
      this.#say(`${cell.method.name} has no setting with at most ${data.budgets[at]} parameters.`);
      return;
    }
    if (!this.#open) {
      this.#open = new Specimen(data, (text) => this.#say(text));
      this.find(".cells").append(this.#open.element);
    }
    this.#open.show(key, at);
    this.#fill();
    if (quietly) return;
    this.#keep();
    this.#open.element.scrollIntoView({ block: "nearest" });
    if (document.activeElement?.closest("#imitation")) this.#open.element.focus();
  }

  /** @param {HTMLButtonElement} button */
  #press({ name }) {
    if (name === "close") {
      this.#close()?.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.#say("");
    }
    if (name === "stop") this.#open?.stop();
    if (name === "matrices") this.#open?.save();
    if (name === "csv") download(csv(rows(this.data, this.#own)), "explained.csv");
    if (name === "link") this.#copy();
  }

  /** Closes the open cell, whose fit may go on, and returns its place in the table. */
  #close() {
    const specimen = this.#open;
    if (!specimen) return;
    specimen.say = () => {};
    specimen.element.remove();
    this.#open = undefined;
    this.#fill();
    this.#keep();
    const cell = /** @type {HTMLElement | null} */ (document.querySelector(`[data-cell="${specimen.key}"]`));
    cell?.focus({ preventScroll: true });
    return cell;
  }

  /** Shows the table and the open cell at another budget. */
  #turn() {
    this.#fill();
    const { key } = this.#open ?? {};
    const at = this.data.place(key ?? "", this.at);
    if (key && !this.data.found(key, at)) this.#close();
    else if (key) this.#open?.show(key, at);
    this.#keep();
  }

  // A reader's own adapter ---------------------------------------------------------------------------

  /** Fits what is in the editor to all worlds, at one budget after another. @param {CustomEvent<Cell>} event */
  async #fit(event) {
    if (event.detail.host.name !== "own" || !this.#data) return;
    event.preventDefault();
    const own = await fits(event.detail, this.data, this.lifetime.signal, (own) => {
      this.#own = own;
      this.#writeOwn();
    });
    if (own) this.dispatchEvent(new CustomEvent("adapter-lab:own", { bubbles: true, detail: own }));
  }

  // The address --------------------------------------------------------------------------------------

  #restore() {
    const query = new URLSearchParams(location.search);
    const wrong = [];
    const ranks = query.get("ranks");
    const radio = ranks && this.querySelector(`[name=ranks][value="${CSS.escape(ranks)}"]`);
    if (radio) /** @type {HTMLInputElement} */ (radio).checked = true;
    else if (ranks) wrong.push(`ranks=${ranks.slice(0, 40)}`);
    const key = query.get("cell");
    if (key && !this.data.cell(key)) wrong.push(`cell=${key.slice(0, 40)}`);
    else if (key) this.#show(key, true);
    if (wrong.length) this.#say(`Not possible in the address: ${wrong.join(", ")}.`);
  }

  /** Writes the page's address. */
  #keep() {
    const url = new URL(location.href);
    const values = { ranks: this.at === 1 ? undefined : `${this.data.ranks[this.at]}`, cell: this.#open?.key };
    for (const [name, value] of Object.entries(values)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    history.replaceState(history.state, "", url);
  }

  async #copy() {
    const url = new URL(location.href);
    url.hash = this.#open ? this.find(".cells").id : "";
    const done = await copied(url.href);
    this.#say(
      done ? "The link to what is open is copied." : `The browser does not allow copying. The link: ${url.href}`,
    );
  }

  /** @param {string} text */
  #say(text) {
    this.write(".status", text);
  }
}

/** A share, as number and colour. @param {HTMLTableCellElement} cell @param {number | null | undefined} share */
function write(cell, share) {
  cell.textContent = percent(share);
  if (share == null) cell.style.removeProperty("--s");
  else cell.style.setProperty("--s", `${Math.max(0, Math.round(100 * share))}%`);
  return cell;
}

customElements.define("adapter-lab", AdapterLab);
