/** Asks for a file with a weight. Loaded when a reader wants one as the base of a widget. */

import { matrices } from "../page/arrays.js";

/** @typedef {import("../page/arrays.js").Matrix} Matrix */

const SIDE = 128; // of the largest layer of a widget

/**
 * Puts a chooser below the control of the kind of weight, which moves when a weight has come.
 *
 * @param {import("./fields.js").Field} field @param {(weight: import("../python/client.js").Weight) => void} hold
 */
export function ask(field, hold) {
  if (field.element.querySelector(".brought")) return;
  const place = Object.assign(document.createElement("div"), { className: "brought" });
  const input = Object.assign(document.createElement("input"), { type: "file", accept: ".npy,.safetensors" });
  input.ariaLabel = "File with the weight";
  const select = Object.assign(document.createElement("select"), { hidden: true });
  select.ariaLabel = "Tensor of the file";
  const said = Object.assign(document.createElement("p"), { className: "said" });
  said.textContent = "A .npy or .safetensors file. It is read here and goes nowhere.";
  place.append(input, select, said);
  field.element.append(place);
  /** @type {Matrix[]} */
  let found = [];
  const take = async () => {
    try {
      const matrix = found[select.selectedIndex] ?? found[0];
      const { name, rows, columns } = matrix;
      hold(await corner(matrix));
      said.textContent = `${name}, ${rows} × ${columns}. Its corner of the layer’s size is taken, and scaled.`;
      field.complain();
      field.controls[0].dispatchEvent(new Event("input", { bubbles: true }));
    } catch (error) {
      field.complain(/** @type {Error} */ (error).message);
    }
  };
  // none of the widget's controls: it must not hear of them
  place.addEventListener("input", (event) => event.stopPropagation());
  select.addEventListener("change", take);
  input.addEventListener("change", async () => {
    const [file] = input.files ?? [];
    if (!file) return;
    try {
      found = await matrices(file);
    } catch (error) {
      return field.complain(/** @type {Error} */ (error).message);
    }
    select.replaceChildren(...found.map(({ name, rows, columns }) => new Option(`${name} (${rows} × ${columns})`)));
    select.hidden = found.length < 2;
    await take();
  });
}

/** Its first rows and columns. @param {Matrix} matrix @returns {Promise<import("../python/client.js").Weight>} */
async function corner({ rows, columns, read }) {
  const [d_out, d_in] = [Math.min(rows, SIDE), Math.min(columns, SIDE)];
  const values = await read(0, d_out);
  const weight = new Float64Array(d_out * d_in);
  for (let i = 0; i < d_out; i++) weight.set(values.subarray(i * columns, i * columns + d_in), i * d_in);
  return { weight, rows: d_out };
}
