/** Links to a number of a page, which say what it was and in which commit the link was made. */

import { copied, make, reveal } from "./element.js";

const LONGEST = 60; // characters of a value in a link, which anybody may have written

const numbers = () => /** @type {NodeListOf<HTMLDataElement>} */ (document.querySelectorAll("article data[value]"));

/** Return the version of this site and the commit that it was built from. */
export const state = () => document.querySelector('meta[name="citation_version"]')?.getAttribute("content") ?? VERSION;

const built = () => state().split("commit ").at(-1) ?? "";

/** Says something beside a number. @param {Element} number @param {string} text */
function say(number, text) {
  for (const note of document.querySelectorAll(".value-note")) note.remove();
  const note = make("span", { className: "value-note", role: "status" });
  number.after(" ", note);
  note.textContent = `(${text})`;
}

/** Puts the link to a number into the address, and where the browser allows it to the clipboard. @param {HTMLDataElement} number */
async function link(number) {
  const url = new URL(location.href);
  url.hash = "";
  for (const [name, value] of [
    ["fact", number.value],
    ["was", `${number.textContent}`],
    ["at", built()],
  ])
    url.searchParams.set(name, value);
  history.replaceState(history.state, "", url);
  say(number, (await copied(url.href)) ? "the link is copied" : "the address of this page is now the link");
}

/** Makes every number of the page a button for its link, and leads to the first. */
export function choose() {
  for (const number of numbers()) {
    if (number.role) continue;
    [number.role, number.tabIndex, number.title] = ["button", 0, "Link to this number"];
    number.addEventListener("click", () => link(number));
    number.addEventListener("keydown", ({ key }) => key === "Enter" && link(number));
  }
  const all = [...numbers()];
  const first = all.find((number) => number.checkVisibility()) ?? all[0];
  if (first) reveal(first);
  first?.focus();
}

/** Shows the number that the address names, and whether it is what the link says. */
export function show() {
  const query = new URLSearchParams(location.search);
  const [was, at] = ["was", "at"].map((name) => (query.get(name) ?? "").slice(0, LONGEST));
  const number = [...numbers()].find(({ value }) => value === query.get("fact"));
  const then = at ? `in commit ${at}` : "before";
  if (!number) {
    const heading = document.querySelector("article h1");
    if (heading) say(heading, `this link is to ${was} ${then}, a number that this page no longer has`);
    return;
  }
  const now = `${number.textContent}`;
  reveal(number);
  number.classList.add("linked");
  say(
    number,
    now === was ? `the same as ${then}` : `by this link it was ${was} ${then}, in commit ${built()} it is ${now}`,
  );
  number.scrollIntoView({ block: "center" });
}
