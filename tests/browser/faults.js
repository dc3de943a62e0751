function faults() {
  // Things that a reader of a page would miss, by kind, empty if nothing: text that a box cuts off (`cut`), text that lies beyond the
  // edge and cannot be scrolled to (`beyond`), a page that scrolls sideways (`wide`), and pictures that have no mark in another
  // colour than the page's (`blank`). Playwright calls a function whose text begins with its name.
  const MOST = 5; // of each kind, to be read in a failed test
  const article = document.querySelector("article") ?? document.body;
  const style = (e) => getComputedStyle(e);
  const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const about = (e) => `${e.localName}.${e.getAttribute("class") ?? ""}: ${e.textContent.trim().slice(0, 40)}`;
  const above = (e) => {
    const found = [];
    for (let p = e; p && p !== document.body; p = p.parentElement) found.push(p);
    return found;
  };
  const found = { wide: [], cut: [], beyond: [], blank: [] };

  /** Return whether it is for listeners only, or stands above the page. */
  const aside = (boxes) => boxes.some((p) => style(p).clipPath !== "none" || style(p).position === "fixed");

  /** Notes a line of text that is not to be seen as a whole. */
  const line = (e, boxes, { left, right }) => {
    for (const p of boxes) {
      if (/auto|scroll/.test(style(p).overflowX)) return;
      if (!/hidden|clip/.test(style(p).overflowX)) continue;
      const box = p.getBoundingClientRect();
      if (right > box.right + 1.5 || left < box.left - 1.5) return void found.cut.push(about(e));
    }
    if (right > innerWidth + 1 || left < -1) found.beyond.push(about(e));
  };

  const range = document.createRange();
  const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    const silent = e.closest("script, style, noscript, template, option, title, .katex-mathml");
    if (silent || !texts.currentNode.data.trim() || !shown(e)) continue;
    const boxes = above(e);
    if (aside(boxes)) continue;
    range.selectNodeContents(texts.currentNode);
    for (const rect of range.getClientRects()) if (rect.width) line(e, boxes, rect);
  }

  const ground = style(document.body).backgroundColor;
  const empty = new Set(["none", "rgba(0, 0, 0, 0)", ground]);
  for (const svg of article.querySelectorAll("svg")) {
    if (!shown(svg) || svg.parentElement.closest("svg")) continue;
    const marks = [...svg.querySelectorAll("path, line, rect, circle, polyline, polygon, text, image")].filter(shown);
    const inked = marks.some((e) => !empty.has(style(e).fill) || !empty.has(style(e).stroke));
    if (!inked) found.blank.push(about(svg.parentElement));
  }
  if (document.documentElement.scrollWidth > innerWidth) found.wide.push(`${document.documentElement.scrollWidth}`);
  const told = Object.entries(found).map(([kind, all]) => [kind, [...new Set(all)].slice(0, MOST)]);
  return Object.fromEntries(told.filter(([, all]) => all.length));
}
