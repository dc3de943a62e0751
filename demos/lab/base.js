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

/** A module's weight in the base, whose names may lack the first part. @param {Map<string, Tensor>} base @param {string} module */
export function weightOf(base, module) {
  for (let name = `${module}.weight`; name.split(".").length > 2; name = name.slice(name.indexOf(".") + 1)) {
    const found = base.get(name);
    if (found) return found;
  }
  return undefined;
}
