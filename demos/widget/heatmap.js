/**
 * Colours for the entries of a matrix, the same in the stored picture and in the live one.
 *
 * @typedef {{name: string, label: string, rows: number, columns: number, values: ArrayLike<number>, limit: number, tile?: [number, number]}} View a `tile` is the rows and columns of equal parts
 * @typedef {(view: View, old: Element | null, document: Document) => Element} Raster
 */

// Blue and orange of like lightness: told apart by every kind of colour vision. Their only home; style sheets
// (scripts/finish/bundle.mjs) read them here.
export const BELOW = [40, 112, 214];
export const ABOVE = [214, 100, 10];
const LEVELS = 63; // of each sign
export const POWER = 0.75; // of an entry: small ones are seen beside large ones

/** RGBA of the levels −63 … 63. Zero is transparent, so one picture fits light and dark pages. */
export const PALETTE = Uint8Array.from({ length: 4 * (2 * LEVELS + 1) }, (_, i) => {
  const level = (i >> 2) - LEVELS;
  return i % 4 < 3 ? (level < 0 ? BELOW : ABOVE)[i % 4] : Math.round((255 * Math.abs(level)) / LEVELS);
});
const COLOURS = new Uint32Array(PALETTE.buffer);

/**
 * @param {View} view
 * @returns {Uint8Array} the palette index of every entry
 */
export function levels({ values, limit }) {
  const scale = limit > 0 ? 1 / limit : 0;
  const found = new Uint8Array(values.length);
  // loops, here and below: the first picture is drawn before the browser has compiled them, when a call per entry is dear
  for (let i = 0; i < found.length; i++)
    found[i] = LEVELS + Math.sign(values[i]) * Math.round(LEVELS * Math.min(1, Math.abs(values[i]) * scale) ** POWER);
  return found;
}

/** @type {WeakMap<Element, View>} what each canvas shows */
export const shown = new WeakMap();

/** @type {Raster} */
export function canvas(view, old, document) {
  const element = /** @type {HTMLCanvasElement} */ (
    old?.localName === "canvas" ? old : document.createElement("canvas")
  );
  // setting them clears the canvas, even to what they are
  if (element.width !== view.columns) element.width = view.columns;
  if (element.height !== view.rows) element.height = view.rows;
  const image = new ImageData(view.columns, view.rows);
  const pixels = new Uint32Array(image.data.buffer);
  const indices = levels(view);
  for (let i = 0; i < pixels.length; i++) pixels[i] = COLOURS[indices[i]];
  element.getContext("2d")?.putImageData(image, 0, 0);
  shown.set(element, view);
  return element;
}
