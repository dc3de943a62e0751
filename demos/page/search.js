/**
 * Queries of readers, in the words of the theme's worker. scripts/finish/search.py puts this before that
 * worker's own script, whose listener then finds the query widened.
 *
 * The worker takes every word for the beginning of one. Here a word as typed counts for more, the whole as a name for
 * more still, a word in British spelling stands for the American one and the other way round, and words such as "how"
 * count for nothing.
 */
{
  const QUERY = 2; // the kind of message that asks, in the theme

  /** @type {[RegExp, string][]} */
  const SPELLINGS = [
    [/is(e|ed|es|er|ers|ing|ation|ations)$/, "iz$1"],
    [/iz(e|ed|es|er|ers|ing|ation|ations)$/, "is$1"],
    [/our(s|al|able|ed|ing)?$/, "or$1"],
    [/or(s|al|able|ed|ing)?$/, "our$1"],
    [/lys(e|ed|es|ing)$/, "lyz$1"],
    [/lyz(e|ed|es|ing)$/, "lys$1"],
    [/re$/, "er"],
    [/er$/, "re"],
    [/ll(ed|ing)$/, "l$1"],
    [/l(ed|ing)$/, "ll$1"],
  ];

  let typed = ""; // what the reader has asked

  /** @param {string} query */
  function widen(query) {
    if (query.includes('"')) return query; // a phrase is meant as it stands
    const plain = query.replace(/[()^]/g, "").replace(/[:~*?!,;]/g, " ");
    const words = plain.split(/\s+/).map((word) => word.replace(/^[+-]+|[.-]+$/g, ""));
    const stop = /** @type {any} */ (globalThis).lunr.stopWordFilter;
    const telling = words.filter((word) => word.length > 1 && stop(word.toLowerCase()));
    const whole = query.toLowerCase().replace(/[^\p{L}\p{N}+]/gu, "");
    return [...(telling.length ? telling : words).flatMap(spelled), `¶${whole}^9`].join(" ");
  }

  /** @param {string} word */
  function spelled(word) {
    const others = SPELLINGS.flatMap(([from, to]) => (from.test(word) ? [word.replace(from, to)] : []));
    return [word, `${word}^9`, ...others];
  }

  addEventListener("message", ({ data }) => {
    if (data.type !== QUERY) return;
    typed = data.data.toLowerCase();
    data.data = widen(data.data);
  });

  const LIST = "names/"; // a page whose entries are found by names of their own

  /**
   * Lets the line of that page lead to the entry that is its best hit. The theme takes the last hit for the page itself
   * where no address is that of a page.
   *
   * @param {{location: string}[]} hits of one page, the best first
   */
  function lead(hits) {
    const place = hits.findIndex(({ location }) => location === LIST);
    if (place < 1) return;
    const [page] = hits.splice(place, 1);
    hits.push({ ...page, location: hits[0].location });
  }

  const answer = postMessage;
  /** Tells of no word as missing that the reader has not typed. @param {any} message */
  globalThis.postMessage = (message) => {
    for (const { terms } of message.data?.items?.flat() ?? [])
      for (const word of Object.keys(terms ?? {})) if (!terms[word] && !typed.includes(word)) delete terms[word];
    if (message.data?.items) message.data.items.forEach(lead);
    answer(message);
  };
}
