/**
 * Stops the clocks, fixes the dice and hides the place of this process.
 *
 * Python keeps times, the zone, random numbers and its program's path in its memory from its start on. A picture of that
 * memory is the same in every build only where these are. A Python for readers' code is seeded anew when it starts
 * (sandbox.js).
 */

import { createRequire } from "node:module";

const NOW = Date.UTC(2020, 0, 1);

process.env.TZ = "UTC";
process.argv[1] = "python";
performance.now = () => 0;
globalThis.Date = new Proxy(Date, {
  construct: (date, values, target) => Reflect.construct(date, values.length ? values : [NOW], target),
  get: (date, name) => (name === "now" ? () => NOW : Reflect.get(date, name)),
});

/** Emscripten draws from this under Node. @type {any} */
const dice = createRequire(import.meta.url)("node:crypto");
dice.randomFillSync = (/** @type {Uint8Array} */ view) => view.fill(0);
