/** Differences of two models: the tensors of two models paired by name, and their differences, read in slices of rows. */

/**
 * @typedef {import("../page/arrays.js").Tensor} Tensor
 * @typedef {{module: string, row: string, column: string, before: Tensor, after: Tensor}} Pair
 * @typedef {{norm: number, weight: number, relative: number | null, moved: number}} Sizes `moved` is the share of entries that differ
 */

const SLICE = 2 ** 20; // numbers of each model that are in memory at once
const BLOCK = 24; // directions that are followed
const TOLD = 16; // those of them that are told, the largest
const PASSES = 20; // over a difference, at most
const SETTLED = 1e-3; // of the largest singular value: no told one moves by more in a pass

const written = (/** @type {Tensor} */ { shape }) => shape.join(" × ") || "a number";
/** @param {string[]} names */
const some = (names) => `${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}`;

/**
 * Pairs tensors by name. Where no name is in both models, those of one may lack the first part.
 *
 * @param {Map<string, Tensor>} before @param {Map<string, Tensor>} after
 * @returns {{pairs: Pair[], notes: string[]}} Throws when nothing is left to be measured, with the reason.
 */
export function paired(before, after) {
  const partner = partners(before, after);
  const both = [...before.values()].filter(({ name }) => partner.has(name));
  if (!both.length) {
    const [[first], [second]] = [before.keys(), after.keys()].map((names) => [...names]);
    throw new Error(
      `No tensor has the same name in both models: the first is ${first} before and ${second} after. They are not of one kind.`,
    );
  }
  const told = both.map((tensor) => ({ before: tensor, after: /** @type {Tensor} */ (partner.get(tensor.name)) }));
  const same = (/** @type {{before: Tensor, after: Tensor}} */ { before, after }) => written(before) === written(after);
  const odd = told.filter((pair) => !same(pair));
  const matrices = told.filter((pair) => same(pair) && pair.before.shape.length > 1);
  const shapes = odd.map(
    ({ before, after }) => `${before.name} is ${written(before)} before and ${written(after)} after`,
  );
  if (!matrices.length)
    throw new Error(
      odd.length ? `${shapes[0]}: these are models of two sizes.` : "The tensors of both models are no matrices.",
    );
  const theirs = new Set([...partner.values()].map(({ name }) => name));
  const lone = [
    ["before", [...before.keys()].filter((name) => !partner.has(name))],
    ["after", [...after.keys()].filter((name) => !theirs.has(name))],
  ];
  const notes = lone.flatMap(([where, names]) =>
    names.length ? `Only in the model ${where}: ${names.length} tensors (${some(/** @type {any} */ (names))}).` : [],
  );
  if (odd.length) notes.unshift(`Not measured, since shapes differ: ${shapes.slice(0, 3).join("; ")}.`);
  const vectors = told.length - odd.length - matrices.length;
  if (vectors) notes.push(`Not measured: ${vectors} tensors with one axis, such as biases and norms.`);
  const pairs = matrices.map((pair) => ({ ...place(pair.before.name), ...pair }));
  return { pairs: pairs.sort((a, b) => collate(a.module, b.module)), notes };
}

/** Returns the tensor after by the name of the one before. @param {Map<string, Tensor>} before @param {Map<string, Tensor>} after */
function partners(before, after) {
  const short = (/** @type {string} */ name) => name.slice(name.indexOf(".") + 1);
  /** @type {((name: string) => string)[][]} names before and after as they are, then without their first part */
  const ways = [
    [String, String],
    [short, String],
    [String, short],
  ];
  for (const [one, other] of ways) {
    const by = new Map([...after.values()].map((tensor) => [other(tensor.name), tensor]));
    const found = [...before.keys()].flatMap((name) => {
      const tensor = by.get(one(name));
      return tensor ? [/** @type {[string, Tensor]} */ ([name, tensor])] : [];
    });
    if (found.length) return new Map(found);
  }
  return new Map();
}

const collate = new Intl.Collator("en", { numeric: true }).compare; // layer 2 before layer 10

/** The layer and the matrix that a tensor's name tells, as `place` in demos/adapter_file.py does. @param {string} name */
function place(name) {
  const module = name.replace(/\.weight$/, "");
  const [, row, column] = /^(.*\b\d+)\.(\D.*)$/.exec(module) ?? [, "", module];
  return { module, row, column };
}

/**
 * Calls for rows of a difference, one slice after the other.
 *
 * @param {Pair} pair @param {AbortSignal} signal
 * @param {(change: Float64Array, before: Float64Array, first: number) => void} use `change` takes the place of what is after
 */
