/** Source text in links: deflated, in letters that need no escape. */

const MOST = 200_000; // characters, of three bytes at most, which make four letters
const PIECE = 1000; // bytes, of which none becomes more than 1032

/** @param {string} text @returns {Promise<string>} Rejects when `unpack` would not take it back. */
export async function pack(text) {
  if (text.length > MOST) throw new Error(`${text.length} characters are more than the ${MOST} that a link may hold`);
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const letters = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * @param {string} letters
 * @returns {Promise<string>} Rejects when they are not what `pack` makes, before they have become far too much.
 */
export async function unpack(letters) {
  if (letters.length > 4 * MOST) throw new Error("too long");
  const bytes = Uint8Array.from(atob(letters.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const stream = pieces(bytes).pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.pipeThrough(new TextDecoderStream("utf-8", { fatal: true })).getReader();
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    if (text.length <= MOST) continue;
    reader.cancel();
    throw new Error("too long");
  }
  return text;
}

/** Each when it is asked for: a stream inflates at once what it is given. @param {Uint8Array<ArrayBuffer>} bytes */
function pieces(bytes) {
  let at = 0;
  /** @param {ReadableStreamDefaultController<BufferSource>} controller */
  const pull = (controller) => {
    if (at < bytes.length) controller.enqueue(bytes.subarray(at, (at += PIECE)));
    else controller.close();
  };
  return new ReadableStream({ pull });
}
