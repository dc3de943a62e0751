/** Saves what a widget shows as one picture on white: a row for each side, and the address below. Loaded with the first export. */

import { download } from "../page/element.js";
import { state } from "../page/value.js";

const SVG = "http://www.w3.org/2000/svg";
const [SIDE, GAP, HEAD] = [240, 28, 48]; // pixels
const STYLE = `text { font: 13px system-ui, sans-serif; fill: #222 } .title { font-weight: 650; font-size: 24px } .small { font-size: 11px; fill: #555 }
  .chart text { font-size: 10px; fill: #444 } .chart [fill="none"] { fill: none } .chart .line-0, .chart .line-1 { stroke: #2870d6 }
  .pair .line-0 { stroke: #aaa } .pair .line-0:not([stroke-width]) { stroke-width: 4 } .chart .cut { stroke: #555; stroke-dasharray: 4 3 }
  :is(.pairs, .curve) path { stroke: #888; vector-effect: non-scaling-stroke } .pairs .dots { stroke: #2870d6; stroke-linecap: round; stroke-width: 3 }
  .curve .own { stroke: #2870d6; stroke-width: 2 } .curve .now { fill: #2870d6 } .curve .fresh { stroke: #2870d6 }`;

/** @typedef {HTMLElement & {address: string}} Widget */

/** @param {string} tag @param {Record<string, string | number>} attributes */
function node(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  element.textContent = text;
  return element;
}

/** @param {Widget} root @param {string} title @returns {string} SVG */
function drawn(root, title) {
  const shown = (/** @type {Element} */ part) => getComputedStyle(part).display !== "none"; // in a fold, too
  const rows = [...root.querySelectorAll(":is(.picture, .panels)")].map((row) =>
    [...row.querySelectorAll("figure")]
      .filter(shown)
      .flatMap((figure) =>
        [...figure.querySelectorAll(".view, .stage > svg")].filter(shown).map((part) => ({ figure, part })),
      ),
  );
  const foot = `${root.address}   version ${state()}`;
  const across = Math.max(...rows.map(({ length }) => length));
  const [width, height] = [
    Math.max(GAP + across * (SIDE + GAP), 2 * GAP + 6.5 * foot.length),
    2 * HEAD + rows.length * (HEAD + SIDE),
  ];
  const svg = node("svg", { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` });
  svg.append(
    node("style", {}, STYLE),
    node("rect", { width, height, fill: "white" }),
    node("text", { x: GAP, y: HEAD - 8, class: "title" }, title),
    node("text", { x: GAP, y: height - GAP / 2, class: "small" }, foot),
  );
  rows.forEach((row, j) =>
    row.forEach(({ figure, part }, i) => {
      const text = (/** @type {ParentNode} */ from, /** @type {string} */ selector) =>
        from.querySelector(selector)?.textContent?.trim() ?? "";
      const [x, y] = [GAP + i * (SIDE + GAP), 2 * HEAD + j * (HEAD + SIDE)];
      const place = { x, y, width: SIDE, height: SIDE, preserveAspectRatio: "xMinYMin" };
      const keys = [...figure.querySelectorAll(".key")].map(({ textContent }) => textContent);
      const names = [text(figure, ".title"), text(part, ".label")];
      svg.append(node("text", { x, y: y - 24 }, names.filter(Boolean).join(": ")));
      let note = keys.length > 1 ? `${keys[0]} grey, ${keys[1]} blue` : "";
      if (part.localName === "svg") {
        const frame = node("svg", { ...place, viewBox: "-36 0 264 172" });
        const copy = /** @type {Element} */ (part.cloneNode(true));
        copy.removeAttribute("style");
        copy.setAttribute("width", "220");
        copy.classList.toggle("pair", keys.length > 1);
        frame.append(copy);
        svg.append(frame);
      } else {
        note = `${text(part, ".scale > :first-child")} (blue) to ${text(part, ".scale > :last-child")} (orange)`;
        const picture = /** @type {HTMLCanvasElement | HTMLImageElement} */ (part.querySelector("canvas, img"));
        const href = picture instanceof HTMLImageElement ? picture.src : picture.toDataURL();
        svg.append(node("image", { ...place, href, style: "image-rendering: pixelated" }));
      }
      svg.append(node("text", { x, y: y - 8, class: "small" }, note));
    }),
  );
  return new XMLSerializer().serializeToString(svg);
}

/** @param {string} svg @returns {Promise<Blob>} twice the size, for sharp print */
async function raster(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.naturalWidth, 2 * image.naturalHeight];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((file) =>
      file ? resolve(file) : reject(new Error("This browser makes no PNG of the picture; SVG is left.")),
    ),
  );
}

/** @param {string} format @param {Widget} root @param {string} title @param {string} name of the file */
export async function savePicture(format, root, title, name) {
  const svg = drawn(root, title);
  download(format === "png" ? await raster(svg) : new Blob([svg], { type: "image/svg+xml" }), `${name}.${format}`);
}
