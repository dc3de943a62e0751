/** Reads tensors from .safetensors files. Nothing of a file leaves the browser. */

/** @typedef {{name: string, dtype: string, shape: number[], read: (first?: number, rows?: number) => Promise<Float64Array>}} Tensor some or all rows */

const HEAD = 100_000_000; // bytes that a list of tensors has at most
const SETTINGS = 10_000_000; // and adapter_config.json
const DEEP = 64; // lists and objects within each other
export const MOST = 2 ** 26; // numbers that are read at once
const PART = 2 ** 19; // bytes of a list of tensors that are looked at in one go
const PIECE = 2 ** 20; // of them that are decoded at once

/** @typedef {{bytes: number, value: (view: DataView, at: number) => number}} Type */
/** @type {Map<unknown, Type>} */
const TYPES = new Map(
  Object.entries({
    F16: { bytes: 2, value: (view, at) => half(view.getUint16(at, true)) },
    BF16: { bytes: 2, value: (view, at) => brain(view.getUint16(at, true)) },
    F32: { bytes: 4, value: (view, at) => view.getFloat32(at, true) },
    F64: { bytes: 8, value: (view, at) => view.getFloat64(at, true) },
  }),
);
const KNOWN = "float16, bfloat16, float32 or float64";

const whole = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0;
const some = (/** @type {any} */ value) => Array.isArray(value) && value.every(whole);
/** @type {Record<string, [rule: string, holds: (value: any) => boolean]>} what a head says of a tensor */
const RULES = {
  dtype: ["a dtype is a name", (value) => typeof value === "string"],
  shape: ["a shape is made of whole numbers from 0 up", some],
  data_offsets: [
    "data_offsets are two whole numbers from 0 up, the first no larger than the second",
    (value) => some(value) && value.length === 2 && value[0] <= value[1],
  ],
};

/** Lets the page answer its reader. */
export const breathe = () => new Promise((done) => setTimeout(done));

/** @param {string} text of a file, which may be long */
const short = (text) => (text.length > 100 ? `${text.slice(0, 100)}…` : text);

/** @param {string} whose @param {string} field @param {unknown} value */
function check(whose, field, value) {
  const [rule, holds] = RULES[field];
  if (holds(value)) return;
  const text = JSON.stringify(value);
  throw new Error(`${whose} has ${value === undefined ? `no ${field}` : `the ${field} ${short(text)}`}, and ${rule}.`);
}

/**
 * Where JSON can be cut between the entries of its outermost object, so that no part takes long.
 *
 * @param {string} name @param {Uint8Array} bytes @returns {number[]} Throws where it is nested so deep that a parser may break down.
 */
function cuts(name, bytes) {
  const found = [0];
  let [depth, quoted] = [0, false];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (quoted && byte === 92) i++;
    else if (byte === 34) quoted = !quoted;
    else if (quoted) continue;
    else if ((byte | 32) === 123 && ++depth > DEEP)
      throw new Error(`${name} has more than ${DEEP} lists and objects within each other, and no such file does.`);
    else if ((byte | 32) === 125) depth--;
    else if (byte === 44 && depth === 1 && i > found[found.length - 1] + PART) found.push(i);
  }
  return [...found, bytes.length];
}

