/**
 * Typesets mathematics: reads [{tex, display}] from standard input, writes [{html} or {error}] in the same order.
 */

import { text } from "node:stream/consumers";
import katex from "katex";

/** @type {{tex: string, display: boolean}[]} */
const equations = JSON.parse(await text(process.stdin));

const typeset = equations.map(({ tex, display }) => {
  try {
    return { html: katex.renderToString(tex, { displayMode: display, throwOnError: true, strict: "error" }) };
  } catch (error) {
    return { error: /** @type {Error} */ (error).message };
  }
});
process.stdout.write(JSON.stringify(typeset));
