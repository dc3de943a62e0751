/**
 * `<five-bets>`: the stage of the story that it stands in. It stays in view and takes up what each bet shows; a guess is answered
 * by a touch and kept for the visit; the end counts them. Without a script the text is whole, with pictures and answers to open.
 *
 * A bet of the `.story` is a `.bet` with a `.stage-figure` (`data-method`, `data-targets`, `data-beside`) and, but for the first, a
 * guess and its answer.
 */

import { make } from "../page/element.js";
import { keep, kept } from "../page/visit.js";
import "./adapter-stage.js";

const KEY = "bets";
const WIDE = matchMedia("(min-width: 60em)"); // as in story.css
/** Margins of the window within which a bet takes the stage: beside it, or below it on a phone. */
const MARGINS = { wide: "-40% 0px -55% 0px", narrow: "-66% 0px -30% 0px" };

/** @param {HTMLElement} part */
const heading = (part) => part.querySelector("h2")?.firstChild?.textContent?.trim() ?? "";

/** @param {HTMLElement} bet */
const colour = (bet) =>
  /** @type {HTMLElement | null} */ (bet.querySelector(".stage-figure"))?.style.getPropertyValue("--of") ?? "";

class FiveBets extends HTMLElement {
  #story = /** @type {HTMLElement} */ (document.body);
  /** @type {Record<string, number>} the answers that were chosen */
  #guesses = kept(KEY);
  /** @type {HTMLElement[]} */
  #bets = [];
  /** @type {HTMLFieldSetElement[]} */
  #asked = [];
  #nav = make("nav", { ariaLabel: "Bets" });
  #stage = /** @type {import("./adapter-stage.js").AdapterStage} */ (document.createElement("adapter-stage"));
  /** @type {IntersectionObserver | undefined} */
  #observer;

