/** The oldest browsers that the scripts are built for (scripts/finish/bundle.mjs). */
export const OLDEST = { Chrome: "111", Firefox: "115", Safari: "16.4" };

const known = Object.entries(OLDEST).map((entry) => entry.join(" "));

/** The message to readers of older ones. */
export const NEWER = `Text and stored pictures work without it. What is computed needs ${known.join(", ")} or a later one.`;
