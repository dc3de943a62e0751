/**
 * Draws portraits at W': reads {slug: portrait} from standard input and writes {slug: SVG}, for lists whose words
 * stand beside it.
 */

import { text } from "node:stream/consumers";
import { draw } from "../../../demos/portrait/draw.js";

/** @type {Record<string, import("../../../demos/portrait/draw.js").Portrait>} */
const portraits = JSON.parse(await text(process.stdin));
const drawn = Object.entries(portraits).map(([slug, portrait]) => {
  try {
    return [slug, draw(portrait, 1)];
  } catch (error) {
    throw new Error(`${slug}: ${/** @type {Error} */ (error).message}`);
  }
});
process.stdout.write(JSON.stringify(Object.fromEntries(drawn)));
