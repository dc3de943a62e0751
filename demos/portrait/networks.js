/** Portraits of what goes through a layer: inputs that are paired, and tokens. */

import { arrow, box, circle, dot, line, polar, segment } from "./svg.js";

/** @typedef {import("./svg.js").Point} Point */

/** A clock whose hand shows an angle. @param {Point} at @param {number} angle @param {number} radius */
const clock = (at, angle, radius) =>
  circle(at, radius, "paper", { fill: true }) +
  circle(at, radius, "own", { width: 1.3 }) +
  line([at, polar(at, radius - 1.2, angle)], "own", { width: 2 });

/** @param {{angles: number[][]}} now @param {{still: {pairs: number[][][]}}} around */
export function butterfly({ angles }, { still: { pairs } }) {
  const x = (/** @type {number} */ level) => 12 + 45.3 * level;
  const y = (/** @type {number} */ i) => 11 + 14 * i;
  const [straight, crossed, clocks] = [
    /** @type {Point[][]} */ ([]),
    /** @type {Point[][]} */ ([]),
    /** @type {string[]} */ ([]),
  ];
  pairs.forEach((list, level) =>
    list.forEach(([i, j], k) => {
      straight.push(
        [
          [x(level), y(i)],
          [x(level + 1), y(i)],
        ],
        [
          [x(level), y(j)],
          [x(level + 1), y(j)],
        ],
      );
      crossed.push(
        [
          [x(level), y(i)],
          [x(level + 1), y(j)],
        ],
        [
          [x(level), y(j)],
          [x(level + 1), y(i)],
        ],
      );
      clocks.push(
        clock([x(level + 1), y(i)], angles[level][k], 5.4),
        clock([x(level + 1), y(j)], angles[level][k], 5.4),
      );
    }),
  );
  const starts = Array.from({ length: 8 }, (_, i) => dot([x(0), y(i)], 3.4, "soft"));
  return [
    line(straight, "faint", { width: 1.3 }),
    line(crossed, "own", { width: 1.3, alpha: 0.8 }),
    ...starts,
    ...clocks,
  ].join("");
}

/** @param {{angles: number[]}} now @param {{still: {pairs: number[][]}}} around */
export function knockout({ angles }, { still: { pairs } }) {
  const count = pairs.length + 1;
  const ends = Array.from({ length: count }, (_, i) => /** @type {Point} */ ([14, 11 + 14 * i]));
  const [grey, own] = [/** @type {string[]} */ ([]), /** @type {string[]} */ ([])];
  const starts = ends.map((at) => dot(at, 3.4, "soft"));
  pairs.forEach(([p, q], k) => {
    const [a, b] = [ends[p], ends[q]];
    const joint = /** @type {Point} */ ([Math.max(a[0], b[0]) + 42, (a[1] + b[1]) / 2]);
    grey.push(line([a, [joint[0], a[1]], [joint[0], b[1]], b], "soft", { width: 1.5 }));
    own.push(clock(joint, angles[k], 7.2));
    ends[p] = joint;
  });
  return [...grey, ...starts, ...own].join("");
}

/** @param {{attention: number[]}} now @param {{still: {virtual: number}}} around */
export function arcs({ attention }, { still: { virtual } }) {
  const y = 88;
  const x = (/** @type {number} */ i) => (i < virtual ? 18 + 21 * i : 24 + 21 * i);
  const last = attention.length - 1;
  const ways = attention.slice(0, last).map((share, i) => {
    const [from, to] = [x(i), x(last)];
    const points = Array.from(
      { length: 21 },
      (_, k) =>
        /** @type {Point} */ ([
          from + ((to - from) * k) / 20,
          y - 11 - 0.5 * (to - from) * Math.sin((Math.PI * k) / 20),
        ]),
    );
    return line(points, i < virtual ? "own" : "soft", { width: 0.6 + 11 * share, alpha: i < virtual ? 0.9 : 0.6 });
  });
  const tokens = attention.map((_, i) =>
    box(x(i) - 8, y - 8, 16, 16, i < virtual ? "own" : i === last ? "ink" : "soft", {
      fill: true,
      alpha: i < virtual ? 1 : 0.55,
    }),
  );
  const bar = segment((x(virtual - 1) + x(virtual)) / 2, y - 12, (x(virtual - 1) + x(virtual)) / 2, y + 14, "faint", {
    width: 1.4,
    dash: "2 3",
  });
  return [...ways, ...tokens, bar].join("");
}

