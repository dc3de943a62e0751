/**
 * `<adapter-stage method="oft" targets="turn longer">`: eight neurons that move as an adapter lets them, by a handle that the
 * mouse, a finger or arrow keys hold. `targets` are those to choose from, `beside` is another method to try on the same one.
 *
 * What the element contains is its picture without a script. It tells `data-state="live"` once it can be moved, and fires
 * `adapter-stage:move` when it comes to rest, with the method, the target and what is explained.
 */

import { make } from "../page/element.js";
import { get } from "../page/files.js";
import { HALF, count, says, shapes, view } from "./draw.js";
import { grips, nudged } from "./hands.js";

const NS = "http://www.w3.org/2000/svg";
const MILLISECONDS = 900; // of the way to the best fit
const SOLVED = 0.995;
/** Hints at the handle that has furthest to go, until one is touched. */
const HINTS = { line: "turn me", wheel: "turn me", tip: "pull me", dial: "" };

/** @type {Promise<import("./table.js").Stored> | undefined} */
let stored;

/** Everything that stages show, fetched once. */
function load() {
  stored ??= get("stage.json").then((response) => response.json()); // the release names it here
  stored.catch(() => (stored = undefined));
  return stored;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
/** @param {number} t */
const eased = (t) => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);

export class AdapterStage extends HTMLElement {
  /** @type {import("./table.js").Stored} */
  #stored = /** @type {any} */ (undefined);
  #method = "";
  #target = "";
  /** @type {number[]} */
  #held = [];
  /** @type {import("./draw.js").View} */
  #view = /** @type {any} */ (undefined);
  #running = 0;
  /** @type {{id: number, which: number} | undefined} the pointer that holds a handle */
  #pointer;
  #scene = document.createElementNS(NS, "g");
  #hands = document.createElementNS(NS, "g");
  #svg = document.createElementNS(NS, "svg");
  #readout = make("div", { className: "readout" });
  #tools = make("div", { className: "tools" });
  #status = make("p", { className: "status" });
  #table = make("table", { className: "matrix" });

  async connectedCallback() {
    if (this.#stored) return;
    try {
      this.#stored = await load();
    } catch {
      return; // the picture that is there already stays
    }
    this.#svg.setAttribute("viewBox", `${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`);
    this.#svg.setAttribute("role", "group");
    this.#scene.setAttribute("class", "scene");
    this.#svg.append(this.#scene, this.#hands);
    this.#status.role = "status";
    this.#listen();
    const table = this.hasAttribute("matrix") ? [this.#table] : [];
    this.replaceChildren(
      this.#readout,
      make("div", { className: "board" }, this.#svg, ...table),
      this.#tools,
      this.#status,
    );
    this.#start();
    this.dataset.state = "live";
    // Letters and handles keep their size, whatever that of the drawing.
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width) this.style.setProperty("--unit", `${(2 * HALF) / contentRect.width}`);
    }).observe(this.#svg);
  }

  /** Shows another method on targets of its own. @param {{method: string, targets: string, beside?: string}} what */
  show({ method, targets, beside = "" }) {
    if (method === this.getAttribute("method") && targets === this.getAttribute("targets")) return;
    this.setAttribute("method", method);
    this.setAttribute("targets", targets);
    this.setAttribute("beside", beside);
    if (this.#stored) this.#start();
  }

  /** The first method, and the one beside it where it knows the target. */
  get #methods() {
    const names = [this.getAttribute("method") ?? "", this.getAttribute("beside") ?? ""];
    return names.filter((name) => this.#stored.methods[name]?.scenes[this.#target]);
  }

  get #targets() {
    const own = Object.keys(this.#stored.methods[this.getAttribute("method") ?? ""].scenes);
    const named = this.getAttribute("targets");
    return named ? named.split(" ").filter((name) => own.includes(name)) : own;
  }

  get #scenery() {
    return this.#stored.methods[this.#method];
  }

  #start() {
    this.#set(this.getAttribute("method") ?? "", this.#targets[0]);
  }

