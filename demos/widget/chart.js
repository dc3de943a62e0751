/** Draws values by their index: one line of them as bars, two over each other as lines or as bars. Loaded when the first picture is drawn. */

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";

/**
 * Draws pairs of coordinates as arrows from the middle.
 *
 * @param {Document} document
 * @param {{width: number, height: number, left: number, right: number, top: number, bottom: number}} box
 * @param {number[][]} lines x and y of one arrow after the other
 */
export function arrows(document, { width, height, top, bottom }, lines) {
  const limit = Math.max(...lines.flat().map(Math.abs)) || 1;
  const half = (bottom - top) / 2;
  const x = scaleLinear([-limit, limit], [width / 2 - half, width / 2 + half]);
  const y = scaleLinear([-limit, limit], [bottom, top]);
  const svg = select(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  svg.attr("viewBox", `0 0 ${width} ${height}`).attr("fill", "none");
  for (const [i, values] of lines.entries()) {
    const parts = Array.from({ length: values.length / 2 }, (_, j) => {
      const [tip, angle] = [[x(values[2 * j]), y(values[2 * j + 1])], Math.atan2(values[2 * j + 1], values[2 * j])];
      const barb = (/** @type {number} */ turn) =>
        `M${tip}L${tip[0] - HEAD * Math.cos(angle + turn)},${tip[1] + HEAD * Math.sin(angle + turn)}`;
      return `M${x(0)},${y(0)}L${tip}${barb(0.4)}${barb(-0.4)}`;
    });
    svg.append("path").attr("class", `line-${i}`).attr("d", parts.join(""));
  }
  return /** @type {SVGSVGElement} */ (svg.node());
}

const HEAD = 7; // the length of an arrow's barbs

/**
 * @param {Document} document
 * @param {{width: number, height: number, left: number, right: number, top: number, bottom: number}} box
 *   the size of the chart, and where the values lie in it
 * @param {number[][]} lines as many values in each
 * @param {[number, number]} limits the ends of the scale
 * @param {(value: number) => string} write
 * @param {{shape?: "bars" | "line", cut?: number}} style the shape of all lines; after which value a dashed line stands
 */
export function chart(
  document,
  { width, height, left, right, top, bottom },
  lines,
  limits,
  write,
  { shape = lines.length > 1 ? "line" : "bars", cut } = {},
) {
  const count = lines[0].length;
  const [low, high] = limits;
  const x = scaleLinear([0.5, count + 0.5], [left, right]);
  const y = scaleLinear([low, high], [bottom, top]);
  const svg = select(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  svg.attr("viewBox", `0 0 ${width} ${height}`).attr("fill", "none");

  const levels = axisLeft(y)
    .ticks(4)
    .tickFormat((v) => write(Number(v)))
    .tickSize(left - right)
    .tickPadding(4)
    .offset(0);
  const places = axisBottom(x)
    .tickValues([...new Set([1, ...[1, 2, 3, 4].map((q) => Math.ceil((q * count) / 4))])])
    .tickFormat(String)
    .tickSize(3)
    .offset(0);
  svg
    .append("g")
    .attr("transform", `translate(${left},0)`)
    .call(levels)
    .selectAll(".tick line")
    .attr("stroke-opacity", 0.1);
  svg.append("g").attr("transform", `translate(0,${bottom})`).call(places);
  svg.selectAll("g g").attr("opacity", null);
  svg.selectAll("g").attr("font-family", null);
  svg.selectAll(".domain").remove();
  svg
    .append("path")
    .attr("stroke", "currentColor")
    .attr("d", `M${left},${y(0)}H${right}`);
  if (cut) {
    const mark = svg.append("path").attr("class", "cut").attr("stroke", "currentColor").attr("stroke-dasharray", "3 3");
    mark.attr("d", `M${x(cut + 0.5)},${bottom}V${top}`);
  }

  for (const [i, values] of lines.entries()) {
    const path = svg.append("path").attr("class", `line-${i}`);
    if (shape === "line") path.attr("d", `M${values.map((v, j) => [x(j + 1), y(v)]).join("L")}`);
    else {
      const seen = values.flatMap((v, j) =>
        Math.abs(v) > (high - low) / 1000 ? [`M${x(j + 1)},${y(0)}V${y(v)}`] : [],
      );
      const share = i ? 0.35 : 0.7;
      path.attr("d", seen.join("")).attr("stroke-width", (share * (right - left)) / count);
    }
  }
  return /** @type {SVGSVGElement} */ (svg.node());
}
