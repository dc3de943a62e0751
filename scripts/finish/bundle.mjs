/**
 * Bundles what the browser loads: what pages name has a fixed name, everything else a hash in its name.
 *
 *     node scripts/finish/bundle.mjs --manifest .build/py/manifest.json --out site/assets/demo
 */

import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { ABOVE, BELOW } from "../../demos/widget/heatmap.js";

const { values } = parseArgs({ options: { manifest: { type: "string" }, out: { type: "string" } } });
if (!values.manifest || !values.out) throw new Error("usage: node scripts/finish/bundle.mjs --manifest FILE --out FOLDER");
const { manifest, out } = /** @type {{manifest: string, out: string}} */ (values);

const root = fileURLToPath(new URL("../..", import.meta.url));
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf-8"));
const files = JSON.parse(await readFile(manifest, "utf-8"));
const constants = {
  MANIFEST: JSON.stringify(files),
  VERSION: JSON.stringify(version),
};

/** @param {string[]} names @param {Partial<import("esbuild").BuildOptions>} options */
const bundle = (names, options) =>
  build({
    entryPoints: names.map((name) => join(root, "demos", name)),
    bundle: true,
    format: "esm",
    minify: true,
    outdir: out,
    target: ["chrome111", "firefox115", "safari16.4"],
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    ...options,
  });

await mkdir(out, { recursive: true });
for (const name of await readdir(out)) if (/\.(js|css)$/.test(name)) await rm(join(out, name));
const workers = await bundle(["python/worker.js", "python/sandbox.js", "cell/cell.css"], { entryNames: "[name]-[hash]", define: constants });
const [worker, sandbox, style] = ["worker", "sandbox", "cell"].map((name) =>
  Object.keys(workers.metafile?.outputs ?? {}).map((path) => basename(path)).find((file) => file.startsWith(`${name}-`)),
);
await bundle([
  "widget/adapter-demo.js", "widget/adapter-compare.js", "widget/demo.css", "widget/compare.css",
  "page/tables.js", "page/calculator.js", "page/offline.js",
], {
  entryNames: "[name]",
  splitting: true,
  chunkNames: "[name]-[hash]",
  banner: { css: `:root{--below:rgb(${BELOW.join(" ")});--above:rgb(${ABOVE.join(" ")})}` },
  // Size and place alone, so that the page does not carry the list of files that the worker needs.
  define: { ...constants, "MANIFEST.bytes": `${files.bytes}`, "MANIFEST.base": JSON.stringify(files.base), WORKER: JSON.stringify(worker), SANDBOX: JSON.stringify(sandbox), CELL_STYLE: JSON.stringify(style) },
});