  /** @param {string} method @param {string} target */
  #set(method, target) {
    [this.#method, this.#target] = [method, target];
    this.style.setProperty("--of", `var(--of-${this.#scenery.theme})`);
    this.#svg.setAttribute("aria-label", `${this.#scenery.name}. ${this.#stored.targets[target].says}`);
    this.#scene.replaceChildren();
    this.#hands.replaceChildren();
    this.#move(this.#scenery.handles.map(({ start }) => start));
    this.#equip();
  }

  // Moving -----------------------------------------------------------------------------------------

  /** @param {number[]} held where the handles stand from now on */
  #move(held) {
    cancelAnimationFrame(this.#running);
    this.#held = held;
    this.#draw();
  }

  /** Moves handles in time, one after another where each has a part of its own. @param {number[]} goal */
  #play(goal) {
    const from = this.#held;
    const legs =
      this.#scenery.handles[0].kind === "dial"
        ? goal.map((_, i) => goal.map((v, j) => (j <= i ? v : from[j])))
        : [goal];
    const stations = [from, ...legs.map((leg) => leg.map((v, i) => this.#nearest(v, from[i], i)))];
    if (calm.matches) return this.#rest(goal);
    const began = performance.now();
    const step = (/** @type {number} */ now) => {
      const t = Math.max(0, now - began) / MILLISECONDS;
      const leg = Math.min(Math.floor(t), legs.length - 1);
      const share = eased(Math.min(t - leg, 1));
      this.#move(stations[leg].map((v, i) => v + share * (stations[leg + 1][i] - v)));
      if (t < legs.length) this.#running = requestAnimationFrame(step);
      else this.#rest(goal);
    };
    this.#running = requestAnimationFrame(step);
  }

  /** The handle that the best fit moves most. */
  #furthest() {
    const { best } = this.#scenery.scenes[this.#target];
    const ways = this.#scenery.handles.map(({ start }, which) => Math.abs(best[which] - start));
    return ways.indexOf(Math.max(...ways));
  }

  /** The shorter way round to a position. @param {number} goal @param {number} from @param {number} which */
  #nearest(goal, from, which) {
    const { cyclic, step, size } = this.#scenery.handles[which].axis;
    const round = step * size;
    return cyclic ? goal - round * Math.round((goal - from) / round) : goal;
  }

  /** Comes to rest, and says so. @param {number[]} [held] */
  #rest(held = this.#held) {
    this.#move(held);
    this.#status.textContent = says(this.#view);
    const { explained } = this.#view;
    const detail = { method: this.#method, target: this.#target, explained };
    this.dispatchEvent(new CustomEvent("adapter-stage:move", { bubbles: true, detail }));
  }

