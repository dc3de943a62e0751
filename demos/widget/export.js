/** Saves the present picture, the numbers behind it and code for the same settings. Loaded when a reader asks for it. */

import { text } from "./csv.js";
import { Field } from "./fields.js";

/**
 * @typedef {import("./adapter-demo.js").Drawn} Drawn
 * @typedef {import("./fields.js").Value} Value
 * @typedef {HTMLElement & {method: string, address: string, knobs: Record<string, Value>}} Demo
 */

/** @type {Record<string, (demo: Demo, drawn: Drawn) => Blob | Promise<Blob>>} */
const FORMATS = {
  svg: (demo, drawn) => new Blob([picture(demo, drawn)], { type: "image/svg+xml" }),
  png: (demo, drawn) => raster(picture(demo, drawn)),
  csv: (demo, drawn) => new Blob([csv(demo, drawn)], { type: "text/csv" }),
  json: (demo, { knobs, panels, sentence }) => {
    const plain = (/** @type {string} */ _, /** @type {any} */ value) =>
      ArrayBuffer.isView(value) ? Array.from(/** @type {any} */ (value)) : value;
    return new Blob([JSON.stringify({ ...about(demo), knobs, sentence, panels }, plain, 1)], {
      type: "application/json",
    });
  },
};

/** @param {string} format @param {Demo} demo @param {Drawn} drawn */
export async function save(format, demo, drawn) {
  download(await FORMATS[format](demo, drawn), `${demo.method}.${format}`);
}

/** @param {Blob} file @param {string} name */
function download(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {Demo} demo */
const about = ({ method, address, dataset }) => ({
  method,
  address,
  version: VERSION,
  ...("edited" in dataset && { code: "edited by a reader" }),
});

/** One row per number, so that a spreadsheet can filter. @param {Demo} demo @param {Drawn} drawn */
function csv(demo, { knobs, panels }) {
  /** @type {(string | number | boolean)[][]} */
  const rows = [["panel", "line", "row", "column", "value"]];
  for (const [name, value] of Object.entries({ ...about(demo), ...knobs })) rows.push(["setting", name, "", "", value]);
  for (const panel of panels) {
    if (panel.kind === "number") rows.push([panel.name, "", "", "", panel.value]);
    if (panel.kind === "series")
      for (const { label, values } of panel.lines)
        for (let i = 0; i < values.length; i++) rows.push([panel.name, label, i + 1, "", values[i]]);
    if (panel.kind === "matrix")
      for (const { label, columns, values } of panel.views)
        for (let i = 0; i < values.length; i++)
          rows.push([panel.name, label, Math.floor(i / columns) + 1, (i % columns) + 1, values[i]]);
  }
  return text(rows);
}

// Code ---------------------------------------------------------------------------------------------

/** Saves Python code for the present settings. @param {string} kind @param {Demo} demo */
export function saveCode(kind, demo) {
  const [code, name] = kind === "peft" ? [config(demo), `${demo.method}_peft.py`] : [script(demo), `${demo.method}.py`];
  download(new Blob([code], { type: "text/x-python" }), name);
}

/** The page has the configuration with the names of knobs in braces. @param {Demo} demo */
function config(demo) {
  const { address, dataset, knobs } = demo;
  const template = dataset.peft ?? "";
  const filled = template.replace(/\{(\w+)\}/g, (whole, name) => (name in knobs ? literal(knobs[name]) : whole));
  const own = [...demo.querySelectorAll(".own .field")].map((field) => new Field(/** @type {HTMLElement} */ (field)));
  const left = own.filter(({ name, text, initial }) => text !== initial && !template.includes(`{${name}}`));
  const settings = left.map(({ name, text }) => `${name}=${text}`).join(", ");
  const warning = left.length
    ? `# Not in this configuration: ${settings}. The page says under "In PEFT" how the two differ.\n`
    : "";
  return `# ${address}\n${warning}${filled}\n`;
}

/** The knobs of a change that is aimed at another one. */
const AIM = ["way", "world", "steps", "rate"];

/** @param {Demo} demo */
function script({ method, address, knobs, dataset }) {
  const random = knobs.way === "random";
  const settings = Object.entries(knobs)
    .filter(([name]) => !random || !AIM.includes(name))
    .map(([name, value]) => `    ${literal(name)}: ${literal(value)},`);
  const edited = "edited" in dataset ? "\n# The page showed code edited by a reader. This runs the tested file." : "";
  const [imports, makes, named] = random
    ? ["demos.probe import measure, show", `change = measure(${literal(method)}, settings)`, "change"]
    : ["demos.ways import reach, show", `*_, found = reach(${literal(method)}, settings)`, "found"];
  const change = random ? "change" : "found.change";
  return `# The numbers of ${address}${edited}
# Save this in the top folder of a checkout of the project (version ${VERSION}). It needs Python 3.11 or newer and numpy.

from ${imports}

settings = {
${settings.join("\n")}
}
${makes}  # its arrays: ${change}.before, ${change}.after, ${change}.delta
answer = show(${named})
for panel in answer["panels"]:
    if panel["kind"] == "number":
        print(f"{panel['label']}: {panel['text']} {panel['unit']}".strip())
print(answer["sentence"])
`;
}

/** A value as Python writes it. @param {Value} value */
const literal = (value) => (typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value));

