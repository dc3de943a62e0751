/** The base weights beside an adapter: which of a reader's files hold them, and which tensor belongs to a module. */

import { tensors } from "../page/arrays.js";

/** @typedef {import("../page/arrays.js").Tensor} Tensor */

const ADAPTED = /(^|\.)(lora|hada|lokr|ia3|oft|vera|boft|oft|hra|miss|delora|shira)_/i;

/**
 * Adapters and bases among files, the latter with their tensors: a base has no tensor with the name of an adapter's.
 *
 * @param {File[]} files @returns {Promise<[File[], [File, Tensor[]][]]>}
 */
export async function apart(files) {
  if (files.length === 1 && /adapter/i.test(files[0].name)) return [files, []];
  /** @type {[File, Tensor[]][]} */
  const bases = [];
  const adapters = [];
  for (const file of files) {
    const found = await tensors(file).catch(() => []); // what is wrong with it, its reader will say
    if (found.some(({ name }) => name.endsWith(".weight")) && !found.some(({ name }) => ADAPTED.test(name)))
      bases.push([file, found]);
    else adapters.push(file);
  }
  return [adapters, bases];
}

const EMBEDDED = /(^|\.)(embed_tokens|wte|word_embeddings|embed_in|shared|tok_embeddings)$/;
const HEAD = /(^|\.)(lm_head|embed_out)$/;

/**
 * A module's weight in the base, whose names may lack the first part. A head or an embedding that is not saved is tied to one that is.
 *
 * @param {Map<string, Tensor>} base @param {string} module
 */
export function weightOf(base, module) {
  for (let name = `${module}.weight`; name.includes("."); name = name.slice(name.indexOf(".") + 1)) {
    const found = base.get(name);
    if (found) return found;
  }
  if (!HEAD.test(module) && !EMBEDDED.test(module)) return undefined;
  return [...base.values()].find(({ name }) => EMBEDDED.test(name.replace(/\.weight$/, "")));
}

/** A weight that is saved as inputs × outputs, the other way round. @param {Tensor} tensor @returns {Tensor} */
export function turned(tensor) {
  const [rows, columns] = tensor.shape;
  /** @type {Promise<Float64Array> | undefined} */
  let whole;
  const turn = async () => {
    const given = await tensor.read();
    return given.map((_, i) => given[(i % rows) * columns + Math.floor(i / rows)]);
  };
  const read = async (first = 0, count = columns) =>
    (await (whole ??= turn())).slice(first * rows, (first + count) * rows);
  return { ...tensor, shape: [columns, rows], read };
}
