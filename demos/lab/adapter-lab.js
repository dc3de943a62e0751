/**
 * <adapter-lab>: which method explains which change, as a table to read and to open.
 *
 * The HTML holds the table. What a cell opens is fitted by Python, which is asked for at the first one. The page's address
 * has the budget, the open cells, and the world of the frontier. `adapter-lab:update` follows every fitted picture.
 */

import { RELOAD, lazily } from "../page/files.js";
import { text as csv } from "../page/csv.js";
import { Data, percent, rows } from "./data.js";
import { PageElement, copied, download, head, make, row, scrolling } from "../page/element.js";
import { grid } from "./grid.js";
import { fits } from "./own-adapter.js";
import { Specimen } from "./specimen.js";
import "./own-change.js";

/**
 * @typedef {import("./own-adapter.js").Own} Own
 * @typedef {import("../cell/cell.js").Cell} Cell
 */

class AdapterLab extends PageElement {
  /** @type {Data | undefined} */
  #data;
  /** @type {Specimen[]} at most two, a pinned one first */
  #open = [];
  /** @type {Own | undefined} */
  #own;
  #world = "mix";
  #near = false; // whether the reader has come near the frontier
  #width = 0; // pixels, for which the frontier is drawn: its letters keep their size

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
    const data = this.#data;
    this.addEventListener("input", (event) => this.#choose(/** @type {any} */ (event.target)), on);
    this.addEventListener("click", ({ target }) => target instanceof HTMLButtonElement && this.#press(target), on);
    for (const element of this.querySelectorAll("[disabled]")) element.removeAttribute("disabled");
    this.#restore();
    for (const name of ["heat", "imitation"]) {
      const found = /** @type {HTMLTableElement | null} */ (document.getElementById(name));
      if (found) grid(found, (key) => this.#show(key), signal);
    }
    this.find(".frontier").hidden = false;
    this.#fill();
    const near = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        near.disconnect();
        this.#near = true;
        this.#chart();
      },
      { rootMargin: "300px" },
    );
    near.observe(this.find(".frontier"));
    const wide = new ResizeObserver(() => this.#width !== this.#room && this.#chart());
    wide.observe(this.find(".frontier"));
    for (const observer of [near, wide]) signal.addEventListener("abort", () => observer.disconnect());
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
    /** @param {HTMLElement} cell @param {number | null | undefined} share */
    const write = (cell, share) => {
      cell.textContent = percent(share);
      if (share == null) cell.style.removeProperty("--s");
      else cell.style.setProperty("--s", `${Math.max(0, Math.round(100 * share))}%`);
    };
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
    for (const cell of document.querySelectorAll("[data-cell]"))
      cell.classList.toggle(
        "open",
        this.#open.some(({ key }) => key === /** @type {HTMLElement} */ (cell).dataset.cell),
      );
  }

  #writeOwn() {
    const { data, at } = this;
    const body = this.find("#heat tbody");
    body.querySelector(".yours")?.remove();
    if (!this.#own) return;
    const { name, worlds } = this.#own;
    const cells = data.worlds.map((world) => {
      const found = worlds[world.name]?.[at];
      const cell = make("td", {}, percent(found?.[0]));
      if (found) cell.style.setProperty("--s", `${Math.max(0, Math.round(100 * found[0]))}%`);
      return cell;
    });
    const line = row(head(name, " ", make("span", { className: "soft" }, "yours")), ...cells);
    line.className = "yours";
    body.prepend(line);
  }

  // Open cells ---------------------------------------------------------------------------------------

  /** Opens a cell beside the pinned one. @param {string} key @param {boolean} [quietly] It came with the address. */
  #show(key, quietly) {
    const { data } = this;
    const cell = data.cell(key);
    const at = data.place(key, this.at);
    if (!cell) return;
    if (!data.found(key, at)) {
      this.#say(`${cell.method.name} has no setting with at most ${data.budgets[at]} parameters.`);
      return;
    }
    let specimen = this.#open.find(({ pinned }) => !pinned);
    if (!specimen) {
      specimen = new Specimen(data, (text) => this.#say(text));
      this.#open.push(specimen);
      this.find(".cells").append(specimen.element);
    }
    specimen.show(key, at);
    if (cell.world) this.#world = cell.world.name;
    this.#fill();
    this.#chart();
    if (quietly) return;
    this.#keep();
    specimen.element.scrollIntoView({ block: "nearest" });
    if (document.activeElement?.closest("#imitation")) specimen.element.focus();
  }

  /** @param {HTMLButtonElement} button */
  #press(button) {
    const specimen = this.#open.find(({ element }) => element.contains(button));
    if (button.name === "pin" && specimen) this.#pin(specimen, button);
    if (button.name === "close" && specimen) {
      this.#close(specimen)?.scrollIntoView({ block: "nearest", inline: "nearest" });
      this.#say("");
    }
    if (button.name === "stop") specimen?.stop();
    if (button.name === "matrices") specimen?.save();
    if (button.name === "csv") download(csv(rows(this.data, this.#own)), "explained.csv");
    if (button.name === "link") this.#copy();
  }

  /** @param {Specimen} specimen @param {HTMLButtonElement} button */
  #pin(specimen, button) {
    for (const other of this.#open) if (other !== specimen && other.pinned) this.#close(other);
    specimen.pinned = !specimen.pinned;
    button.ariaPressed = `${specimen.pinned}`;
    this.#say(specimen.pinned ? "Pinned: the next cell opens beside it." : "");
    this.#keep();
  }

  /** @param {Specimen} specimen @returns its cell */
  #close(specimen) {
    specimen.say = () => {}; // its fit may go on
    this.#open = this.#open.filter((other) => other !== specimen);
    specimen.element.remove();
    this.#fill();
    this.#chart();
    this.#keep();
    const cell = /** @type {HTMLElement | null} */ (document.querySelector(`[data-cell="${specimen.key}"]`));
    cell?.focus({ preventScroll: true });
    return cell;
  }

  // The frontier -------------------------------------------------------------------------------------

  /** The width that there is for it. */
  get #room() {
    return Math.max(320, Math.min(720, this.find(".frontier").clientWidth));
  }

  /** Draws it, once the reader is near: its script is not needed before. */
  async #chart() {
    if (!this.#near) return;
    const { data } = this;
    const { signal } = this.lifetime;
    const place = this.find(".frontier");
    const { frontier, table } = await lazily(() => import("./frontier.js")).catch(({ message }) => {
      place.textContent = message;
      return { frontier: undefined, table: undefined };
    });
    if (!frontier || !table || signal.aborted) return;
    const world = data.worlds.find(({ name }) => name === this.#world) ?? data.worlds[0];
    const open = this.#open.map(({ key }) => data.cell(key)?.method.slug);
    /** @param {(import("./data.js").Found | null)[] | undefined} found */
    const points = (found) => [
      ...new Map((found ?? []).flatMap((f) => (f ? [[f[1], { size: f[1], share: f[0] }]] : []))).values(),
    ];
    /** @type {import("./frontier.js").Line[]} */
    const lines = data.methods.map(({ slug, name, theme, worlds }) => ({
      ...{ name, kind: theme, points: points(worlds[world.name]), marked: open.includes(slug) },
    }));
    if (this.#own) {
      const { name, worlds } = this.#own;
      lines.push({ name, kind: "own", points: points(worlds[world.name]), marked: true });
    }
    lines.sort((a, b) => Number(a.marked) - Number(b.marked)); // what is marked is drawn last
    const select = make("select", { name: "world" });
    for (const { name, title } of data.worlds) select.add(new Option(title, name, false, name === world.name));
    const focused = document.activeElement === place.querySelector("select");
    const unfolded = place.querySelector("details")?.open ?? false;
    place.replaceChildren(
      make("h2", {}, "What more parameters buy"),
      make("label", {}, "World ", select),
      frontier(data, world, lines, (this.#width = this.#room)),
      make(
        "details",
        { open: unfolded, className: "example" },
        make("summary", {}, "These points as a table"),
        scrolling(table(data, lines)),
      ),
    );
    if (focused) select.focus();
  }

  // A reader's own adapter ---------------------------------------------------------------------------

  /** Fits what is in the editor to all worlds, at one budget after another. @param {CustomEvent<Cell>} event */
  async #fit(event) {
    if (event.detail.host.name !== "own" || !this.#data) return;
    event.preventDefault();
    const { signal } = this.lifetime;
    /** @param {Own} own */
    const found = (own) => {
      this.#own = own;
      this.#writeOwn();
    };
    const own = await fits(event.detail, this.data, signal, found);
    if (!own) return;
    this.#chart();
    this.dispatchEvent(new CustomEvent("adapter-lab:own", { bubbles: true, detail: own }));
  }

  // The address and files ----------------------------------------------------------------------------

  /** @param {HTMLInputElement} control */
  #choose(control) {
    if (control.name === "world") {
      this.#world = control.value;
      this.#chart();
    }
    if (control.name === "ranks") {
      this.#fill();
      for (const { key } of [...this.#open]) this.#again(key);
    }
    this.#keep();
  }

  /** Shows an open cell at the present budget. @param {string} key */
  #again(key) {
    const specimen = this.#open.find((specimen) => specimen.key === key);
    const at = this.data.place(key, this.at);
    if (!this.data.found(key, at)) specimen && this.#close(specimen);
    else specimen?.show(key, at);
  }

  #restore() {
    const query = new URLSearchParams(location.search);
    const wrong = [];
    const ranks = query.get("ranks");
    const radio = ranks && this.querySelector(`[name=ranks][value="${CSS.escape(ranks)}"]`);
    if (radio) /** @type {HTMLInputElement} */ (radio).checked = true;
    else if (ranks) wrong.push(`ranks=${ranks.slice(0, 40)}`);
    const world = query.get("world");
    if (world && this.data.worlds.some(({ name }) => name === world)) this.#world = world;
    else if (world) wrong.push(`world=${world.slice(0, 40)}`);
    for (const name of ["pin", "cell"]) {
      const key = query.get(name);
      if (!key) continue;
      if (!this.data.cell(key)) wrong.push(`${name}=${key.slice(0, 40)}`);
      else {
        this.#show(key, true);
        const specimen = this.#open.find((specimen) => specimen.key === key);
        const button = specimen?.element.querySelector("[name=pin]");
        if (name === "pin" && specimen && button) {
          specimen.pinned = true;
          button.ariaPressed = "true";
        }
      }
    }
    if (world && !wrong.length) this.#world = world;
    if (wrong.length) this.#say(`Not possible in the address: ${wrong.join(", ")}.`);
  }

  /** Writes the page's address. */
  #keep() {
    const url = new URL(location.href);
    const pinned = this.#open.find(({ pinned }) => pinned)?.key;
    const free = this.#open.find(({ pinned }) => !pinned)?.key;
    const shown = this.data.cell(free ?? pinned ?? "")?.world?.name ?? "mix";
    const values = {
      ranks: this.at === 1 ? undefined : `${this.data.ranks[this.at]}`,
      pin: pinned,
      cell: free,
      world: this.#world === shown ? undefined : this.#world,
    };
    for (const [name, value] of Object.entries(values)) {
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    history.replaceState(history.state, "", url);
  }

  async #copy() {
    const url = new URL(location.href);
    url.hash = this.#open.length ? this.find(".cells").id : "";
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

customElements.define("adapter-lab", AdapterLab);
