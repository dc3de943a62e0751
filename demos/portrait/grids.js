/** Portraits of the entries of a weight: what of it changes, and how that is put together. */

import { box, changed, circle, dot, grid, line, overlaid, still, word } from "./svg.js";

/** @typedef {import("./svg.js").Point} Point @typedef {import("./draw.js").Draw} Draw @typedef {number[][]} Matrix */

/** @param {Matrix} M @returns {Matrix} */
const transposed = (M) => M[0].map((_, j) => M.map((row) => row[j]));

/** @type {Draw} */
export function change({ change: D }, { still: { before } }) {
  const seen = D.map((row) =>
    row.map((v) => v && Math.sign(v) * (0.45 * Math.min(1, 20 * Math.abs(v)) + 0.55 * Math.abs(v))),
  );
  return overlaid(before, seen, { x: 12.5, y: 6, cell: 9 });
}

/** @type {Draw} */
export function plaid({ change: D, B }, { still: { before, A } }) {
  const [x, y, cell, step] = [53, 33, 7, 8.5];
  const used = (/** @type {number} */ q) => B.some((/** @type {number[]} */ row) => Math.abs(row[q]) > 0.004);
  const strips = A.flatMap((/** @type {number[]} */ row, /** @type {number} */ q) => {
    const column = B.map((/** @type {number[]} */ r) => [r[q]]);
    const [above, aside] = [y - (q + 1) * step - 1.5, x - (q + 1) * step - 1.5];
    return [
      box(x, above, cell * row.length, cell, "faint", { fill: true, alpha: 0.28 }),
      box(aside, y, cell, cell * B.length, "faint", { fill: true, alpha: 0.28 }),
      grid([row], { x, y: above, cell }, (v) => (used(q) ? changed(v, 0, 0) : still(v && 0.6, 0, 0))),
      grid(column, { x: aside, y, cell }, changed),
    ];
  });
  return strips.join("") + overlaid(before, D, { x, y, cell });
}

/** @type {Draw} */
export function triplets({ weights, kept }, { still: { P, Q } }) {
  const [top, step, cell] = [9, 17.6, 3.3];
  const side = cell * P[0].length;
  const cut = kept.findIndex((/** @type {number} */ v, /** @type {number} */ i) => !v && weights[i]);
  const list = weights.map((/** @type {number} */ weight, /** @type {number} */ q) => {
    const y = top + q * step;
    const gone = !kept[q] && weight > 0;
    const tone = /** @type {import("./svg.js").Tone} */ (
      (v) => (gone || !weight ? ["soft", 0.1 + 0.2 * Math.abs(v)] : changed(v, 0, 0))
    );
    const bar = gone
      ? box(57, y + 0.5, 46 * weight, 9, "soft", { width: 1.3, dash: "2 2" })
      : box(56.5, y, 46 * weight, 10, "own", { fill: true });
    return (
      grid([P[q]], { x: 10, y, cell, high: 10 }, tone) + bar + grid([Q[q]], { x: 150 - side, y, cell, high: 10 }, tone)
    );
  });
  const line_ =
    cut < 0
      ? ""
      : line(
          [
            [6, top + cut * step - 3.8],
            [154, top + cut * step - 3.8],
          ],
          "ink",
          { width: 1.5, dash: "3 4" },
        );
  return list.join("") + line_;
}

/** @type {Draw} */
export function hadamard({ second, change: D }, { still: { first } }) {
  const cell = 5.6;
  const side = cell * first.length;
  return [
    grid(first, { x: 8, y: 5, cell }, changed) + box(8, 5, side, side, "faint", { width: 1 }),
    word([8 + side / 2, 65.5], "⊙", 16),
    grid(second, { x: 8, y: 70, cell }, changed) + box(8, 70, side, side, "faint", { width: 1 }),
    line(
      [
        [59, 56],
        [67, 56],
      ],
      "ink",
      { width: 1.8 },
    ) +
      line(
        [
          [59, 60],
          [67, 60],
        ],
        "ink",
        { width: 1.8 },
      ),
    grid(D, { x: 74, y: 18, cell: 10 }, changed),
  ].join("");
}

/** @type {Draw} */
export function stamps({ change: D, gains }, { still: { before, stamp } }) {
  const [x, y, cell, f] = [57, 12, 8, gains.length];
  const b = stamp.length;
  const frames = gains.flatMap((/** @type {number[]} */ row, /** @type {number} */ i) =>
    row.map((_, j) => box(x + j * b * cell, y + i * b * cell, b * cell, b * cell, "paper", { width: 1.6 })),
  );
  return [
    grid(gains, { x: 9, y: 12, cell: 12 }, changed),
    box(9, 12, 12 * f, 12 * f, "faint", { width: 1 }),
    word([27, 66], "⊗", 16),
    grid(stamp, { x: 9, y: 72, cell: 9 }, (v) => (v ? ["ink", 0.15 + 0.75 * Math.abs(v)] : null)),
    box(9, 72, 9 * b, 9 * b, "ink", { width: 1.4 }),
    overlaid(before, D, { x, y, cell }),
    ...frames,
  ].join("");
}

