/**
 * Pages in other people's hands: a part in a frame of another site, and the form that a correction starts from.
 *
 * With `?embed=id` a page shows the part with this id and nothing else, with `?embed` its first widget, figure or table. It
 * tells the page around it how high that is. The first script of the page has hidden the rest before it was drawn.
 */

const PARTS =
  "adapter-demo, adapter-compare, adapter-stage, adapter-lab, adapter-file, model-pair, figure.drawn, .scroll";
const SHORT = 300; // letters of what a reader has selected

/** @param {string} address @param {string} title */
const code = (address, title) =>
  `<iframe src="${address.replaceAll("&", "&amp;")}" title="${title.replaceAll('"', "&quot;")}" loading="lazy" style="border:0;width:100%;height:600px"></iframe>\n` +
  '<script>((f)=>addEventListener("message",({source:s,data:d})=>{if(s===f.contentWindow&&d?.embedHeight>0)f.style.height=d.embedHeight+"px"}))' +
  "(document.currentScript.previousElementSibling)</script>\n";

// In a frame ---------------------------------------------------------------------------------------

/**
 * Returns a part by its id. Where that is gone, it is the fold, or the first part below the heading, that the id begins with or
 * the address names, else the first of the page: an old address still shows what is nearest to it.
 * @param {string} id
 */
function nearest(id) {
  const parts = [...document.querySelectorAll(PARTS)];
  const words = id.split("-");
  const names = words.map((_, i) => words.slice(0, words.length - i).join("-"));
  const at = [...names, location.hash.slice(1)].map((name) => document.getElementById(name)).find(Boolean);
  if (!at || at.id === id || at instanceof HTMLDetailsElement) return at ?? parts[0];
  const below = [...document.querySelectorAll(`${PARTS}, article h2`)].find(
    (part) => at.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  return below?.matches(PARTS) ? below : parts[0];
}

/** Shows one part of the page. @param {string} id */
function only(id) {
  const { classList } = document.documentElement;
  const here = nearest(id);
  if (!here) return classList.remove("embedded");
  here.classList.add("embed-here");
  if (here instanceof HTMLDetailsElement) here.open = true;
  for (let way = here.parentElement; way && way !== document.body; way = way.parentElement) {
    way.classList.add("embed-way");
    if (way instanceof HTMLDetailsElement) way.open = true;
  }
  const foot = document.createElement("p");
  foot.className = "embed-foot";
  const link = document.createElement("a");
  const url = new URL(location.href);
  url.searchParams.delete("embed");
  url.hash = here.id;
  [link.href, link.target, link.rel, link.textContent] = [url.href, "_blank", "noopener", document.title];
  foot.append(link);
  here.after(foot);
  const tell = () => {
    const embedHeight = Math.ceil(foot.getBoundingClientRect().bottom + scrollY);
    parent.postMessage({ embedHeight }, "*"); // a number: any page may know it
  };
  new ResizeObserver(tell).observe(here);
  addEventListener("load", tell);
  // what is left stays in the frame, and all links lead out of it
  addEventListener(
    "click",
    ({ target }) => {
      const link = target instanceof Element ? target.closest("a") : null;
      if (link && !link.download && !link.getAttribute("href")?.startsWith("#")) link.target = "_blank";
    },
    true,
  );
}

const asked = new URLSearchParams(location.search).get("embed");
if (asked !== null) only(asked);

// On the page --------------------------------------------------------------------------------------

/** Copies the code for a part. @param {HTMLButtonElement} button */
async function copy(button) {
  const part = document.getElementById(button.value);
  const url = new URL(/** @type {any} */ (part)?.address ?? `${location.origin}${location.pathname}`);
  url.hash = "";
  url.searchParams.set("embed", button.value);
  const text = code(url.href, document.title);
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = before), 3000);
  } catch {
    const area = document.createElement("textarea");
    [area.readOnly, area.value, area.ariaLabel] = [true, text, "The code"];
    button.after(area);
    area.select();
  }
}

/** Gives the form what the reader has selected, or the row that the link stands in. @param {HTMLAnchorElement} link */
function carry(link) {
  const url = new URL(link.href);
  const selection = getSelection();
  const text = `${selection}`.replace(/\s+/g, " ").trim();
  if (!text) return;
  const from = selection?.anchorNode?.parentElement;
  const row = from?.closest("tr")?.textContent?.replace(/\s+/g, " ").trim();
  const place = from?.closest("[id]")?.id;
  const address = new URL(url.searchParams.get("address") ?? location.href);
  if (place && !link.closest("[id]")?.contains(from ?? null)) address.hash = place;
  url.searchParams.set("address", address.href);
  url.searchParams.set("says", (row && row !== text ? `${text}\n\nIn the row: ${row}` : text).slice(0, SHORT));
  link.href = url.href;
}

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const button = /** @type {HTMLButtonElement | null} */ (target.closest("button[name=embed]"));
  if (button) copy(button);
});
document.addEventListener(
  "pointerdown", // a click would end the selection first
  ({ target }) => {
    const link =
      target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (target.closest("a.correct")) : null;
    if (link) carry(link);
  },
  true,
);

/** Puts the code into the menu of what is exported when it opens: nothing moves for that. @param {Event} event */
function offer({ target }) {
  const menu = target instanceof Element && target.matches("details.export") ? target.querySelector(".menu") : null;
  const part = menu?.closest("[id]");
  if (!menu || !part || menu.querySelector("[name=embed]")) return;
  const button = document.createElement("button");
  [button.type, button.name, button.value, button.textContent] = ["button", "embed", part.id, "Embed"];
  menu.append(button);
}

/** Leads from every row of a verdict's evidence to the form, once the fold with them opens. @param {Event} event */
function mark({ target }) {
  const fold = target instanceof Element && target.matches("details.units") ? target : null;
  const whole = /** @type {HTMLAnchorElement | null | undefined} */ (
    fold?.closest(".dimension")?.querySelector("a.correct")
  );
  if (!fold || !whole || fold.querySelector("a.correct")) return;
  for (const row of fold.querySelectorAll("tbody tr:not(.voter)")) {
    const url = new URL(whole.href);
    const text = [...row.children].map((cell) => cell.textContent?.trim()).join("; ");
    url.searchParams.set("says", text.slice(0, SHORT));
    const link = document.createElement("a");
    [link.className, link.href, link.rel, link.textContent] = ["correct", url.href, "noopener", "Correct this"];
    row.lastElementChild?.append(" ", link);
  }
}
addEventListener("toggle", offer, true);
addEventListener("toggle", mark, true);
