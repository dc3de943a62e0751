/** Source text in links: deflated, in letters that need no escape. By a library, since not all browsers can. */

import { Inflate, deflateSync } from "fflate";

const MOST = 200_000; // characters, of three bytes at most, which make four letters
const PIECE = 1000; // bytes, of which none becomes more than 1032

/** @param {string} text @returns {string} Throws when `unpack` would not take it back. */
export function pack(text) {
  if (text.length > MOST) throw new Error(`${text.length} characters are more than the ${MOST} that a link may hold`);
  const bytes = deflateSync(new TextEncoder().encode(text), { level: 9 });
  const letters = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} letters @returns {string} Throws when they are not what `pack` makes, before they have become far too much. */
export function unpack(letters) {
  if (letters.length > 4 * MOST) throw new Error("too long");
  const bytes = Uint8Array.from(atob(letters.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  const stream = new Inflate((part, last) => {
    text += decoder.decode(part, { stream: !last });
    if (text.length > MOST) throw new Error("too long");
  });
  for (let at = 0; at < bytes.length; at += PIECE)
    stream.push(bytes.subarray(at, at + PIECE), at + PIECE >= bytes.length);
  return text;
}
