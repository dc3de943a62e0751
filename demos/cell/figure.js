/**
 * Figures that readers' code may draw: an SVG as matplotlib draws it. It stays one rather than becoming a bitmap, so that
 * it is sharp at every size and on paper. Browsers lay out and record an image where the page runs, so what would keep
 * them busy for long is not drawn: parts that repeat parts that repeat parts, and too much of anything.
 */

const MOST = { letters: 20_000_000, elements: 100_000, depth: 50 };

const SVG = "http://www.w3.org/2000/svg";
const KNOWN = new Set(
  `
svg g a defs use path rect circle ellipse line polyline polygon image text tspan clipPath pattern linearGradient
radialGradient stop style title desc metadata script
`
    .trim()
    .split(/\s+/),
); // a script does not run in an image
const STYLE = "*{stroke-linejoin: round; stroke-linecap: butt}";
const FREE = new Set(["id", "transform", "patternTransform", "gradientTransform"]); // may hold brackets

/**
 * @param {string} svg
 * @returns {string | undefined} Why it is not drawn.
 */
export function objection(svg) {
  if (svg.length > MOST.letters || svg.includes("<!ENTITY")) return "it is too large";
  if (svg.includes("<?xml-stylesheet")) return "it has a style sheet of its own";
  const figure = new DOMParser().parseFromString(svg, "image/svg+xml");
  if (figure.querySelector("parsererror")) return "it is no SVG";
  let letters = svg.length; // with those of every repetition
  let elements = 0;

  /** @param {string} id @param {number} times @returns {Element | undefined} */
  const repeat = (id, times) => {
    const part = figure.getElementById(id) ?? undefined;
    letters += times * (part?.outerHTML.length ?? 0);
    if (letters > MOST.letters) throw new Error("it repeats too much");
    return part;
  };

  /** @param {Element} element @param {Attr} attribute */
  const look = (element, { localName, value }) => {
    if (localName === "href") {
      if (element.localName === "a") return;
      if (element.localName === "image" && /^data:image\/(png|jpeg);base64,/.test(value)) return;
      if (element.localName !== "use" || !value.startsWith("#"))
        throw new Error(`<${element.localName}> refers to something else`);
      const part = repeat(value.slice(1), 1);
      if (part && (part.localName === "use" || part.firstElementChild || !part.closest("defs")))
        throw new Error("<use> repeats more than a shape");
    } else if (!FREE.has(localName)) {
      if (value.includes("\\")) throw new Error(`${localName} holds a backslash`);
      for (const [call, name] of value.matchAll(/([\w-]*)\([^)]*\)?/g)) {
        const [, id] = /^url\(["']?#([^"')]*)["']?\)$/.exec(call) ?? [];
        if (id === undefined && !["rgb", "rgba"].includes(name)) throw new Error(`${localName} holds ${name}()`);
        if (id !== undefined) repeat(id, 1 + element.querySelectorAll("*").length); // it may be inherited
      }
    }
  };

  /** @param {Element} element @param {number} depth @param {boolean} part of something that is repeated */
  const walk = (element, depth, part) => {
    const { localName, namespaceURI, attributes, children, textContent } = element;
    if (namespaceURI !== SVG || !KNOWN.has(localName)) throw new Error(`it holds <${localName}>`);
    if (depth > MOST.depth || ++elements > MOST.elements) throw new Error("it has too many elements");
    if (localName === "style" && textContent !== STYLE) throw new Error("it has a style sheet of its own");
    if (localName === "metadata") return;
    const before = letters;
    for (const attribute of attributes) look(element, attribute);
    if (part && (letters > before || localName === "use"))
      throw new Error("a part that is repeated refers to another one");
    const repeated = part || ["defs", "clipPath", "pattern"].includes(localName);
    for (const child of children) walk(child, depth + 1, repeated);
  };

  try {
    walk(figure.documentElement, 0, false);
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}
