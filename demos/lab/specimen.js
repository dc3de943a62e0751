/** An open cell: the wanted change, what a method makes of it and the residual, and what that says. */

import { python } from "../python/client.js";
import { text as csv } from "../page/csv.js";
import { explore } from "../widget/explore.js";
import { canvas } from "../widget/heatmap.js";
import { percent, picture, settings } from "./data.js";
import { button, download, make, paragraph } from "../page/element.js";

/** @typedef {import("./data.js").Data} Data */

const VIEWS = { target: "Target", fitted: "Fitted", residual: "Residual" };

/**
 * The widget of a method at the settings of a cell: at those of its page it may explain another share.
 *
 * @param {import("./data.js").Method} method @param {string} world @param {import("./data.js").Knobs} knobs
 */
function widget({ slug, page }, world, knobs) {
  const named = Object.entries({ ...knobs, world }).map(([name, value]) => [name, `${value}`]);
  return `../${page}?${new URLSearchParams(named)}#try-${slug}`;
}

export class Specimen {
  /** @type {Record<string, Float64Array>} */
  #views = {};
  #asked = 0;

  /** @param {Data} data @param {(text: string) => void} say */
  constructor(data, say) {
    this.data = data;
    this.say = say;
    this.key = "";
    this.element = make("article", { className: "specimen", tabIndex: -1 });
  }

  /** @param {string} key @param {number} at the place of the budget */
  async show(key, at) {
    const cell = this.data.cell(key);
    const found = this.data.found(key, at);
    if (!cell || !found) return;
    Object.assign(this, { key });
    const { method, world, teacher } = cell;
    const [share, size, knobs] = found;
    const title = make("h2", {}, make("a", { href: `../${method.page}` }, method.name), ` on ${this.#goal}`);
    const views = make("div", { className: "views" });
    this.element.replaceChildren(
      title,
      paragraph("soft", world?.sentence ?? `A random step of ${teacher?.name}, which the student does not see.`),
      views,
      paragraph("finding", this.#finding(share, size, at)),
      ...this.#loss(at),
      paragraph(
        "soft settings",
        `At ${settings(knobs) || "its only setting"}, the best within ${this.data.budgets[at]} parameters.`,
        ...(world && method.first
          ? [" ", make("a", { href: widget(method, world.name, knobs) }, "The same in its widget")]
          : []),
      ),
      paragraph(
        "tools",
        button("stop", "Stop", { hidden: true }),
        button("matrices", "Matrices as CSV", { disabled: true }),
        button("close", "Close"),
      ),
    );
    this.#views = {};
    this.#draw(views);
    if (world) this.#first(world.name, views);
    await this.#ask(cell, knobs, views);
  }

  /** Ends a fit, whose last picture stays and is compared with nothing. */
  stop() {
    this.#asked++;
    python.cancel(this);
    this.#button("stop").hidden = true;
    this.element.querySelector(".views")?.setAttribute("aria-busy", "false");
    this.say("Unfinished: stopped. The table and its numbers are those of whole fits.");
  }

  /** @param {string} name @returns {HTMLButtonElement} */
  #button(name) {
    return /** @type {HTMLButtonElement} */ (this.element.querySelector(`[name=${name}]`));
  }

  /** Draws what is wanted before Python is there. @param {string} name @param {HTMLElement} place */
  async #first(name, place) {
    const target = await picture(name).catch(() => undefined); // Python brings it too
    if (!target || this.#views.target || !place.isConnected) return;
    this.#views = { target };
    this.#draw(place);
  }

