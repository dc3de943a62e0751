/** A reader's own adapter in the lab: fitted to all changes, at one budget after another. */

/**
 * @typedef {{name: string, worlds: Record<string, (import("./data.js").Found | null)[]>}} Own a reader's adapter
 * @typedef {import("../cell/cell.js").Cell} Cell
 */

/**
 * Fits what is in the editor, and tells after each fit what is found so far.
 *
 * @param {Cell} cell
 * @param {import("./data.js").Data} data
 * @param {AbortSignal} signal
 * @param {(own: Own) => void} found
 * @returns {Promise<Own | undefined>} Nothing where the code has failed, or the reader has left.
 */
export async function fits(cell, data, signal, found) {
  /** @type {Own} */
  const own = { name: "", worlds: Object.fromEntries(data.worlds.map(({ name }) => [name, []])) };
  let done = 0;
  for (const [at, rank] of data.ranks.entries()) {
    for (const world of data.worlds) {
      const answer = await cell.ask({ type: "fit", world: world.name, rank });
      if (!answer || signal.aborted) return; // the cell has told why
      const reason = objection(answer);
      if (reason) return void cell.end(reason);
      own.name = answer.name;
      own.worlds[world.name][at] = better(own.worlds[world.name].at(-1) ?? null, answer);
      found(own);
      cell.say(`${++done} of ${data.ranks.length * data.worlds.length} fits. The row ${own.name} is filled.`);
    }
  }
  cell.end(`${own.name} is fitted to all changes: its row is the first of the table.`);
  return own;
}

/**
 * Return the better fit with at most as many parameters: more may be used, but need not.
 *
 * @param {import("./data.js").Found | null} before @param {any} answer @returns {import("./data.js").Found | null}
 */
function better(before, { share, size, knobs }) {
  if (share == null) return before; // None in Python
  return before && before[0] > share ? before : [share, size, knobs];
}

const NAME = /^\p{ID_Continue}{1,99}$/u;

/**
 * @param {any} answer About a reader's adapter, whose code may have made anything of it.
 * @returns {string | undefined} Why it takes no row.
 */
function objection({ name, share, size, knobs }) {
  if (typeof name !== "string" || !NAME.test(name)) {
    const called = JSON.stringify(name) ?? "nothing";
    return `The class is called ${called.length > 60 ? `${called.slice(0, 60)}…` : called}, and a row takes a name of 1 to 99 letters, digits and _.`;
  }
  const good =
    (share == null || (Number.isFinite(share) && share <= 1)) &&
    Number.isInteger(size) &&
    Object(knobs) === knobs &&
    Object.values(knobs).every((value) => ["number", "string", "boolean"].includes(typeof value));
  return good ? undefined : "The code gave an answer that is no share of a change.";
}