/** @type {Draw} */
export function shard({ change: D, shard: own }, { still: { before } }) {
  const [x, y, cell] = [54, 12, 8.3];
  const [width, high] = [own[0].length * cell, own.length * 9.6];
  const times = D[0].length / own[0].length;
  const fields = Array.from({ length: times }, (_, k) => {
    const left = x + k * (width + 1.6);
    const part = (/** @type {Matrix} */ M) => M.map((row) => row.slice(k * own[0].length, (k + 1) * own[0].length));
    return (
      overlaid(part(before), part(D), { x: left, y, cell, high: 9.6 }) +
      box(left, y, width, high, "own", { width: 0.9 })
    );
  });
  return [
    grid(own, { x: 8, y, cell, high: 9.6 }, changed),
    box(7.6, y - 0.4, width + 0.8, high + 0.8, "ink", { width: 2.2 }),
    line(
      [
        [37, 60],
        [48, 60],
      ],
      "soft",
      { width: 1.6 },
    ) +
      line(
        [
          [44, 56],
          [48, 60],
          [44, 64],
        ],
        "soft",
        { width: 1.6 },
      ),
    ...fields,
  ].join("");
}

/** @type {Draw} */
export function tiles({ change: D }, { still: { before } }) {
  const b = D.length / 2;
  const cell = 8.8;
  const one = (/** @type {Matrix} */ M, /** @type {number} */ i, /** @type {number} */ j) =>
    M.slice(i * b, i * b + b).map((row) => row.slice(j * b, j * b + b));
  return [0, 1]
    .flatMap((i) =>
      [0, 1].map((j) => {
        const [x, y] = [26 + j * (b * cell + 3), 6 + i * (b * cell + 3)];
        const drawn = overlaid(
          one(before, i, j).map((row) => row.map((v) => 0.5 * v)),
          one(D, i, j),
          { x, y, cell },
        );
        return drawn + box(x, y, b * cell, cell, "ink", { width: 1.5 });
      }),
    )
    .join("");
}

/** @type {Draw} */
export function guided({ change: D, blocks }, { still: { before } }) {
  const r = blocks[0].length;
  const across = before[0].length / r;
  const [cell, gap, x] = [6.6, 5, 57];
  return blocks
    .map((/** @type {Matrix} */ block, /** @type {number} */ a) => {
      const y = 4 + a * 59;
      const band = (/** @type {Matrix} */ M, /** @type {number} */ k) =>
        M.slice(a * r, a * r + r).map((row) => row.slice(k * r, k * r + r));
      const columns = Array.from({ length: across }, (_, k) => {
        const left = x + k * (r * cell + gap);
        const frame = box(left - 0.4, y - 0.4, r * cell + 0.8, r * cell + 0.8, "faint", { width: 0.8 });
        return (
          frame +
          grid(band(before, k), { x: left, y, cell }, (v) => (v ? ["soft", 0.75] : ["soft", 0.1])) +
          grid(band(D, k), { x: left, y: y + 27.6, cell }, (v) => changed(v, 0, 0) ?? ["soft", 0.1])
        );
      });
      const side = r * cell;
      return [
        grid(block, { x: 8, y: y + 14, cell }, (v) => changed(v, 0, 0) ?? ["own", 0.08]),
        box(7.6, y + 13.6, side + 0.8, side + 0.8, "own", { width: 1.8 }),
        line(
          [
            [40, y + 27],
            [50, y + 27],
          ],
          "soft",
          { width: 1.4 },
        ),
        ...columns,
      ].join("");
    })
    .join("");
}

