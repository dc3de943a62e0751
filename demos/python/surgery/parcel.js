/** Several files in one, which arrive sooner than as many answers: the length of a list, the list, the files. */

/**
 * @param {Record<string, Uint8Array>} files By name.
 * @returns {Uint8Array}
 */
export function pack(files) {
  const lengths = Object.entries(files).map(([name, { length }]) => [name, length]);
  const list = new TextEncoder().encode(JSON.stringify(lengths));
  const parts = [new Uint8Array(Uint32Array.of(list.length).buffer), list, ...Object.values(files)];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param {Uint8Array} whole
 * @returns {Record<string, Uint8Array>} Views of it, by name.
 */
export function unpack(whole) {
  let at = 4 + new DataView(whole.buffer, whole.byteOffset).getUint32(0, true);
  /** @type {[string, number][]} */
  const lengths = JSON.parse(new TextDecoder().decode(whole.subarray(4, at)));
  return Object.fromEntries(lengths.map(([name, length]) => [name, whole.subarray(at, (at += length))]));
}
