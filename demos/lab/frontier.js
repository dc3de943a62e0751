/** Share explained against parameters: all methods, the best change of each rank, chance, and what the reader has chosen. */

import { chart } from "../page/figure.js";
import { nearest } from "../page/nearest.js";
import { percent } from "./data.js";
import { head, make, row, table as drawn } from "../page/element.js";

/**
 * @typedef {{name: string, points: {size: number, share: number}[], kind: string, marked: boolean}} Line `kind` names its colour
 * @typedef {import("./data.js").Data} Data
 */

const SAME = 3; // pixels: dots that are so near look like one

/**
 * @param {Data} data @param {import("./data.js").World} world @param {Line[]} lines @param {number} width
 * @returns {HTMLElement} with a line that names the dots where the reader points
 */
export function frontier(data, world, lines, width) {
  const unit = data.size[0] + data.size[1];
  const counted = lines.flatMap(({ points }) => points.flatMap(({ size, share }) => (share >= 0 ? [size] : [])));
  const [least, most] = [Math.min(unit / 2.4, ...counted.map((size) => size / 1.2)), Math.max(...data.budgets)];
  const point = (/** @type {number} */ x, /** @type {number} */ share, says = "") => {
    const y = 100 * share;
    return { x, y, low: y, high: y, says };
  };
  const counts = Array.from({ length: 25 }, (_, i) => least * (most / least) ** (i / 24));
  const best = world.best.flatMap((share, rank) => (rank && rank * unit <= most ? [point(rank * unit, share)] : []));
  const methods = lines.map(({ name, points, kind, marked }) => ({
    ...{ name, kind, size: marked ? 4.5 : 3, shape: /** @type {"line" | "dots"} */ (marked ? "line" : "dots") },
    points: points
      .filter(({ share }) => share >= 0)
      .map(({ size, share }) => point(size, share, `${name}: ${percent(share)} % with ${size} parameters`)),
  }));
  const picture = chart(
    {
      x: {
        ...{ name: "trained parameters", low: least, high: most * 1.1, log: true },
        ticks: [unit / 8, unit / 4, unit / 2, ...data.ranks.map((rank) => rank * unit)].filter((v) => v >= least),
      },
      y: { name: "share explained, %", low: 0, high: 100 },
      lines: [
        {
          ...{ name: "random subspace", shape: "line", kind: "control", size: 0 },
          points: counts.map((count) => point(count, data.chance(count))),
        },
        { name: "best of its rank", shape: "line", kind: "full", size: 0, points: best },
        ...methods.filter(({ points }) => points.length),
      ],
    },
    width,
    document,
  );
  picture.setAttribute("role", "img");
  picture.ariaLabel = `Share of “${world.title}” explained against trained parameters. The table below has the values.`;
  const says = make("output", { className: "soft" }, "Point at a dot, or tap it, for its name.");
  const dots = [...picture.querySelectorAll("circle")];
  /** @param {PointerEvent} event */
  const name = (event) => {
    const found = nearest(dots, event);
    const alike = found && dots.filter((dot) => Math.hypot(...apart(dot, found)) <= SAME);
    for (const dot of dots) dot.classList.toggle("pointed", alike?.includes(dot) ?? false);
    if (alike) says.textContent = alike.map((dot) => dot.textContent).join(" · ");
  };
  picture.addEventListener("pointermove", name);
  picture.addEventListener("pointerdown", name);
  return make("div", {}, picture, says);
}

/** @param {SVGCircleElement} a @param {SVGCircleElement} b */
const apart = (a, b) => [a.cx, a.cy].map((place, i) => place.baseVal.value - [b.cx, b.cy][i].baseVal.value);

/** The same in numbers. @param {Data} data @param {Line[]} lines */
export function table({ budgets }, lines) {
  const rows = lines.map(({ name, points }) => {
    const cells = budgets.map((most) => {
      const within = points.filter(({ size }) => size <= most).sort((a, b) => b.share - a.share)[0];
      return within ? `${percent(within.share)} % with ${within.size}` : "–";
    });
    return row(head(name), ...cells);
  });
  return drawn("", ["Method", ...budgets.map((most) => `at most ${most}`)], rows);
}
