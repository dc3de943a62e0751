/**
 * <method-portrait>: plays a method's own picture from W to W' when it comes into view, and again when a reader points at the link around
 * it. The picture at W' is in the page; its numbers, which `data-source` names, are fetched when they are wanted.
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

  connectedCallback() {
    if (still.matches || saving || !hovers.matches) return;
    const seen = (/** @type {IntersectionObserverEntry[]} */ entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      this.#seen?.disconnect();
      void this.play();
    };
    this.#seen = new IntersectionObserver(seen, { threshold: 0.8 });
    this.#seen.observe(this);
    this.closest("a")?.addEventListener("pointerenter", () => this.#frame || void this.play());
  }

  disconnectedCallback() {
    this.#seen?.disconnect();
    this.#stop();
  }

  /** Play it once, from W to W'. */
  async play() {
    this.#frame = -1; // asked to play, and not yet playing
    await this.#read();
    if (this.#frame !== -1) return; // stopped meanwhile
    let start = 0;
    const step = (/** @type {number} */ now) => {
      start ||= now;
      const t = Math.min(1, Math.max(0, now - start - RESTS) / LASTS);
      this.#frame = t < 1 ? requestAnimationFrame(step) : 0;
      void this.show(eased(t));
    };
    this.#frame = requestAnimationFrame(step);
  }

  /** Show it at a time from 0, W, to 1, W'. @param {number} t */
  async show(t) {
    const portrait = await this.#read();
    const svg = this.querySelector("svg");
    if (portrait && svg) svg.innerHTML = inside(portrait, t);
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
    }
  }

  #stop() {
    if (this.#frame > 0) cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }
}

if (!customElements.get("method-portrait")) customElements.define("method-portrait", MethodPortrait);