  get #goal() {
    const cell = this.data.cell(this.key);
    return cell?.world ? `“${cell.world.title}”` : `a change by ${cell?.teacher?.name}`;
  }

  /** @param {number} share @param {number} size @param {number} at */
  #finding(share, size, at) {
    const { data } = this;
    const cell = data.cell(this.key);
    const lora = data.found(`lora.${this.key.slice(this.key.indexOf(".") + 1)}`, at);
    const parts = [`Explains ${percent(share)} % with ${size} parameters.`];
    if (lora && cell?.method.slug !== "lora") parts.push(`LoRA with ${lora[1]}: ${percent(lora[0])} %.`);
    if (cell?.world) {
      const rank = data.ranks[at];
      parts.push(`The best change of rank ${rank}: ${percent(cell.world.best[rank])} %.`);
    }
    parts.push(`A random subspace of ${size}: ${percent(data.chance(size))} %.`);
    return parts.join(" ");
  }

  /** Show the worth of a fit of a real change to the model it comes from. @param {number} at @returns {HTMLElement[]} */
  #loss(at) {
    const found = this.data.loss(this.key, at);
    if (!found) return [];
    const [knobs, parameters, share, kept] = found;
    const text =
      `What that is worth: fitted to four whole matrices of the model with ${parameters} parameters (${knobs.replaceAll(" ", ", ") || "no knob"}), ` +
      `it describes ${percent(share)} % of what full fine-tuning on code did to them. With that in place of their changes, ` +
      `${percent(kept)} % of the ${this.data.worth} nats that these are worth remain.`;
    return [paragraph("loss", `${text} `, make("a", { href: "../findings/tuned/#reach" }, "All of them"))];
  }

  /** @param {NonNullable<ReturnType<Data["cell"]>>} cell @param {import("./data.js").Knobs} knobs @param {HTMLElement} views */
  async #ask({ method, world, teacher }, knobs, views) {
    const asked = ++this.#asked;
    const name = world?.name ?? teacher?.slug ?? "";
    const taught = teacher && this.data.teachers[teacher.slug][1];
    views.ariaBusy = "true";
    const ready = python.state === "ready";
    this.say(ready ? `Fitting ${method.name}.` : `Loading Python, ${python.size} if it is not here yet.`);
    try {
      const request = { type: /** @type {const} */ ("lab"), method: method.slug, knobs, name, taught };
      this.#button("stop").hidden = false;
      /** @param {any} part */
      const take = (part) => {
        if (asked !== this.#asked) return;
        this.#views = part.views;
        this.#draw(views);
        const steps = part.step === 1 ? "1 step" : `${part.step} steps`;
        this.say(`Fitting ${method.name}: ${percent(part.share)} % explained after ${steps}. It goes on.`);
      };
      /** @type {any} */
      const answer = await python.ask(this, request, take);
      if (!answer || asked !== this.#asked) return;
      this.#views = answer.views;
      this.#draw(views);
      this.#button("matrices").disabled = false;
      this.say(`${method.name} on ${this.#goal}: ${percent(answer.share)} % explained, fitted in your browser.`);
      this.element.dataset.share = `${answer.share}`;
      this.element.dispatchEvent(
        new CustomEvent("adapter-lab:update", { bubbles: true, detail: { key: this.key, ...answer } }),
      );
    } catch (error) {
      if (asked !== this.#asked) return;
      this.say(`${error instanceof Error ? error.message : error} The table and its numbers still hold.`);
    } finally {
      if (asked === this.#asked) [views.ariaBusy, this.#button("stop").hidden] = ["false", true];
    }
  }

  /** Draws what there is, all on the scale of what is wanted. @param {HTMLElement} place */
  #draw(place) {
    const [rows, columns] = this.data.size;
    const limit = Math.max(...Array.from(this.#views.target ?? [0], Math.abs));
    const old = [...place.querySelectorAll("canvas")];
    if (!old.length) {
      for (const label of Object.values(VIEWS)) {
        const stage = make("div", { className: "stage" }, make("canvas", {}), make("div", { className: "cursor" }));
        place.append(make("figure", {}, make("figcaption", { className: "title" }, label), stage, make("output", {})));
      }
    }
    for (const [i, name] of Object.keys(VIEWS).entries()) {
      const values = this.#views[name];
      const figure = place.children[i];
      figure.classList.toggle("waiting", !values);
      if (!values) continue;
      const view = { name, label: VIEWS[/** @type {keyof VIEWS} */ (name)], rows, columns, values, limit };
      canvas(view, figure.querySelector("canvas"), document);
      const stage = /** @type {HTMLElement} */ (figure.querySelector(".stage"));
      if (stage.tabIndex < 0) explore(/** @type {any} */ (this.element), stage);
    }
    let scale = place.querySelector(".scale");
    if (!scale) place.append((scale = make("p", { className: "scale" })));
    const end = limit.toPrecision(2);
    if (limit) scale.replaceChildren(`−${end}`, make("i", {}), `${end}`);
  }

  save() {
    const [rows, columns] = this.data.size;
    const place = (/** @type {number} */ i) => [Math.floor(i / columns) + 1, (i % columns) + 1];
    const lines = Object.entries(this.#views).flatMap(([name, values]) =>
      Array.from({ length: rows * columns }, (_, i) => [name, ...place(i), values[i]]),
    );
    download(csv([["matrix", "row", "column", "value"], ...lines]), `${this.key}.csv`);
  }
}
