/** Draws values by their index: one line of them as bars, two over each other. Loaded when the first picture is drawn. */

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";

/**
 * @param {Document} document
 * @param {{width: number, height: number, left: number, right: number, top: number, bottom: number}} box
 *   the size of the chart, and where the values lie in it
 * @param {number[][]} lines as many values in each
 * @param {number} limit the upper end of the scale
 * @param {(value: number) => string} write
 */
export function chart(document, { width, height, left, right, top, bottom }, lines, limit, write) {
  const count = lines[0].length;
  const x = scaleLinear([0.5, count + 0.5], [left, right]);
  const y = scaleLinear([0, limit], [bottom, top]);
  const svg = select(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  svg.attr("viewBox", `0 0 ${width} ${height}`).attr("fill", "none");

  const levels = axisLeft(y)
    .ticks(4)
    .tickFormat((v) => write(Number(v)))
    .tickSize(left - right)
    .tickPadding(4)
    .offset(0);
  const places = axisBottom(x)
    .tickValues([1, ...[1, 2, 3, 4].map((q) => (q * count) / 4)])
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
  svg.append("path").attr("stroke", "currentColor").attr("d", `M${left},${bottom}H${right}`);

  for (const [i, values] of lines.entries()) {
    const path = svg.append("path").attr("class", `line-${i}`);
    if (lines.length > 1) path.attr("d", `M${values.map((v, j) => [x(j + 1), y(v)]).join("L")}`);
    else {
      const seen = values.flatMap((v, j) => (v > limit / 1000 ? [`M${x(j + 1)},${bottom}V${y(v)}`] : []));
      path.attr("d", seen.join("")).attr("stroke-width", (0.7 * (right - left)) / count);
    }
  }
  return /** @type {SVGSVGElement} */ (svg.node());
}
