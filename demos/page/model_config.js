/** Reads a decoder's shape out of its `config.json`, and says what in a shape cannot be. */

/**
 * @typedef {{layers: number, hidden: number, heads: number, queries: number, keys: number, inner: number, vocabulary: number, total: number, tied: boolean, fused: boolean}} Shape
 */

/** Keys of config.json, with the largest value that a decoder could have. @type {[keyof Shape, string, number][]} */
const KEYS = [
  ["layers", "num_hidden_layers", 1000],
  ["hidden", "hidden_size", 100_000],
  ["heads", "num_attention_heads", 1000],
  ["inner", "intermediate_size", 1_000_000],
  ["vocabulary", "vocab_size", 10_000_000],
];
const EXPERTS = ["num_experts", "num_local_experts", "n_routed_experts"];
const TYING = ["gemma", "cohere"]; // whose configurations leave the key out where embeddings are tied
const FUSED = ["phi3", "phi4"]; // Phi-3's architecture, and what was named after it

/** @param {string} key @param {unknown} value @param {string} rule */
const refused = (key, value, rule) =>
  new Error(
    value === undefined
      ? `${key} is not in this config.json, and ${rule}.`
      : `${key} is ${JSON.stringify(value).slice(0, 60)}, and ${rule}.`,
  );

/** @param {any} given @param {string} key @param {number} most */
function whole(given, key, most) {
  const value = given[key];
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    throw refused(key, value, `it has to be a whole number from 1 to ${most.toLocaleString("en")}`);
  return value;
}

/**
 * @param {string} text of a config.json
 * @returns {Shape} Throws what is wrong: the key, its value and the rule.
 */
export function decoder(text) {
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${error instanceof Error ? error.message : error}.`);
  }
  if (Object(given) !== given || Array.isArray(given)) throw new Error("A config.json holds keys and values in { }.");
  if (given.peft_type) throw refused("peft_type", given.peft_type, "that is an adapter's; its base has a config.json");
  given = Object(given.text_config) === given.text_config ? { ...given, ...given.text_config } : given;
  for (const key of EXPERTS)
    if (given[key] > 1) throw refused(key, given[key], "the estimate knows one feed-forward in a layer");
  const known = Object.fromEntries(KEYS.map(([name, key, most]) => [name, whole(given, key, most)]));
  const { hidden, heads } = known;
  const shared = given.num_key_value_heads ?? heads;
  if (!Number.isSafeInteger(shared) || shared < 1 || heads % shared)
    throw refused("num_key_value_heads", shared, `it has to divide num_attention_heads, ${heads}`);
  if (given.head_dim == null && hidden % heads)
    throw refused("hidden_size", hidden, `num_attention_heads, ${heads}, has to divide it where there is no head_dim`);
  const side = given.head_dim == null ? hidden / heads : whole(given, "head_dim", 10_000);
  const type = String(given.model_type ?? "");
  const tied = given.tie_word_embeddings ?? TYING.some((name) => type.startsWith(name));
  if (typeof tied !== "boolean") throw refused("tie_word_embeddings", tied, "it has to be true or false");
  const shape = /** @type {Shape} */ ({
    ...known,
    queries: heads * side,
    keys: shared * side,
    tied,
    fused: FUSED.includes(type),
    total: 0,
  });
  return { ...shape, total: least(shape) };
}

/** The parameters of linear weights, embeddings and norms. @param {Shape} shape */
export function least({ layers, hidden, queries, keys, inner, vocabulary, tied }) {
  const layer = 2 * hidden * (queries + keys) + 3 * hidden * inner;
  return layers * layer + (tied ? 1 : 2) * vocabulary * hidden + (2 * layers + 1) * hidden;
}

const MORE = 1.5; // times what the shape makes: more would be another architecture

/** Return the reason why a shape cannot be, if there is one. @param {Shape} shape @returns {string | undefined} */
export function objection(shape) {
  const { heads, queries, keys, total } = shape;
  const n = (/** @type {number} */ value) => value.toLocaleString("en");
  if (queries % heads) return `Width of all query heads is ${n(queries)}, and ${heads} query heads have to divide it.`;
  if (keys > queries || queries % keys)
    return `Width of all key heads is ${n(keys)}, and it has to divide that of all query heads, ${n(queries)}.`;
  const made = least(shape);
  if (total < 0.99 * made || total > MORE * made)
    return `Parameters in all is ${n(total)}, and a decoder of this shape has ${n(made)}.`;
  return undefined;
}