async function slices({ before, after, module }, signal, use) {
  const [rows, ...rest] = before.shape;
  const step = Math.max(1, Math.floor(SLICE / width(rest)));
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(step, rows - first);
    const [W, change] = await Promise.all([before.read(first, count), after.read(first, count)]);
    signal.throwIfAborted();
    for (let i = 0; i < change.length; i++) change[i] -= W[i];
    if (!change.every(Number.isFinite)) throw new Error(`${module} has an entry that is not finite.`);
    use(change, W, first);
  }
}

/** @param {number[]} sides */
const width = (sides) => sides.reduce((product, side) => product * side, 1);

/** Measure a difference, also in proportion to the weight. @param {Pair} pair @param {AbortSignal} signal @returns {Promise<Sizes>} */
export async function sizes(pair, signal) {
  let [changed, whole, moved] = [0, 0, 0];
  await slices(pair, signal, (change, W) => {
    for (let i = 0; i < change.length; i++) {
      changed += change[i] ** 2;
      whole += W[i] ** 2;
      moved += Number(change[i] !== 0);
    }
  });
  const [norm, weight] = [Math.sqrt(changed), Math.sqrt(whole)];
  return { norm, weight, relative: weight ? norm / weight : null, moved: moved / width(pair.before.shape) };
}

/**
 * The largest singular values of a difference, by subspace iteration (Halko, Martinsson and Tropp, 2011): a block of directions
 * passes through ΔWᵀΔW until what it sees there stays. None is above the true one.
 *
 * @param {Pair} pair @param {AbortSignal} signal @param {(pass: number) => void} [tell]
 * @returns {Promise<{sigma: number[], settled: boolean}>} descending
 */
export async function leading(pair, signal, tell) {
  const [rows, ...rest] = pair.before.shape;
  const columns = width(rest);
  const block = Math.min(BLOCK, rows, columns);
  let Q = orthonormal(start(block, columns));
  /** @type {number[]} */
  let sigma = [];
  for (let pass = 1; pass <= PASSES; pass++) {
    tell?.(pass);
    const Z = Q.map(() => new Float64Array(columns));
    await slices(pair, signal, (change) => apply(change, columns, Q, Z));
    const seen = eigenvalues(Q.map((q) => Z.map((z) => dot(q, z))));
    const now = seen.map((value) => Math.sqrt(Math.max(value, 0))).slice(0, TOLD);
    const apart = Math.max(...now.map((value, i) => Math.abs(value - (sigma[i] ?? 0))));
    sigma = now;
    if (block === Math.min(rows, columns) || apart <= SETTLED * sigma[0]) return { sigma, settled: true };
    Q = orthonormal(Z);
  }
  return { sigma, settled: false };
}

/** Adds ΔᵀΔ q to each z, Δ being some rows. @param {Float64Array} rows @param {number} columns @param {Float64Array[]} Q @param {Float64Array[]} Z */
function apply(rows, columns, Q, Z) {
  for (let from = 0; from < rows.length; from += columns) {
    const row = rows.subarray(from, from + columns);
    for (let k = 0; k < Q.length; k++) {
      const [z, along] = [Z[k], dot(row, Q[k])];
      for (let j = 0; j < columns; j++) z[j] += along * row[j];
    }
  }
}

/** @param {Float64Array} a @param {Float64Array} b */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Directions that are the same on every visit. @param {number} count @param {number} length */
function start(count, length) {
  let state = 1;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5; // Park and Miller, 1988
  return Array.from({ length: count }, () => Float64Array.from({ length }, next));
}

/** Gram and Schmidt, twice, since round-off is not orthogonal. @param {Float64Array[]} vectors @returns {Float64Array[]} */
function orthonormal(vectors) {
  /** @type {Float64Array[]} */
  const found = [];
  for (const vector of vectors) {
    for (const q of [...found, ...found]) {
      const along = dot(q, vector);
      for (let i = 0; i < vector.length; i++) vector[i] -= along * q[i];
    }
    const length = Math.sqrt(dot(vector, vector));
    found.push(length ? vector.map((value) => value / length) : vector);
  }
  return found;
}

/** The eigenvalues of a small symmetric matrix, descending, by Jacobi's rotations. @param {number[][]} A @returns {number[]} */
function eigenvalues(A) {
  const n = A.length;
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (!A[p][q]) continue;
        const angle = Math.atan2(2 * A[p][q], A[p][p] - A[q][q]) / 2;
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        for (const row of A) [row[p], row[q]] = [c * row[p] + s * row[q], c * row[q] - s * row[p]];
        const [P, R] = [A[p], A[q]];
        [A[p], A[q]] = [P.map((v, i) => c * v + s * R[i]), R.map((v, i) => c * v - s * P[i])];
      }
    }
  }
  return A.map((row, i) => row[i]).sort((a, b) => b - a);
}
