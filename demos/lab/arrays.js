/** Reads matrices from .npy and .safetensors files. Nothing of a file leaves the browser. */

/** @typedef {{name: string, rows: number, columns: number, read: () => Promise<Float64Array>}} Matrix */

const HEAD = 100_000_000; // bytes that a list of tensors has at most

/** @type {Record<string, {bytes: number, value: (view: DataView, at: number) => number}>} */
const TYPES = {
  float16: { bytes: 2, value: (view, at) => half(view.getUint16(at, true)) },
  bfloat16: { bytes: 2, value: (view, at) => brain(view.getUint16(at, true)) },
  float32: { bytes: 4, value: (view, at) => view.getFloat32(at, true) },
  float64: { bytes: 8, value: (view, at) => view.getFloat64(at, true) },
};
const NPY = /** @type {Record<string, string>} */ ({ "<f2": "float16", "<f4": "float32", "<f8": "float64" });
const SAFE = /** @type {Record<string, string>} */ ({
  F16: "float16",
  BF16: "bfloat16",
  F32: "float32",
  F64: "float64",
});
const KNOWN = "float16, bfloat16 (.safetensors only), float32 or float64";

/**
 * Return the matrices in a file.
 *
 * @param {File} file
 * @returns {Promise<Matrix[]>} Rejects with what is wrong, in words for the reader.
 */
export async function matrices(file) {
  const start = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  if (String.fromCharCode(...start.slice(1, 6)) === "NUMPY" && start[0] === 0x93) return [await npy(file)];
  if (/\.npy$/i.test(file.name))
    throw new Error(`${file.name} does not begin as a .npy file does. Write it with numpy.save.`);
  if (/\.npz$/i.test(file.name) || (start[0] === 0x50 && start[1] === 0x4b))
    throw new Error(`${file.name} is an archive (.npz or .pt). Save the matrix alone: numpy.save("w.npy", w).`);
  return safetensors(file);
}

/** @param {File} file @returns {Promise<Matrix>} */
async function npy(file) {
  const { name } = file;
  const head = new DataView(await file.slice(0, 12).arrayBuffer());
  const long = head.getUint8(6) > 1;
  const start = long ? 12 : 10;
  const length = long ? head.getUint32(8, true) : head.getUint16(8, true);
  const text = new TextDecoder("latin1").decode(await file.slice(start, start + length).arrayBuffer());
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1].match(/\d+/g)?.map(Number);
  if (!shape) throw new Error(`${name} has no shape in its head. Write it with numpy.save.`);
  const type = NPY[descr ?? ""];
  if (!type) {
    const hint =
      descr === "|V2"
        ? " (perhaps bfloat16, which .npy has no name for)"
        : descr?.startsWith(">")
          ? " (big-endian)"
          : "";
    throw new Error(
      `${name} holds ${descr ?? "objects"}${hint}, and what is read is ${KNOWN}. Convert it: w.astype("float32").`,
    );
  }
  return matrix(file, name, shape, type, start + length, /'fortran_order':\s*True/.test(text));
}

/** @param {File} file @returns {Promise<Matrix[]>} */
async function safetensors(file) {
  const { name } = file;
  const unknown = new Error(`${name} is neither a .npy nor a .safetensors file.`);
  if (file.size < 8) throw unknown;
  const length = Number(new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  if (length > Math.min(HEAD, file.size - 8)) throw unknown;
  /** @type {Record<string, {dtype: string, shape: number[], data_offsets: [number, number]}>} */
  let list;
  try {
    list = JSON.parse(new TextDecoder().decode(await file.slice(8, 8 + length).arrayBuffer()));
  } catch {
    throw unknown;
  }
  const found = Object.entries(list).filter(([key, entry]) => key !== "__metadata__" && entry?.shape?.length === 2);
  if (!found.length) throw new Error(`${name} has no tensor with two axes, so no matrix.`);
  const usable = found.filter(([, { dtype }]) => dtype in SAFE);
  if (!usable.length)
    throw new Error(
      `${name} holds ${[...new Set(found.map(([, { dtype }]) => dtype))].join(", ")}, and what is read is ${KNOWN}.`,
    );
  return Promise.all(
    usable.map(([key, { dtype, shape, data_offsets }]) =>
      matrix(file, key, shape, SAFE[dtype], 8 + length + data_offsets[0], false),
    ),
  );
}

/** @param {File} file @param {string} name @param {number[]} shape @param {string} type @param {number} start @param {boolean} turned @returns {Promise<Matrix>} */
async function matrix(file, name, shape, type, start, turned) {
  if (shape.length !== 2) throw new Error(`${name} has the shape (${shape.join(", ")}), and a matrix has two axes.`);
  const [rows, columns] = shape;
  const { bytes, value } = TYPES[type];
  const end = start + rows * columns * bytes;
  if (file.size < end)
    throw new Error(`${file.name} is cut off: ${name} needs ${end} bytes, the file has ${file.size}.`);
  const read = async () => {
    const view = new DataView(await file.slice(start, end).arrayBuffer());
    const place = (/** @type {number} */ i) => (turned ? (i % columns) * rows + Math.floor(i / columns) : i);
    return Float64Array.from({ length: rows * columns }, (_, i) => value(view, bytes * place(i)));
  };
  return { name, rows, columns, read };
}

/** @param {number} bits of a float16 */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -14 * (fraction / 1024);
}

const word = new DataView(new ArrayBuffer(4));

/** @param {number} bits of a bfloat16: the upper half of a float32 */
function brain(bits) {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
