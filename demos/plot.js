/** The part of Observable Plot that the widget draws with, so that the bundle holds no more. */
export { lineY, plot, ruleX, ruleY } from "@observablehq/plot";