/** @param {{mixture: number[][]}} now */
export function gates({ mixture }) {
  const tokens = mixture[0].length;
  const top = (/** @type {number} */ k) => /** @type {Point} */ ([80 + 50 * (k - (mixture.length - 1) / 2), 20]);
  const low = (/** @type {number} */ i) => /** @type {Point} */ ([80 + 30 * (i - (tokens - 1) / 2), 102]);
  const lines = mixture.flatMap((row, k) =>
    row.map((g, i) =>
      line(
        [
          [top(k)[0], 33],
          [low(i)[0], 94],
        ],
        "own",
        { width: 0.4 + 6 * g, alpha: 0.25 + 0.7 * g },
      ),
    ),
  );
  const experts = mixture.map((_, k) => {
    const [x, y] = top(k);
    return (
      box(x - 7, y - 7, 19, 19, "soft", { fill: true, alpha: 0.28 }) +
      box(x - 7, y - 14, 19, 5, "ink", { fill: true, alpha: 0.65 }) +
      box(x - 14, y - 7, 5, 19, "ink", { fill: true, alpha: 0.65 })
    );
  });
  return [
    ...lines,
    ...experts,
    ...Array.from({ length: tokens }, (_, i) => box(low(i)[0] - 8, 94, 16, 16, "soft", { fill: true })),
  ].join("");
}

/** @param {{moved: number[]}} now @param {{still: {edited: boolean[]}}} around */
export function stream({ moved }, { still: { edited } }) {
  const y = (/** @type {number} */ i) => 24 + 11.6 * i;
  const bend = (/** @type {number} */ s) => s * s * (3 - 2 * s);
  const ways = moved.map((move, i) => {
    const points = edited[i]
      ? Array.from(
          { length: 25 },
          (_, k) =>
            /** @type {Point} */ ([8 + 5.6 * k, y(i) - 15 * move * bend(Math.min(1, Math.max(0, (k - 12) / 6)))]),
        )
      : /** @type {Point[]} */ ([
          [8, y(i)],
          [142.4, y(i)],
        ]);
    const [x, end] = points[points.length - 1];
    const name = edited[i] ? "own" : "faint";
    const ghost = edited[i] ? segment(80, y(i), 150, y(i), "own", { width: 1, dash: "1 4" }) : "";
    const head = line(
      [
        [x + 7, end],
        [x, end - 4],
        [x, end + 4],
      ],
      name,
      { fill: true, close: true },
    );
    return ghost + line(points, name, { width: edited[i] ? 2.8 : 1.8 }) + head;
  });
  const boxes = edited.map((own, i) =>
    own ? box(68, y(i) - 5, 11, 10, "paper", { fill: true }) + box(68, y(i) - 5, 11, 10, "own", { width: 1.8 }) : "",
  );
  return [...ways, ...boxes].join("");
}

