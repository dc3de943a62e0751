/**
 * <method-portrait>: plays a method's own picture from W to W'. The picture at W' is in the page; its numbers, which `data-source`
 * names, are fetched when they are wanted. With `data-quiet` it has no controls: within a link it plays again when a reader points at it.
 */

import { saving } from "../page/page.js";
import { inside } from "./draw.js";

const LASTS = 2600; // milliseconds from W to W'
const RESTS = 350; // and before it sets out
const still = matchMedia("(prefers-reduced-motion: reduce)");
const hovers = matchMedia("(hover: hover)");

/** @param {number} s @returns {number} from 0 to 1, slow at both ends */
const eased = (s) => s * s * (3 - 2 * s);

class MethodPortrait extends HTMLElement {
  /** @type {Promise<import("./draw.js").Portrait> | undefined} */
  #portrait;
  /** The frame that is asked for, 0 where nothing plays. */
  #frame = 0;
  /** @type {IntersectionObserver | undefined} */
  #seen;
  #slider = document.createElement("input");
  #button = document.createElement("button");

  connectedCallback() {
    const quiet = "quiet" in this.dataset;
    if (!quiet && !this.#slider.isConnected) this.#build();
    if (still.matches || saving || !hovers.matches) return;
    const seen = (/** @type {IntersectionObserverEntry[]} */ entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      this.#seen?.disconnect();
      void this.play();
    };
    this.#seen = new IntersectionObserver(seen, { threshold: 0.8 });
    this.#seen.observe(this);
    if (quiet) this.closest("a")?.addEventListener("pointerenter", () => this.#frame || void this.play());
  }

  disconnectedCallback() {
    this.#seen?.disconnect();
    this.#stop();
  }

  #build() {
    const [slider, button] = [this.#slider, this.#button];
    Object.assign(slider, { type: "range", min: "0", max: "100", value: "100" });
    slider.setAttribute("aria-label", "From before to after training");
    slider.addEventListener("input", () => {
      this.#seen?.disconnect(); // who moves it is not interrupted
      this.#stop();
      void this.show(slider.valueAsNumber / 100);
    });
    button.type = "button";
    button.addEventListener("click", () => (this.#frame ? this.#stop() : void this.play()));
    const [start, end] = ["before", "after"].map((name) =>
      Object.assign(document.createElement("span"), { textContent: name }),
    );
    for (const span of [start, end]) span.setAttribute("aria-hidden", "true");
    const row = document.createElement("div");
    row.className = "way";
    row.append(button, start, slider, end);
    this.append(row);
    this.#stop();
    this.#place(1);
  }

  /** Play it once, from W to W'. */
  async play() {
    this.#frame = -1; // asked to play, and not yet playing
    this.#name("Pause");
    await this.#read();
    if (this.#frame !== -1) return; // stopped meanwhile
    let start = 0;
    const step = (/** @type {number} */ now) => {
      start ||= now;
      const t = Math.min(1, Math.max(0, now - start - RESTS) / LASTS);
      this.#frame = t < 1 ? requestAnimationFrame(step) : 0;
      void this.show(eased(t));
      if (t === 1) this.#stop();
    };
    this.#frame = requestAnimationFrame(step);
  }

  /** Show it at a time from 0, W, to 1, W'. @param {number} t */
  async show(t) {
    this.#place(t);
    const portrait = await this.#read();
    const svg = this.querySelector("svg");
    if (portrait && svg) svg.innerHTML = inside(portrait, t);
  }

  /** @param {number} t */
  #place(t) {
    const percent = Math.round(100 * t);
    if (this.#slider.valueAsNumber !== percent) this.#slider.value = `${percent}`;
    this.#slider.setAttribute("aria-valuetext", { 0: "before", 100: "after" }[percent] ?? `${percent} % of the way`);
  }

  async #read() {
    this.#portrait ??= fetch(new URL(this.dataset.source ?? "", location.href)).then((answer) => {
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer.json();
    });
    try {
      return await this.#portrait;
    } catch {
      this.#portrait = undefined; // the picture in the page stands, and another try may succeed
      this.#stop();
      this.#place(1);
    }
  }

  #stop() {
    if (this.#frame > 0) cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#name("Play");
  }

  /** @param {"Play" | "Pause"} name of what the button does next */
  #name(name) {
    this.#button.textContent = name;
    this.#button.className = name.toLowerCase();
  }
}

if (!customElements.get("method-portrait")) customElements.define("method-portrait", MethodPortrait);
