/** Saves the present picture, the numbers behind it and code for the same settings. Loaded when a reader asks for it. */

import { state } from "../page/value.js";
import { text } from "../page/csv.js";
import { download } from "../page/element.js";
import { savePicture } from "./picture.js";

/**
 * @typedef {import("./adapter-demo.js").Drawn} Drawn
 * @typedef {import("./fields.js").Value} Value
 * @typedef {HTMLElement & {method: string, address: string, knobs: Record<string, Value>}} Demo
 */

/** @type {Record<string, (demo: Demo, drawn: Drawn) => Blob>} */
const FORMATS = {
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
  const title = `${demo.dataset.name ?? demo.method}${"edited" in demo.dataset ? ", code edited by a reader" : ""}`;
  if (FORMATS[format]) download(FORMATS[format](demo, drawn), `${demo.method}.${format}`);
  else await savePicture(format, demo, title, demo.method);
}

/** @param {Demo} demo */
const about = ({ method, address, dataset }) => ({
  method,
  address,
  version: state(),
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

/** The knobs of a change that is aimed at another one. */
const AIM = ["way", "world", "steps", "rate", "gains"];

/** Saves Python code for the present settings. @param {Demo} demo */
export const saveCode = (demo) => download(new Blob([script(demo)], { type: "text/x-python" }), `${demo.method}.py`);

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
# Save this in the top folder of a checkout of the project (version ${state()}). It needs Python 3.11 or newer and numpy.

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
