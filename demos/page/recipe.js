/** Puts a recipe together from its pieces, as scripts/catalog/recipes.py does for the tests. */

import { evaluate } from "./formulas.js";

/** A list of names as Python writes it. @param {string[]} names */
const python = (names) => `[${names.map((name) => JSON.stringify(name)).join(", ")}]`;

/**
 * Return the names of the adapted weights.
 *
 * @param {any} data @param {any} recipe @param {string} targets @param {boolean} fused @returns {string[]}
 */
export function names({ recipes, fused: whole }, recipe, targets, fused) {
  const chosen = recipe.targets ?? recipes.names[targets];
  return fused ? [...new Set(chosen.map((/** @type {string} */ name) => whole[name] ?? name))] : chosen;
}

/**
 * @param {any} data the script of models and recipes @param {string} slug
 * @param {{home: string, bits: number, targets: string, fused: boolean, checkpointing: boolean, rank: number, length: number, batch: number, optimiser: string, chunked: boolean}} wish
 */
export function written(data, slug, wish) {
  const { recipes } = data;
  const recipe = recipes.methods[slug];
  const few = wish.bits < 16;
  const bool = wish.checkpointing ? "True" : "False";
  const classes = ["PeftModel", recipe.class, "get_peft_model", ...(few ? ["prepare_model_for_kbit_training"] : [])];
  const rules = Object.entries(recipes.rules).map(([rule, found]) => [rule, `${evaluate(found, { rank: wish.rank })}`]);
  const [rate, why] = recipe.rate;
  const slots = [
    ["classes", classes.join(", ")],
    ["loaders", few ? " BitsAndBytesConfig," : ""],
    ["callbacks", recipe.trainer ? " TrainerCallback," : ""],
    ["model", wish.home],
    ["quantised", recipes.quantised[wish.bits]],
    ["prepare", few ? recipes.kbit : wish.checkpointing ? recipes.checkpointing : ""],
    ["loading", few ? "" : recipe.loading],
    ["config", recipe.config],
    ["targets", python(names(data, recipe, wish.targets, wish.fused))],
    ...rules,
    ["notes", recipe.notes],
    ["length", `${wish.length}`],
    ["why", why],
    ["rate", rate],
    ["batch", `${wish.batch}`],
    ["checkpointing", bool],
    ["optimiser", recipes.optimisers[wish.optimiser]],
    ["chunked", wish.chunked ? recipes.chunked : ""],
    ["trainer", recipe.trainer],
    ["saving", recipe.saving],
    ["merging", recipe.merges ? recipes.merging : ""],
  ];
  return slots.reduce((code, [name, value]) => code.replaceAll(`<${name}>`, () => value), recipes.load);
}