// Pictures -----------------------------------------------------------------------------------------

const [WIDTH, HEIGHT] = [720, 760];
const STYLE = `text { font: 13px system-ui, sans-serif; fill: #222 } .title { font-weight: 600; font-size: 18px } .small { font-size: 11px; fill: #555 }
  .chart { color: #444 } .chart text { font-size: 10px } .line-0 { stroke: #2870d6 } .pair .line-0 { stroke: #aaa; stroke-width: 4 } .pair .line-1 { stroke: #2870d6 }`;

/** The figures as a reader sees them, on white, with all that is needed to find them again. @param {Demo} demo @param {Drawn} drawn */
function picture(demo, { knobs, panels, sentence }) {
  const svg = node("svg", { xmlns: SVG, width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}` });
  svg.append(node("style", {}, STYLE), node("rect", { width: WIDTH, height: HEIGHT, fill: "white" }));
  const write = (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y, name = "") =>
    svg.append(node("text", { x, y, class: name }, text));
  const settings = Object.entries(knobs)
    .map(([name, value]) => `${name}=${value}`)
    .join("  ");
  write("edited" in demo.dataset ? `${demo.method}, code edited by a reader` : demo.method, 24, 40, "title");
  wrap(settings, 110).forEach((line, i) => write(line, 24, 60 + 15 * i, "small"));

  const first = /** @type {Element} */ (demo.querySelector(".picture .matrix"));
  const views = [...first.querySelectorAll(".view")].filter((view) => getComputedStyle(view).display !== "none");
  const [low, , high] = [...views[0].querySelectorAll(".scale > *")].map(({ textContent }) => textContent);
  const across = views.length > 1 ? WIDTH - 48 : 300; // one beside the charts, or several above them
  const side = (across - 12 * (views.length - 1)) / views.length;
  for (const [i, view] of views.entries()) {
    const canvas = /** @type {HTMLCanvasElement} */ (view.querySelector("canvas"));
    const scale = side / Math.max(canvas.width, canvas.height);
    const box = { x: 24 + i * (side + 12), y: 122, width: canvas.width * scale, height: canvas.height * scale };
    const label =
      view.querySelector(".label")?.textContent ?? demo.querySelector("[name=shown]:checked + span")?.textContent;
    write(`${label}${i ? "" : ` from ${low} (blue) to ${high} (orange)`}`, box.x, 112);
    svg.append(
      node("image", { href: canvas.toDataURL(), ...box, style: "image-rendering: pixelated" }),
      node("rect", { ...box, fill: "none", stroke: "#ccc" }),
    );
  }
  const [below, pitch] = views.length > 1 ? [122 + side + 28, 180] : [112, 310];

  [...demo.querySelectorAll(".series")].slice(0, 2).forEach((figure, i) => {
    const y = below + pitch * i;
    const chart = /** @type {Element} */ (figure.querySelector(".chart")?.cloneNode(true));
    for (const [name, value] of Object.entries({ x: 350, y: y + 8, width: 346, height: pitch - 20 }))
      chart.setAttribute(name, `${value}`);
    const keys = [...figure.querySelectorAll(".key")].map(({ textContent }) => textContent);
    if (keys.length) chart.classList.add("pair");
    write(
      `${figure.querySelector(".title")?.textContent}${keys.length ? ` (${keys[0]} grey, ${keys[1]} blue)` : ""}`,
      350,
      y,
    );
    svg.append(chart);
  });

  const gauges = panels.flatMap((panel) => (panel.kind === "number" ? [panel] : []));
  const top = views.length > 1 ? below : 460;
  gauges.forEach(({ label, text, unit }, i) => {
    write(label, 24, top + 22 * i);
    write(`${text} ${unit}`, 225, top + 22 * i);
  });
  wrap(sentence, 44).forEach((line, i) => write(line, 24, top + 24 + 22 * gauges.length + 18 * i));
  write(`${demo.address}   version ${VERSION}`, 24, HEIGHT - 16, "small");
  return new XMLSerializer().serializeToString(svg);
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string | number>} attributes */
function node(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  element.textContent = text;
  return element;
}

/** @param {string} text @param {number} width in letters */
const wrap = (text, width) => text.match(new RegExp(`.{1,${width}}(\\s|$)`, "g")) ?? [];

/** @param {string} svg @returns {Promise<Blob>} twice the size, for sharp print */
async function raster(svg) {
  const image = new Image(2 * WIDTH, 2 * HEIGHT);
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = new OffscreenCanvas(2 * WIDTH, 2 * HEIGHT);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/png" });
}
