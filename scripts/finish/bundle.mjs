/**
 * Bundles what the browser loads. scripts/finish/release.py gives the files their final names.
 *
 *     node scripts/finish/bundle.mjs --out .build/scripts < .build/py/manifest.json
 */

import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { OLDEST } from "../../demos/page/browsers.js";
import { ABOVE, BELOW } from "../../demos/widget/heatmap.js";

const { out } = parseArgs({ options: { out: { type: "string" } } }).values;
if (!out) throw new Error("usage: node scripts/finish/bundle.mjs --out FOLDER < MANIFEST");

const root = fileURLToPath(new URL("../..", import.meta.url));
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf-8"));
const manifest = JSON.parse(await text(process.stdin));
const constants = { MANIFEST: JSON.stringify(manifest), VERSION: JSON.stringify(version) };

/** @param {string[]} names @param {Partial<import("esbuild").BuildOptions>} options */
const bundle = (names, options) =>
  build({
    entryPoints: names.map((name) => join(root, "demos", name)),
    bundle: true,
    format: "esm",
    minify: true,
    outdir: out,
    entryNames: "[name]",
    target: Object.entries(OLDEST).map(([name, version]) => name.toLowerCase() + version),
    conditions: manifest.stock ? ["stock", "module"] : [],
    legalComments: "none",
    logLevel: "warning",
    define: constants,
    ...options,
  });

await mkdir(out, { recursive: true });
for (const name of await readdir(out)) if (/\.(js|css)$/.test(name)) await rm(join(out, name));
await bundle(["python/worker.js", "python/sandbox.js", "cell/cell.css"], {});
await bundle(
  [
    "widget/adapter-demo.js",
    "widget/adapter-compare.js",
    "widget/demo.css",
    "widget/compare.css",
    "lab/adapter-lab.js",
    "lab/adapter-file.js",
    "lab/model-pair.js",
    "lab/lab.css",
    "stage/five-bets.js",
    "stage/stage.css",
    "stage/story.css",
    "page/tables.js",
    "page/choose.js",
    "page/scatter.js",
    "page/page.css",
    "page/embed.js",
  ],
  {
    splitting: true,
    chunkNames: "[name]-[hash]",
    banner: { css: `:root{--below:rgb(${BELOW.join(" ")});--above:rgb(${ABOVE.join(" ")})}` },
    // The sizes alone, so that the page does not carry the list of files that the worker needs.
    define: { ...constants, "MANIFEST.bytes": `${manifest.bytes}`, "MANIFEST.whole": `${manifest.whole}` },
  },
);
