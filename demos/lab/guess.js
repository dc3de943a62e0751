/** The lab, guessed first: order five methods by how much they explain, then see. */

import { percent } from "./data.js";
import { button, make, paragraph } from "../page/element.js";

/** @typedef {import("./data.js").Data} Data */

const MANY = 5;
const ALIKE = 0.02; // two shares that are so near are in either order

export class Guess {
  /** @type {Set<string>} worlds whose cells are shown */
  revealed = new Set();
  #right = 0;
  #asked = 0;
  /** @type {string[]} methods in the reader's order */
  #order = [];

  /** @param {HTMLElement} place @param {Data} data @param {() => void} changed */
  constructor(place, data, changed) {
    this.place = place;
    this.data = data;
    this.changed = changed;
    place.addEventListener("click", ({ target }) => target instanceof HTMLButtonElement && this.#press(target));
  }

  /** @param {number} at the place of the budget */
  start(at) {
    this.at = at;
    this.revealed.clear();
    [this.#right, this.#asked] = [0, 0];
    this.#next();
  }

  get #world() {
    return this.data.worlds[this.#asked];
  }

  /** @param {string} slug */
  #share(slug) {
    return this.data.found(`${slug}.${this.#world.name}`, this.at ?? 1)?.[0] ?? 0;
  }

  /** Takes up the next world: its own method, and others that lie apart. */
  #next() {
    const { data } = this;
    if (this.#asked >= data.worlds.length) return this.#end();
    const ranked = data.methods
      .filter(({ slug }) => data.found(`${slug}.${this.#world.name}`, this.at ?? 1))
      .map(({ slug }) => slug)
      .sort((a, b) => this.#share(b) - this.#share(a));
    const chosen = new Set(this.#world.family && ranked.includes(this.#world.family) ? [this.#world.family] : []);
    chosen.add("lora");
    for (let i = 0; chosen.size < MANY; i++) {
      const place = Math.round(((i % MANY) * (ranked.length - 1)) / (MANY - 1)) + Math.floor(i / MANY);
      if (ranked[place]) chosen.add(ranked[place]);
    }
    this.#order = [...chosen].sort();
    this.#draw();
  }

  #draw() {
    const { title, sentence } = this.#world;
    const lines = this.#order.map((value, i) => {
      const { name, hypothesis } = this.#method(value);
      const up = button("up", "↑", { value, disabled: !i, ariaLabel: `${name} up` });
      const down = button("down", "↓", { value, disabled: i === MANY - 1, ariaLabel: `${name} down` });
      return make("li", {}, make("span", {}, name), up, down, paragraph("soft", hypothesis));
    });
    const asks = `Which method explains most of it, with at most ${this.data.budgets[this.at ?? 1]} parameters?`;
    this.place.replaceChildren(
      make("h2", {}, `${this.#asked + 1} of ${this.data.worlds.length}: ${title}`),
      make("p", {}, `${sentence} ${asks} Put them in order, the best first.`),
      make("ol", {}, ...lines),
      paragraph("tools", button("reveal", "Reveal")),
    );
  }

  /** @param {string} slug */
  #method(slug) {
    return /** @type {import("./data.js").Method} */ (this.data.methods.find((method) => method.slug === slug));
  }

  /** @param {HTMLButtonElement} button */
  #press({ name, value }) {
    if (name === "up" || name === "down") {
      const from = this.#order.indexOf(value);
      const to = from + (name === "up" ? -1 : 1);
      [this.#order[from], this.#order[to]] = [this.#order[to], this.#order[from]];
      this.#draw();
      const able = `[value="${value}"]:not([disabled])`;
      const moved = this.place.querySelector(`${able}[name=${name}]`) ?? this.place.querySelector(able);
      /** @type {HTMLElement | null} */ (moved)?.focus();
    }
    if (name === "reveal") this.#reveal();
    if (name === "next") {
      this.#asked++;
      this.#next();
      /** @type {HTMLElement | null} */ (this.place.querySelector("button:not([disabled])"))?.focus();
    }
  }

  #reveal() {
    let right = 0;
    let pairs = 0;
    for (const [i, better] of this.#order.entries())
      for (const worse of this.#order.slice(i + 1)) {
        pairs++;
        right += Number(this.#share(better) >= this.#share(worse) - ALIKE);
      }
    this.#right += right;
    this.revealed.add(this.#world.name);
    const list = make("ol", {});
    for (const slug of [...this.#order].sort((a, b) => this.#share(b) - this.#share(a)))
      list.append(make("li", {}, `${this.#method(slug).name}: ${percent(this.#share(slug))} %`));
    const done = this.#asked + 1;
    this.place.replaceChildren(
      make("h2", {}, `${done} of ${this.data.worlds.length}: ${this.#world.title}`),
      list,
      paragraph(
        "score",
        `${right} of ${pairs} pairs in the right order; ${this.#right} of ${done * pairs} so far. Its column is open now.`,
      ),
      paragraph("tools", button("next", done < this.data.worlds.length ? "Next" : "End")),
    );
    this.place.querySelector("button")?.focus();
    this.changed();
  }

  #end() {
    const pairs = (this.data.worlds.length * MANY * (MANY - 1)) / 2;
    const score = `${this.#right} of ${pairs} pairs in the right order. By chance half of them would be.`;
    this.place.replaceChildren(paragraph("score", score));
  }
}
