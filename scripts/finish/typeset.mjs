/**
 * Typesets mathematics: reads [{tex, display}] from standard input, writes [{html} or {error}] in the same order.
 */

import { text } from "node:stream/consumers";
import katex from "katex";

/** @type {{tex: string, display: boolean}[]} */
const equations = JSON.parse(await text(process.stdin));

const typeset = equations.map(({ tex, display }) => {
  const options = { displayMode: display, throwOnError: true, strict: /** @type {const} */ ("error") };
  try {
    const parts = (display ? separate(tex) : [tex]).map((part) => katex.renderToString(part, options));
    return { html: parts.length > 1 ? `<div class="equations">${parts.join("")}</div>` : parts[0] };
  } catch (error) {
    return { error: /** @type {Error} */ (error).message };
  }
});

/**
 * The equations that stand side by side on one line, so that a narrow screen can put them below each other.
 *
 * @param {string} tex
 */
function separate(tex) {
  const parts = tex.split(/\\qquad(?![a-z])/i);
  const count = (/** @type {string} */ part, /** @type {RegExp} */ mark) => part.match(mark)?.length ?? 0;
  const whole = (/** @type {string} */ part) =>
    count(part, /(?<!\\)\{/g) === count(part, /(?<!\\)\}/g) &&
    count(part, /\\(begin|left)\b/g) === count(part, /\\(end|right)\b/g);
  return parts.every(whole) ? parts : [tex];
}

process.stdout.write(JSON.stringify(typeset));
