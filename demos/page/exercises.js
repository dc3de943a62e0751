/**
 * <exercise-maker>: puts a question and its solution into a link to a widget, and many such links on a hand-out to print.
 *
 * The hand-out is kept until the tab is closed.
 */

import { MOST, NAME, h, read, written } from "./exercise.js";

const KEPT = "handout";
const PAGES = /^(methods\/[\w-]+|compare|lab|playground|choose|story|your-adapter)\/$/;

class ExerciseMaker extends HTMLElement {
  /** @type {string[]} links */
  #handout = [];

  connectedCallback() {
    const form = this.querySelector("form");
    if (!form || this.dataset.state) return;
    this.dataset.state = "ready";
    this.querySelector("fieldset")?.removeAttribute("disabled");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#make();
    });
    this.#field("link").addEventListener("change", () => this.#reopen());
    this.addEventListener("click", ({ target }) => target instanceof HTMLButtonElement && this.#press(target));
    try {
      this.#handout = JSON.parse(sessionStorage.getItem(KEPT) ?? "[]").filter((/** @type {unknown} */ link) => {
        return typeof link === "string" && this.#exercise(link);
      });
    } catch {
      this.#handout = [];
    }
    this.#list();
  }

  /** @param {string} name @returns {HTMLInputElement} */
  #field(name) {
    return /** @type {any} */ (this.querySelector(`[name=${name}]`));
  }

  /** @param {string} text */
  #say(text) {
    /** @type {HTMLElement} */ (this.querySelector(".status")).textContent = text;
  }

  /** The address of a widget on this site. @param {string} text @returns {URL} Throws with what is wrong. */
  #widget(text) {
    const home = new URL(this.dataset.root ?? "../", location.href);
    const url = URL.canParse(text, home.href) ? new URL(text, home) : undefined;
    const path = url?.href.startsWith(home.href) ? url.pathname.slice(home.pathname.length) : "";
    if (url && PAGES.test(path)) return url;
    throw new Error(
      `“${text.slice(0, 80)}” is no page of this site with a widget. Copy a link there, by its button “Copy link”.`,
    );
  }

  /** @param {string} link @returns {import("./exercise.js").Exercise | undefined} */
  #exercise(link) {
    try {
      return read(this.#widget(link).searchParams.get(NAME) ?? "");
    } catch {
      return undefined;
    }
  }

  /** Fills the form from a link that has an exercise. */
  #reopen() {
    const link = this.#field("link");
    const exercise = this.#exercise(link.value);
    if (!exercise) return;
    const url = this.#widget(link.value);
    this.#field("guess").checked = url.searchParams.has("guess");
    for (const name of [NAME, "guess"]) url.searchParams.delete(name);
    [link.value, this.#field("question").value, this.#field("solution").value] = [
      url.href,
      exercise.question,
      exercise.solution,
    ];
    this.#say("The link had an exercise: here it is.");
  }

  async #make() {
    const [question, solution] = ["question", "solution"].map((name) => this.#field(name).value.trim());
    const made = /** @type {HTMLElement} */ (this.querySelector(".made"));
    made.hidden = true;
    try {
      const url = this.#widget(this.#field("link").value.trim());
      const [unknown] = await lacking(url);
      if (unknown)
        throw new Error(`The widget there has no setting “${unknown.slice(0, 40)}”: take it out of the link.`);
      if (!question) throw new Error("The question is empty.");
      url.searchParams.set(NAME, written({ question, solution }));
      if (this.#field("guess").checked) url.searchParams.set("guess", "1");
      else url.searchParams.delete("guess");
      /** @type {HTMLAnchorElement} */ (made.querySelector("a")).href = url.href;
      made.hidden = false;
      this.#say(`The link has ${url.href.length} characters.`);
    } catch (error) {
      this.#say(error instanceof Error ? error.message : `${error}`);
    }
  }

  /** @param {HTMLButtonElement} button */
  async #press({ name, value }) {
    const { href } = /** @type {HTMLAnchorElement} */ (this.querySelector(".made a"));
    if (name === "copy") {
      const copied = await navigator.clipboard.writeText(href).then(
        () => true,
        () => false,
      );
      this.#say(copied ? "Copied." : `The browser does not allow copying. The link: ${href}`);
    } else if (name === "add") {
      if (!this.#handout.includes(href)) this.#handout.push(href);
      this.#list();
    } else if (name === "remove") {
      this.#handout.splice(Number(value), 1);
      this.#list();
    } else if (name === "print") print();
  }

  /** Shows the hand-out: questions with room for an answer, and the solutions on a page of their own. */
  #list() {
    const section = /** @type {HTMLElement} */ (this.querySelector(".handout"));
    const [questions, solutions] = section.querySelectorAll("ol");
    const all = this.#handout.map((link) => ({ link, exercise: this.#exercise(link) }));
    questions.replaceChildren();
    solutions.replaceChildren();
    for (const [i, { link, exercise }] of all.entries()) {
      const item = h("li");
      const url = new URL(link);
      for (const name of [NAME, "guess"]) url.searchParams.delete(name);
      const anchor = /** @type {HTMLAnchorElement} */ (h("a", url.href));
      anchor.href = link;
      const remove = /** @type {HTMLButtonElement} */ (h("button", "Take off"));
      [remove.type, remove.name, remove.value] = ["button", "remove", `${i}`];
      remove.ariaLabel = `Take off exercise ${i + 1}`;
      const where = h("p", "", "where");
      where.append(anchor, " ", remove);
      item.append(h("p", exercise?.question, "said"), where, h("div", "", "room"));
      questions.append(item);
      solutions.append(h("li", exercise?.solution || "–", "said"));
    }
    section.hidden = !all.length;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(this.#handout));
    } catch {
      // the hand-out ends with the page
    }
  }
}

/**
 * Return the settings in a link to a method that its widget does not have; none where its page cannot be had.
 *
 * @param {URL} url @returns {Promise<string[]>}
 */
async function lacking({ href, hash, pathname, searchParams }) {
  const named = [...searchParams.keys()].filter((name) => name !== NAME && name !== "guess");
  if (!named.length || !pathname.includes("/methods/")) return [];
  const text = await fetch(href).then(
    (answer) => (answer.ok ? answer.text() : ""),
    () => "",
  );
  const page = new DOMParser().parseFromString(text, "text/html");
  const fold = page.getElementById(hash.slice(1))?.closest("details"); // with a widget of its own
  const form = fold?.querySelector("adapter-demo form") ?? page.querySelector("adapter-demo form");
  if (!(form instanceof HTMLFormElement)) return [];
  const has = new Set([...form.elements].map((control) => control.getAttribute("name")));
  return named.filter((name) => !has.has(name));
}

customElements.define("exercise-maker", ExerciseMaker);
