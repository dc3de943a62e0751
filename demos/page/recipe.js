/** Puts a recipe together from its pieces, as scripts/catalog/recipes.py does for the tests. */

import { evaluate } from "./formulas.js";

/** A list of names as Python writes it, a long one on a line of its own. @param {string[]} names */
function python(names) {
  const text = names.map((name) => JSON.stringify(name)).join(", ");
  return text.length <= 70 ? `[${text}]` : `[\n            ${text},\n        ]`;
}

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
 * Return what follows from examples, epochs and batch.
 *
 * @param {any} data @param {{examples: number, epochs: number, batch: number}} wish @returns {Record<string, number>}
 */
export function schedule({ recipes }, { examples, epochs, batch }) {
  /** @type {Record<string, any>} */
  const found = { examples, epochs, batch };
  for (const [name, formula] of Object.entries(recipes.schedule)) found[name] = evaluate(formula, found);
  return found;
}

/**
 * @param {any} data the script of models and recipes @param {string} slug
 * @param {{home: string, bits: number, targets: string, fused: boolean, checkpointing: boolean, rank: number, length: number, batch: number, optimiser: string, chunked: boolean, examples: number, epochs: number}} wish
 */
export function written(data, slug, wish) {
  const { recipes } = data;
  const recipe = recipes.methods[slug];
  const few = wish.bits < 16;
  const bool = wish.checkpointing ? "True" : "False";
  const prepare = few ? ["prepare_model_for_kbit_training"] : [];
  const classes = [recipe.class, "PeftModel", "get_peft_model", ...prepare].sort();
  const plan = schedule(data, wish);
  const given = { rank: wish.rank, steps: plan.steps };
  const rules = Object.entries(recipes.rules).map(([rule, found]) => [rule, `${evaluate(found, given)}`]);
  const [rates, why] = recipe.rates;
  const eight = recipes.optimisers[wish.optimiser].includes("8bit");
  const all = !(recipe.targets || recipe.named) && wish.targets === "all linear";
  const slots = [
    ["packages", `peft transformers${few || eight ? " bitsandbytes" : ""}`],
    ["classes", classes.join(", ")],
    ["loaders", few ? " BitsAndBytesConfig," : ""],
    ["callbacks", recipe.trainer ? " TrainerCallback," : ""],
    ["model", wish.home],
    ["quantised", recipes.quantised[wish.bits]],
    ["prepare", few ? recipes.kbit : wish.checkpointing ? recipes.checkpointing : ""],
    ["loading", few ? "" : recipe.loading],
    ["config", recipe.config],
    ["targets", all ? '"all-linear"' : python(names(data, recipe, wish.targets, wish.fused))],
    ...rules,
    ["notes", recipe.notes],
    ["length", `${wish.length}`],
    ["why", why],
    ["rates", rates],
    ...Object.entries(plan).map(([name, n]) => [name, `${n}`]),
    ["checkpointing", bool],
    ["optimiser", recipes.optimisers[wish.optimiser]],
    ["chunked", wish.chunked ? recipes.chunked : ""],
    ["trainer", recipe.trainer],
    ["saving", recipe.saving],
    ["merging", recipe.merges ? recipes.merging : ""],
  ];
  return slots.reduce((code, [name, value]) => code.replaceAll(`<${name}>`, () => value), recipes.load);
}