/** @param {{shares: number[][]}} now */
export function stock({ shares }) {
  const parts = shares[0].length;
  const top = (/** @type {number} */ l) => 80 + 36 * (l - (shares.length - 1) / 2);
  const low = (/** @type {number} */ e) => 80 + 44 * (e - (parts - 1) / 2);
  const lines = shares.flatMap((row, l) =>
    row.map((p, e) => segment(top(l), 34, low(e), 88, "own", { width: 0.4 + 6 * p, alpha: 0.25 + 0.7 * p })),
  );
  return [
    ...lines,
    ...shares.map((_, l) => box(top(l) - 13, 12, 26, 22, "soft", { fill: true, alpha: 0.4 })),
    ...shares.map((_, l) => box(top(l) - 13, 30, 26, 5, "ink", { fill: true, alpha: 0.65 })),
    ...Array.from({ length: parts }, (_, e) => box(low(e) - 4, 86, 8, 28, "own", { fill: true })),
    box(low(0) - 14, 82, low(parts - 1) - low(0) + 28, 35, "faint", { width: 1.2 }),
  ].join("");
}

/** @param {{corrections: number[], gates: number[]}} now */
export function beside({ corrections, gates }) {
  const [low, high] = [82, 30];
  const x = (/** @type {number} */ l) => 40 + 42 * l;
  const largest = Math.max(0.05, ...corrections);
  return [
    segment(6, low, 152, low, "soft", { width: 6, alpha: 0.45 }),
    segment(6, high, 152, high, "own", { width: 2.4 }),
    ...corrections.map(
      (size, l) =>
        box(x(l) - 10, low - 17, 20, 34, "soft", { fill: true }) +
        box(x(l) - 10, low + 12, 20, 5, "ink", { fill: true, alpha: 0.65 }) +
        (size < 0.001
          ? ""
          : arrow([x(l) - 17, high], [x(l) - 17, low - 3], "own", { width: 1 + (4 * size) / largest, head: 7 })),
    ),
    ...gates.map(
      (gate, l) =>
        segment(x(l) + 12, low, x(l) + 12, high + 6, "faint", { width: 1.3, dash: "2 3" }) +
        circle([x(l) + 12, high], 6, "paper", { fill: true }) +
        circle([x(l) + 12, high], 6, "own", { width: 1.4 }) +
        circle([x(l) + 12, high], 5.2 * Math.sqrt(gate), "own", { fill: true }),
    ),
  ].join("");
}

/** @param {{hidden: number[], added: number[]}} now @param {{still: {state: number[]}}} around */
export function hourglass({ hidden, added }, { still: { state } }) {
  const [left, middle, right, base] = [18, 72, 120, 140];
  const y = (/** @type {number} */ i) => 15 + 15 * i;
  const low = (/** @type {number} */ k) => 32 + 28 * k;
  const passing = /** @type {Point[][]} */ (
    state.map((_, i) => [
      [left, y(i)],
      [right, y(i)],
    ])
  );
  const fans = hidden.map((size, k) => {
    const way = /** @type {Point[][]} */ (
      state.flatMap((_, i) => [
        [
          [left, y(i)],
          [middle, low(k)],
        ],
        [
          [middle, low(k)],
          [right, y(i)],
        ],
      ])
    );
    return line(way, "own", { width: size > 0 ? 1.2 : 0.6, alpha: size > 0 ? 0.55 : 0.2 });
  });
  const units = hidden.map(
    (size, k) =>
      circle([middle, low(k)], 8, "paper", { fill: true }) +
      circle([middle, low(k)], 8, "own", { width: 1.5 }) +
      (size > 0 ? circle([middle, low(k)], Math.min(7, 2 + 6 * size), "own", { fill: true }) : ""),
  );
  const bars = added.map((v, i) =>
    Math.abs(v) < 0.01
      ? ""
      : box(
          v > 0 ? base : base + 12 * Math.max(-1, v),
          y(i) - 3,
          12 * Math.min(1, Math.abs(v)),
          6,
          v > 0 ? "own" : "other",
          { fill: true },
        ),
  );
  return [
    line(passing, "faint", { width: 1.6 }),
    ...fans,
    ...units,
    ...state.flatMap((_, i) => [dot([left, y(i)], 3.6, "soft"), dot([right, y(i)], 3.6, "soft")]),
    ...bars,
  ].join("");
}
