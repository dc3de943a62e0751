/** Share explained against numbers: all methods, the best change of each rank, chance, and what the reader has chosen. */

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear, scaleLog } from "d3-scale";
import { select } from "d3-selection";
import { nearest } from "../page/nearest.js";
import { percent } from "./data.js";
import { make } from "./dom.js";

/**
 * @typedef {{name: string, points: {size: number, share: number}[], mark: string}} Line `mark` is "", "first", "second" or "own"
 * @typedef {import("./data.js").Data} Data
 */

const [HEIGHT, LEFT, TOP, BOTTOM] = [360, 46, 14, 318];
const LABELS = 130;
const SAME = 3; // pixels: dots that are so near look like one

/**
 * @param {Data} data @param {import("./data.js").World} world @param {Line[]} lines
 * @param {number} width A letter is as large on a phone as elsewhere.
 * @returns {HTMLElement} with a line that names the dots where the reader points
 */
export function frontier(data, world, lines, width) {
  const [height, left, right, top, bottom] = [HEIGHT, LEFT, width - LABELS, TOP, BOTTOM];
  const unit = data.size[0] + data.size[1];
  const most = Math.max(...data.numbers);
  const x = scaleLog([unit / 2.4, most * 1.1], [left, right]);
  const y = scaleLinear([0, 1], [bottom, top]);
  const svg = select(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  svg.attr("viewBox", `0 0 ${width} ${height}`).attr("class", "chart").attr("role", "img");
  svg.attr("aria-label", `Share of “${world.title}” explained against numbers. The table below has the values.`);
  svg
    .append("g")
    .attr("transform", `translate(0,${bottom})`)
    .call(
      axisBottom(x)
        .tickValues([unit / 2, ...data.ranks.map((rank) => rank * unit)])
        .tickFormat((v) => `${v}`),
    );
  svg
    .append("g")
    .attr("transform", `translate(${left},0)`)
    .call(
      axisLeft(y)
        .ticks(5)
        .tickFormat((v) => `${100 * Number(v)} %`)
        .tickSize(left - right),
    );
  svg.selectAll(".domain").remove();
  svg.selectAll("g").attr("font-family", null).attr("font-size", null);
  svg
    .append("text")
    .attr("x", right)
    .attr("y", height - 8)
    .attr("text-anchor", "end")
    .text("trained numbers");

  /** @param {[number, number][]} points @param {string} name @param {string} label */
  const curve = (points, name, label) => {
    svg
      .append("path")
      .attr("class", name)
      .attr("d", `M${points.map(([a, b]) => [x(a), y(b)]).join("L")}`);
    const [a, b] = points[points.length - 1];
    labels.push({ text: label, x: x(a), y: y(b), name });
  };
  /** @type {{text: string, x: number, y: number, name: string}[]} */
  const labels = [];
  const steps = Array.from({ length: 25 }, (_, i) => (unit / 2.4) * ((most * 2.4) / unit) ** (i / 24));
  curve(
    steps.map((count) => [count, data.chance(count)]),
    "chance",
    "random subspace",
  );
  curve(
    world.best.flatMap((share, rank) => (rank && rank * unit <= most ? [[rank * unit, share]] : [])),
    "best",
    "best of its rank",
  );
  for (const { name, points, mark } of lines) {
    const dots = svg.append("g").attr("class", `dots ${mark}`);
    const seen = points.filter(({ share }) => share >= 0);
    if (mark && seen.length)
      curve(
        seen.map(({ size, share }) => [size, share]),
        mark,
        name,
      );
    for (const { size, share } of seen) {
      const dot = dots
        .append("circle")
        .attr("cx", x(size))
        .attr("cy", y(share))
        .attr("r", mark ? 4 : 2.5);
      dot.append("title").text(`${name}: ${percent(share)} % with ${size} numbers`);
    }
  }
  labels.sort((a, b) => a.y - b.y);
  let last = top - 15;
  for (const label of labels) {
    last = Math.max(last + 15, label.y + 4);
    svg
      .append("text")
      .attr("x", right + 8)
      .attr("y", last)
      .attr("class", label.name)
      .text(label.text);
  }
  const drawn = /** @type {SVGSVGElement} */ (svg.node());
  const says = make("output", { className: "soft" }, "Point at a dot, or tap it, for its name.");
  const dots = [...drawn.querySelectorAll("circle")];
  /** @param {PointerEvent} event */
  const name = (event) => {
    const found = nearest(dots, event);
    const alike = found && dots.filter((dot) => Math.hypot(...apart(dot, found)) <= SAME);
    for (const dot of dots) dot.classList.toggle("pointed", alike?.includes(dot) ?? false);
    if (alike) says.textContent = alike.map((dot) => dot.textContent).join(" · ");
  };
  drawn.addEventListener("pointermove", name);
  drawn.addEventListener("pointerdown", name);
  return make("div", {}, drawn, says);
}

/** @param {SVGCircleElement} a @param {SVGCircleElement} b */
const apart = (a, b) => [a.cx, a.cy].map((place, i) => place.baseVal.value - [b.cx, b.cy][i].baseVal.value);

/** The same in numbers. @param {Data} data @param {Line[]} lines */
export function table(data, lines) {
  const head = make("tr", {}, make("th", { scope: "col" }, "Method"));
  for (const most of data.numbers) head.append(make("th", { scope: "col" }, `at most ${most}`));
  const body = make("tbody", {});
  for (const { name, points } of lines) {
    const row = make("tr", {}, make("th", { scope: "row" }, name));
    for (const most of data.numbers) {
      const within = points.filter(({ size }) => size <= most).sort((a, b) => b.share - a.share)[0];
      row.append(make("td", {}, within ? `${percent(within.share)} % with ${within.size}` : "–"));
    }
    body.append(row);
  }
  return make("table", { className: "data" }, make("thead", {}, head), body);
}