/** The text of adapter_config.json. @param {File} file */
export async function settings(file) {
  if (file.size > SETTINGS)
    throw new Error(`${file.name} has ${file.size} bytes, and settings have ${SETTINGS} at most.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  cuts(file.name, bytes);
  return new TextDecoder().decode(bytes);
}

/** @param {File} file @param {number} needed @param {string} part */
function reaches(file, needed, part) {
  if (file.size < needed)
    throw new Error(`${file.name} is cut off: ${part} needs ${needed} bytes, the file has ${file.size}.`);
}

/**
 * Return all tensors of a .safetensors file. Those of a type that is not read reject when they are.
 *
 * @param {File} file
 * @returns {Promise<Tensor[]>} Rejects with what is wrong, in words for the reader.
 */
export async function tensors(file) {
  const { name } = file;
  const start = await beginning(file);
  if (/\.(bin|pt|pth|ckpt)$/i.test(name) || start.startsWith("PK"))
    throw new Error(
      `${name} is a pickle, which may run code where it is read. Save it as .safetensors: model.save_pretrained(folder) does.`,
    );
  const found = await safetensors(file);
  if (!found.length) throw new Error(`${name} lists no tensor.`);
  return found;
}

/** Return the first characters of a file that holds something. @param {File} file */
async function beginning(file) {
  const { name, size } = file;
  if (!size) throw new Error(`${name} is empty.`);
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 40).arrayBuffer()));
  if (start.startsWith("version https://git-lfs.github.com/"))
    throw new Error(`${name} is a pointer of Git LFS, not the file: fetch it with git lfs pull.`);
  return start;
}

/** @param {string} name @param {{dtype: string}[]} found */
function unread(name, found) {
  const held = [...new Set(found.map(({ dtype }) => dtype))].join(", ");
  return new Error(`${name} holds ${short(held)}, and what is read is ${KNOWN}.`);
}

/** @param {File} file @returns {Promise<Tensor[]>} */
async function safetensors(file) {
  const { name } = file;
  const unknown = new Error(`${name} is neither an adapter_config.json nor a .safetensors file.`);
  if (file.size < 8) throw unknown;
  const length = Number(new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  if (length > HEAD) throw unknown;
  const start = 8 + length;
  if (/\.safetensors$/i.test(name)) reaches(file, start, "its head");
  const bytes = new Uint8Array(await file.slice(8, start).arrayBuffer());
  const places = cuts(name, bytes);
  /** @type {[string, {dtype: string, shape: number[], data_offsets: [number, number]}][]} */
  const entries = [];
  const found = [];
  for (let i = 1; i < places.length; i++) {
    await breathe();
    const text = new TextDecoder().decode(bytes.subarray(places[i - 1] + Number(i > 1), places[i]));
    let list;
    try {
      list = JSON.parse(`${i > 1 ? "{" : ""}${text}${i < places.length - 1 ? "}" : ""}`);
    } catch {
      throw unknown;
    }
    if (Object(list) !== list || Array.isArray(list))
      throw new Error(`${name} has ${short(JSON.stringify(list))} where its list of tensors should be.`);
    for (const [key, entry] of Object.entries(list)) {
      if (key === "__metadata__") continue;
      entries.push([key, entry]);
      found.push(tensor(file, key, entry, start));
    }
  }
  await breathe();
  apart(name, entries);
  return found;
}

/** No byte belongs to two tensors. @param {string} name of the file @param {[string, {data_offsets: [number, number]}][]} entries */
function apart(name, entries) {
  const filled = entries.filter(
    ([
      ,
      {
        data_offsets: [from, to],
      },
    ]) => from < to,
  );
  filled.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  for (const [i, [key, { data_offsets }]] of filled.entries())
    if (i && data_offsets[0] < filled[i - 1][1].data_offsets[1])
      throw new Error(`${short(filled[i - 1][0])} and ${short(key)} in ${name} share bytes, and each has its own.`);
}

/** @param {File} file @param {string} key @param {{dtype: string, shape: number[], data_offsets: [number, number]}} entry @param {number} start @returns {Tensor} */
function tensor(file, key, entry, start) {
  const whose = `${short(key)} in ${file.name}`;
  if (Object(entry) !== entry)
    throw new Error(`${whose} is ${short(JSON.stringify(entry))}, and a tensor has a dtype, a shape and data_offsets.`);
  for (const field of /** @type {const} */ (["dtype", "shape", "data_offsets"])) check(whose, field, entry[field]);
  const { dtype, shape, data_offsets } = entry;
  const [from, to] = data_offsets.map((offset) => start + offset);
  const type = TYPES.get(dtype);
  if (!type) return { name: key, dtype, shape, read: () => Promise.reject(unread(whose, [entry])) };
  const count = shape.reduce((product, side) => product * side, 1);
  if (to - from !== count * type.bytes)
    throw new Error(
      `${whose} has ${to - from} bytes, and ${shape.join(" × ") || "a number"} of ${dtype} need ${count * type.bytes}.`,
    );
  reaches(file, to, short(key));
  const row = count / (shape[0] || 1);
  const read = (first = 0, rows = shape[0] ?? 1) =>
    decoded(file, whose, type, from + first * row * type.bytes, rows * row);
  return { name: key, dtype, shape, read };
}

/**
 * @param {File} file @param {string} whose @param {Type} type @param {number} start @param {number} count
 * @param {(i: number) => number} [place] of an entry of the file
 */
async function decoded(file, whose, { bytes, value }, start, count, place = (i) => i) {
  if (count > MOST) throw new Error(`${whose} has ${count} numbers, and up to ${MOST} are read at once.`);
  const values = new Float64Array(count);
  for (let first = 0; first < count; first += PIECE) {
    const end = Math.min(first + PIECE, count);
    const view = new DataView(await file.slice(start + first * bytes, start + end * bytes).arrayBuffer());
    for (let i = first; i < end; i++) values[place(i)] = value(view, bytes * (i - first));
  }
  return values;
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