  connectedCallback() {
    if (this.#bets.length) return;
    this.#story = this.closest(".story") ?? document.body;
    this.#bets = [.../** @type {NodeListOf<HTMLElement>} */ (this.#story.querySelectorAll(".bet"))];
    this.#asked = [.../** @type {NodeListOf<HTMLFieldSetElement>} */ (this.#story.querySelectorAll(".guess-bet"))];
    this.#frame();
    for (const asked of this.#asked) this.#ask(asked);
    for (const bet of this.#bets) {
      bet.style.setProperty("--of", colour(bet));
      this.#lead(bet);
    }
    this.#end();
    this.#watch();
    WIDE.addEventListener("change", this.#watch);
    this.#count();
  }

  disconnectedCallback() {
    this.#observer?.disconnect();
    WIDE.removeEventListener("change", this.#watch);
  }

  // The stage --------------------------------------------------------------------------------------

  #frame() {
    for (const bet of this.#bets) {
      this.#nav.append(make("a", { href: `#${bet.id}` }, bet.dataset.short ?? heading(bet).split(":")[0]));
    }
    this.#stage.className = "stage-figure";
    this.#stage.toggleAttribute("matrix", true);
    const back = make("a", { className: "back", href: "#" }, "Back to the text");
    back.addEventListener("click", (event) => {
      event.preventDefault();
      this.#return();
    });
    this.#stage.addEventListener("keydown", ({ key }) => key === "Escape" && this.#return());
    this.#show(this.#bets[0]);
    this.role = "region";
    this.ariaLabel = "The stage";
    this.append(this.#nav, this.#stage, back);
    this.#story.classList.add("live");
  }

  /** Gives a bet its way to the stage, for a keyboard. @param {HTMLElement} bet */
  #lead(bet) {
    const button = make("button", { type: "button", className: "to-stage" }, "To the stage");
    button.addEventListener("click", () => {
      this.#show(bet);
      /** @type {HTMLElement | null} */ (this.#stage.querySelector("[role=slider]"))?.focus({ preventScroll: true });
    });
    bet.querySelector(".try")?.append(" ", button);
  }

  #return() {
    const bet = this.#bets.find(({ id }) => id === this.#story.dataset.bet);
    /** @type {HTMLElement | null | undefined} */ (bet?.querySelector(".to-stage"))?.focus();
  }

  #watch = () => {
    this.#observer?.disconnect();
    const seen = (/** @type {IntersectionObserverEntry[]} */ entries) => {
      for (const { isIntersecting, target } of entries)
        if (isIntersecting) this.#show(/** @type {HTMLElement} */ (target));
    };
    this.#observer = new IntersectionObserver(seen, { rootMargin: WIDE.matches ? MARGINS.wide : MARGINS.narrow });
    for (const bet of this.#bets) this.#observer.observe(bet);
  };

  /** @param {HTMLElement} bet */
  #show(bet) {
    if (this.#story.dataset.bet === bet.id) return;
    this.#story.dataset.bet = bet.id;
    for (const [i, link] of [...this.#nav.children].entries())
      if (this.#bets[i] === bet) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    const still = /** @type {HTMLElement | null} */ (bet.querySelector(".stage-figure"));
    const { method = "", targets = "", beside } = still?.dataset ?? {};
    this.#stage.show({ method, targets, beside });
    this.#nav.style.setProperty("--of", colour(bet));
  }

  // Guesses ----------------------------------------------------------------------------------------

  /** @param {HTMLFieldSetElement} asked */
  #ask(asked) {
    asked.disabled = false;
    asked.addEventListener("click", ({ target }) => {
      if (!(target instanceof HTMLButtonElement) || asked.name in this.#guesses) return;
      this.#guesses[asked.name] = Number(target.value);
      keep(KEY, this.#guesses);
      this.#answer(asked);
      this.#count();
      const summary = this.#told(asked)?.querySelector("summary");
      summary?.focus({ preventScroll: true }); // the button that was pressed is no longer one
    });
    if (asked.name in this.#guesses) this.#answer(asked);
  }

  /** Find the element that tells the answer. @param {HTMLFieldSetElement} asked */
  #told = (asked) => asked.closest(".bet")?.querySelector("details");

  /** @param {HTMLFieldSetElement} asked */
  #right = (asked) => this.#guesses[asked.name] === Number(asked.dataset.right);

  /** @param {HTMLFieldSetElement} asked */
  #answer(asked) {
    for (const button of asked.querySelectorAll("button")) {
      const right = button.value === asked.dataset.right;
      button.disabled = true;
      button.classList.toggle("right", right);
      button.classList.toggle("wrong", !right && Number(button.value) === this.#guesses[asked.name]);
    }
    const told = this.#told(asked);
    if (!told) return;
    told.open = true;
    const summary = told.querySelector("summary");
    if (summary) summary.textContent = this.#right(asked) ? "You guessed right." : "You guessed wrong.";
  }

  /** Tells how many were right, wherever that stands. */
  #count() {
    for (const [i, link] of [...this.#nav.children].entries()) {
      const asked = /** @type {HTMLFieldSetElement | null} */ (this.#bets[i].querySelector(".guess-bet"));
      const known = asked && asked.name in this.#guesses;
      link.className = known ? (this.#right(asked) ? "right" : "wrong") : "";
    }
    const answered = this.#asked.filter(({ name }) => name in this.#guesses);
    const all = this.#asked.length;
    const score = /** @type {HTMLElement} */ (this.#story.querySelector(".score"));
    score.textContent = answered.length
      ? `You guessed ${answered.filter(this.#right).length} of ${answered.length < all ? `${answered.length} so far` : all}.`
      : "You have not guessed yet.";
    for (const asked of this.#asked) {
      const [guess, answer] = this.#story.querySelectorAll(`tr[data-bet="${asked.name}"] td`);
      if (!guess || !(asked.name in this.#guesses)) continue;
      const words = (/** @type {number} */ i) => asked.querySelectorAll("button")[i]?.textContent ?? "";
      guess.textContent = `${this.#right(asked) ? "✓" : "✗"} ${words(this.#guesses[asked.name])}`;
      answer.textContent = words(Number(asked.dataset.right));
    }
  }

  #end() {
    const card = /** @type {HTMLElement} */ (this.#story.querySelector(".end-card"));
    card.hidden = false;
    card.querySelector("button")?.addEventListener("click", () => {
      keep(KEY, {});
      location.reload();
    });
  }
}

customElements.define("five-bets", FiveBets);