/** @type {Draw} */
export function bank({ bank: vectors, A, B, change: D }, { still: { before, rows, columns } }) {
  const [x, y, cell, b, strip] = [76, 34, 6.7, vectors[0].length, 10];
  const shelf = (/** @type {number} */ k) => 9 + k * 22;
  const counts = vectors.map(
    (_, /** @type {number} */ k) => [...rows, ...columns].flat().filter((v) => v === k).length,
  );
  const most = counts.indexOf(Math.max(...counts));
  /** Where a piece lies, and its cells: along a row of A or a column of B. */
  const pieces = [
    ...rows.flatMap((/** @type {number[]} */ row, /** @type {number} */ q) =>
      row.map((k, p) => ({
        k,
        M: [A[q].slice(p * b, p * b + b)],
        x: x + p * (b * cell + 1.4),
        y: y - (q + 1) * strip - 1,
        wide: b * cell,
        high: 7.5,
        cell,
        tall: 7.5,
      })),
    ),
    ...columns.flatMap((/** @type {number[]} */ piece, /** @type {number} */ p) =>
      piece.map((k, q) => ({
        k,
        M: B.slice(p * b, p * b + b).map((row) => [row[q]]),
        x: x - (q + 1) * strip - 1,
        y: y + p * (b * cell + 1.4),
        wide: 7.5,
        high: b * cell,
        cell: 7.5,
        tall: cell,
      })),
    ),
  ];
  const marked = pieces.filter(({ k }) => k === most);
  const from = /** @type {Point} */ ([8 + 7 * b, shelf(most) + 6]);
  const block = (/** @type {Matrix} */ M, /** @type {number} */ i, /** @type {number} */ j) =>
    M.slice(i * b, i * b + b).map((row) => row.slice(j * b, j * b + b));
  const faint = (/** @type {Matrix} */ M) => M.map((row) => row.map((v) => 0.5 * v));
  const field = rows[0].flatMap((_, /** @type {number} */ j) =>
    columns.map((_c, /** @type {number} */ i) =>
      overlaid(faint(block(before, i, j)), faint(block(D, i, j)), {
        x: x + j * (b * cell + 1.4),
        y: y + i * (b * cell + 1.4),
        cell,
      }),
    ),
  );
  return [
    ...field,
    ...marked.map((p) =>
      line([from, [p.x + (p.high > p.wide ? 0 : p.wide / 2), p.y + p.high / 2]], "ink", { width: 1, alpha: 0.6 }),
    ),
    ...pieces.map(
      (p) =>
        box(p.x, p.y, p.wide, p.high, "paper", { fill: true }) +
        grid(p.M, { x: p.x, y: p.y, cell: p.cell, high: p.tall }, changed),
    ),
    ...marked.map((p) => box(p.x - 0.3, p.y - 0.3, p.wide + 0.6, p.high + 0.6, "ink", { width: 1.4 })),
    ...vectors.map(
      (/** @type {number[]} */ v, /** @type {number} */ k) =>
        grid([v], { x: 8, y: shelf(k), cell: 7, high: 12 }, changed) +
        box(8, shelf(k), 7 * b, 12, k === most ? "ink" : "soft", { width: k === most ? 2 : 1 }),
    ),
  ].join("");
}

/** @type {Draw} */
export function rows({ table }, { still: { before, ids } }) {
  const [x, y, cell, high] = [30, 5, 8.8, 10];
  const own = new Set(ids);
  return table
    .map((/** @type {number[]} */ row, /** @type {number} */ i) => {
      const new_ = own.has(i);
      const left = new_ ? x + 4 : x;
      const moved = row.map((v, j) => v - before[i][j]);
      const name = new_ && moved.some((v) => Math.abs(v) > 0.004) ? "own" : "soft";
      const tone = /** @type {import("./svg.js").Tone} */ (
        (v) => (name === "own" ? changed(Math.sign(v) * Math.max(0.05, Math.abs(v)), 0, 0) : still(0.55 * v, 0, 0))
      );
      return (
        dot([left - 9, y + i * high + high / 2], new_ ? 4 : 2.6, name === "own" ? "own" : "faint") +
        grid([row], { x: left, y: y + i * high, cell, high, gap: 0.12 }, tone)
      );
    })
    .join("");
}

/** @type {Draw} */
export function faders({ gains, weight }) {
  const [top, step, full] = [9, 13, 19];
  return gains
    .map((/** @type {number} */ gain, /** @type {number} */ i) => {
      const y = top + i * step;
      return [
        line(
          [
            [8, y + 5.5],
            [8 + 2 * full, y + 5.5],
          ],
          "faint",
          { width: 2.4 },
        ),
        line(
          [
            [8, y + 5.5],
            [8 + full * gain, y + 5.5],
          ],
          "own",
          { width: 2.4 },
        ),
        box(5.5 + full * gain, y, 5, 11, "own", { fill: true }),
        grid([weight[i]], { x: 58, y, cell: 10.4, high: 11 }, (v) => ["own", Math.max(0.06, 0.56 * v)]),
      ].join("");
    })
    .join("");
}

/** Crests and troughs alone. @type {import("./svg.js").Tone} */
const striped = (value) => (Math.abs(value) < 0.35 ? null : [value < 0 ? "other" : "own", 0.8]);

/** @param {boolean} smooth @returns {Draw} */
const summed =
  (smooth) =>
  ({ change: D, knobs }, { still: { parts } }) => {
    const [side, gap] = [30, smooth ? 0 : 0.08];
    const list = parts.map((/** @type {Matrix} */ part, /** @type {number} */ k) => {
      const y = 9 + k * 36;
      return [
        grid(part, { x: 8, y, cell: side / part.length, gap }, smooth ? striped : changed),
        line(
          [
            [46, y],
            [46, y + side],
          ],
          "faint",
          { width: 2.4 },
        ),
        line(
          [
            [42.5, y + side / 2],
            [49.5, y + side / 2],
          ],
          "faint",
          { width: 1.2 },
        ),
        line(
          [
            [46, y + side / 2],
            [46, y + side / 2 - 14 * knobs[k]],
          ],
          "own",
          { width: 2.4 },
        ),
        dot([46, y + side / 2 - 14 * knobs[k]], 3.8, "own"),
      ].join("");
    });
    const big = 96;
    return [
      ...list,
      grid(D, { x: 57, y: 11, cell: big / D.length, gap }, changed),
      box(57, 11, big, big, "faint", { width: 1 }),
    ].join("");
  };

/** @type {Draw} */
export const waves = summed(true);

/** @type {Draw} */
export const bases = summed(false);
