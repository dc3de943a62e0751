/**
 * Bundles what the browser loads: `adapter-demo.js` and `demo.css` under fixed names, everything else hashed.
 *
 *     node scripts/bundle.mjs --manifest .build/py/manifest.json --out site/assets/demo
 */

import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values } = parseArgs({ options: { manifest: { type: "string" }, out: { type: "string" } } });
if (!values.manifest || !values.out) throw new Error("usage: node scripts/bundle.mjs --manifest FILE --out FOLDER");
const { manifest, out } = /** @type {{manifest: string, out: string}} */ (values);

const root = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf-8"));
const constants = {
  MANIFEST: JSON.stringify(JSON.parse(await readFile(manifest, "utf-8"))),
  VERSION: JSON.stringify(version),
  "window.devicePixelRatio": "2", // else Plot shifts lines by half a pixel on some screens, away from the stored picture
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
const worker = await bundle(["worker.js"], { entryNames: "[name]-[hash]", define: constants });
const [path] = Object.keys(worker.metafile?.outputs ?? {});
await bundle(["adapter-demo.js", "demo.css"], {
  splitting: true,
  chunkNames: "[name]-[hash]",
  define: { ...constants, WORKER: JSON.stringify(path.split("/").pop()) },
});
