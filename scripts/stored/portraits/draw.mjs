/**
 * Draws portraits at W': reads {slug: portrait} from standard input and writes {slug: {small, large}}, SVG for a list, whose words
 * stand beside it, and for a page.
 */

import { text } from "node:stream/consumers";
import { draw } from "../../../demos/portrait/draw.js";

/** @type {Record<string, import("../../../demos/portrait/draw.js").Portrait>} */
const portraits = JSON.parse(await text(process.stdin));
const drawn = Object.entries(portraits).map(([slug, portrait]) => {
  try {
    return [slug, { small: draw(portrait, 1), large: draw(portrait, 1, portrait.alt) }];
  } catch (error) {
    throw new Error(`${slug}: ${/** @type {Error} */ (error).message}`);
  }
});
process.stdout.write(JSON.stringify(Object.fromEntries(drawn)));
