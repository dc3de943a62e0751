/** Counts parameters and estimates memory, from formulas that the build has read (adapters_np/expressions.py). */

/** A number, a name, or [operator, argument, …]. @typedef {number | string | any[]} Expression */

/** @type {Record<string, (...values: any[]) => any>} */
const OPERATORS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
  "**": (a, b) => a ** b,
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  min: Math.min,
  max: Math.max,
  ceil: Math.ceil,
  floor: Math.floor,
};

/**
 * @param {Expression} found @param {Record<string, any>} names The value of every name.
 * @returns {any} The expression's value.
 */
export function evaluate(found, names) {
  if (typeof found === "string" && !Object.hasOwn(names, found)) throw new Error(`${found} has no value`);
  if (!Array.isArray(found)) return typeof found === "string" ? names[found] : found;
  const [operator, ...given] = found;
  if (operator === "text") return given[0];
  if (operator === "if") return evaluate(given[evaluate(given[0], names) ? 1 : 2], names);
  if (!Object.hasOwn(OPERATORS, operator)) throw new Error(`${JSON.stringify(found)} is no expression`);
  return OPERATORS[operator](...given.map((part) => evaluate(part, names)));
}

/** The values of expressions. @param {Expression[]} found @param {Record<string, any>} names @returns {number[]} */
const values = (found, names) => found.map((one) => Number(evaluate(one, names)));

/**
 * @param {{shared: boolean, shape: Expression[]}[]} arrays What a method learns.
 * @param {Expression[][]} places (d_out, d_in, how many) of what the method adapts.
 * @param {Record<string, any>} model @param {Record<string, any>} knobs
 * @returns {number} The parameters that the method trains on the model.
 */
export function count(arrays, places, model, knobs) {
  let total = 0;
  const where = places.map((place) => values(place, model)).filter(([, , n]) => n);
  for (const { shared, shape } of arrays) {
    const sizes = where.map(([d_out, d_in, n]) =>
      values(shape, { ...knobs, d_out, d_in }).reduce((a, b) => a * b, shared ? 1 : n),
    );
    total += shared ? Math.max(...sizes) : sizes.reduce((a, b) => a + b, 0);
  }
  return total;
}

/**
 * @param {Record<string, Expression>} formulas Each over what is given and the ones before it.
 * @param {Record<string, any>} given
 * @returns {Record<string, any>} The bytes of each formula beside what is given.
 */
export function estimate(formulas, given) {
  const known = { ...given };
  for (const [name, formula] of Object.entries(formulas)) known[name] = evaluate(formula, known);
  return known;
}