  #listen() {
    const svg = this.#svg;
    /** @param {Event} event */
    const hand = ({ target }) => /** @type {SVGElement | null} */ (/** @type {Element} */ (target).closest(".knob"));
    svg.addEventListener("pointerdown", (event) => {
      const knob = hand(event);
      if (!knob) return;
      event.preventDefault();
      this.#pointer = { id: event.pointerId, which: Number(knob.dataset.which) };
      svg.setPointerCapture(event.pointerId);
      const handle = this.#hands.querySelector(`[tabindex][data-which="${knob.dataset.which}"]`);
      /** @type {SVGElement | null} */ (handle)?.focus({ preventScroll: true });
      this.classList.add("held", "touched");
    });
    svg.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.#pointer?.id) this.#follow(event, this.#pointer.which);
    });
    const release = (/** @type {PointerEvent} */ { pointerId }) => {
      if (pointerId !== this.#pointer?.id) return;
      this.#pointer = undefined;
      this.classList.remove("held");
      this.#rest();
    };
    svg.addEventListener("pointerup", release);
    svg.addEventListener("pointercancel", release);
    // `touch-action` on a part of an SVG does not keep the page from scrolling.
    svg.addEventListener("touchstart", (event) => hand(event) && event.preventDefault(), { passive: false });
    svg.addEventListener("keydown", (event) => {
      const which = Number(hand(event)?.dataset.which);
      const value = nudged(event, this.#scenery.handles[which], this.#held[which]);
      if (value === undefined) return;
      event.preventDefault();
      this.classList.add("touched");
      this.#move(this.#held.with(which, value));
    });
    svg.addEventListener("keyup", (event) => /^(Arrow|Home|End|Page)/.test(event.key) && hand(event) && this.#rest());
    this.#tools.addEventListener("click", ({ target }) => {
      const button = /** @type {Element} */ (target).closest("button");
      if (button) this.#press(button);
    });
  }

  /** Moves a handle to where a pointer is. @param {PointerEvent} event @param {number} which */
  #follow({ clientX, clientY }, which) {
    const matrix = this.#svg.getScreenCTM()?.inverse();
    if (!matrix) return;
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix);
    const grip = grips(this.#view).find((grip) => grip.which === which);
    if (grip) this.#move(this.#held.with(which, grip.value(x, y)));
  }

  // Buttons ----------------------------------------------------------------------------------------

  /** @param {HTMLButtonElement} button */
  #press({ name, value }) {
    if (name === "show") this.#play(this.#scenery.scenes[this.#target].best);
    if (name === "reset") this.#rest(this.#scenery.handles.map(({ start }) => start));
    if (name === "target") {
      const known = this.#scenery.scenes[value];
      this.#choose(known ? this.#method : (this.getAttribute("method") ?? ""), value);
    }
    if (name === "method") this.#choose(value, this.#target);
  }

  /** @param {string} method @param {string} target */
  #choose(method, target) {
    const pressed = document.activeElement;
    this.#set(method, target);
    if (pressed instanceof HTMLButtonElement)
      /** @type {HTMLElement | null} */ (
        this.#tools.querySelector(`[name=${pressed.name}][value="${pressed.value}"]`)
      )?.focus();
    this.#rest();
  }

  #equip() {
    /** @param {string} name @param {string} text @param {string} [value] @param {boolean} [on] */
    const button = (name, text, value = "", on) =>
      make("button", { type: "button", name, value, ...(on === undefined ? {} : { ariaPressed: String(on) }) }, text);
    const { methods, targets } = this.#stored;
    const group = (/** @type {string} */ label, /** @type {HTMLElement[]} */ all) =>
      all.length > 1
        ? [make("span", { className: "group", role: "group", ariaLabel: label }, make("span", {}, label), ...all)]
        : [];
    this.#tools.replaceChildren(
      button("show", "Show me"),
      ...group(
        "Target",
        this.#targets.map((key) => button("target", targets[key].name, key, key === this.#target)),
      ),
      ...group(
        "Adapter",
        this.#methods.map((slug) => button("method", methods[slug].name, slug, slug === this.#method)),
      ),
      button("reset", "Reset"),
    );
  }

  // Drawing ----------------------------------------------------------------------------------------

  #draw() {
    this.#view = view(this.#stored, this.#method, this.#target, this.#held);
    paint(this.#scene, shapes(this.#view));
    this.#place();
    this.#tell();
    if (this.#table.isConnected) this.#list();
  }

  /** The same weight as numbers, a row for each neuron. */
  #list() {
    const { made, W } = this.#view;
    if (!this.#table.tBodies.length) {
      this.#table.createCaption().textContent = "W′, a row for each neuron";
      for (const [i] of made.entries()) {
        const row = (this.#table.tBodies[0] ?? this.#table.createTBody()).insertRow();
        row.append(make("th", { scope: "row" }, `${i + 1}`), make("td", {}), make("td", {}));
      }
    }
    for (const [i, row] of [...this.#table.tBodies[0].rows].entries())
      for (const [j, value] of made[i].entries()) {
        const cell = row.cells[j + 1];
        const text = value.toFixed(2).replace("-", "−");
        if (cell.textContent === text) continue;
        cell.textContent = text;
        cell.className = `${value < 0 ? "below" : "above"}${Math.abs(value - W[i][j]) < 0.005 ? "" : " moved"}`;
        cell.style.setProperty("--share", `${Math.min(100, Math.round(80 * Math.abs(value)))}%`);
      }
  }

  #place() {
    for (const [i, { which, x, y, second, text }] of grips(this.#view).entries()) {
      const knob = /** @type {SVGElement} */ (
        this.#hands.children[i] ?? this.#hands.appendChild(this.#knob(which, second))
      );
      change(knob, "transform", `translate(${x} ${y})`);
      if (second) continue;
      change(knob, "aria-valuenow", `${+this.#held[which].toFixed(2)}`);
      change(knob, "aria-valuetext", text);
    }
  }

  /** @param {number} which @param {boolean} second the other end of a line, for the pointer alone */
  #knob(which, second) {
    const { name, kind, low, high } = this.#scenery.handles[which];
    const knob = document.createElementNS(NS, "g");
    knob.dataset.which = `${which}`;
    knob.setAttribute("class", `knob ${kind}`);
    for (const part of ["hit", "grip"]) {
      const circle = document.createElementNS(NS, "circle");
      circle.setAttribute("class", part);
      knob.append(circle);
    }
    if (second) return knob;
    if (which === this.#furthest()) {
      const hint = document.createElementNS(NS, "text");
      hint.setAttribute("class", "hint");
      hint.setAttribute("y", "-16");
      hint.textContent = HINTS[kind];
      knob.append(hint);
    }
    const told = { tabindex: 0, role: "slider", "aria-label": name, "aria-valuemin": low, "aria-valuemax": high };
    for (const [key, value] of Object.entries(told)) knob.setAttribute(key, `${value}`);
    return knob;
  }

  #tell() {
    const { explained, angles, lengths } = this.#view;
    const share = Math.round(100 * Math.max(0, explained));
    const { name, parameters } = this.#scenery;
    if (!this.#readout.childElementCount) this.#readout.innerHTML = READOUT;
    const [percent, bar, about, keeps] = this.#readout.querySelectorAll("b, i, .about, .keeps");
    write(percent, `${share}`);
    /** @type {HTMLElement} */ (bar).style.setProperty("--share", `${share}%`);
    this.#readout.classList.toggle("solved", explained > SOLVED);
    write(about, `${name}: ${parameters} parameter${parameters === 1 ? "" : "s"}, W has ${2 * angles.length}`);
    write(keeps, `${count(angles)} angles, ${count(lengths)} lengths kept`);
    keeps.classList.toggle("all", angles.every(Boolean));
  }
}

const READOUT =
  '<p class="percent"><b></b><small>%</small> explained <span class="check">✓</span></p><i aria-hidden="true"></i>' +
  '<p><span class="about"></span> <span class="keeps"></span></p>';

/** Sets what differs: the browser would lay out anew what is set alike. @param {Element} node @param {string} name @param {string} value */
function change(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** @param {Element} node @param {string} text */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Draws over what was drawn before: nodes stay, and what is the same is left alone. @param {SVGGElement} group @param {import("./draw.js").Shape[]} all */
function paint(group, all) {
  for (const [i, [tag, className, attributes, text]] of all.entries()) {
    let node = group.children[i];
    if (node?.localName !== tag) {
      const fresh = document.createElementNS(NS, tag);
      if (node) node.replaceWith(fresh);
      else group.append(fresh);
      node = fresh;
      if (text) node.textContent = text;
    }
    change(node, "class", className);
    for (const [name, value] of Object.entries(attributes)) change(node, name, `${value}`);
  }
}

customElements.define("adapter-stage", AdapterStage);
