/**
 * Compares the packed Python with Pyodide as it was published.
 *
 *     node scripts/runtime/gate.mjs --wheels DIR [--every N]
 *
 * Every expression of expressions.txt is evaluated in a fresh start of the packed Python, with the late part absent until
 * it is called; a value, or an error's type and text, has to be the same to the last bit. --every takes a part of them.
 */

import fs from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { start } from "./host.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.dirname(path.dirname(HERE));

const EVALUATE = `
def evaluate(source):
    import re, sys, warnings
    names = {}
    for name in re.findall(r"(?<![\\w.'\\"])[a-z]\\w*(?=\\.)", source):
        try:
            names[name] = __import__({"np": "numpy"}.get(name, name))
        except ModuleNotFoundError:
            pass
    if "urllib.parse" in source:
        import urllib.parse
    def shown(value):
        kind = type(value).__name__
        if kind in ("ndarray", "recarray", "MaskedArray", "matrix"):
            return f"{kind} {value.dtype} {value.shape} {value.tolist()!r}"
        if isinstance(value, (tuple, list)):
            return f"{kind}[" + ", ".join(map(shown, value)) + "]"
        return re.sub(r"0x[0-9a-f]{5,}", "0x", f"{kind} {value!r}")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found = shown(eval(source, names))
        except BaseException as error:
            found = f"{type(error).__module__}.{type(error).__qualname__}: {error}"
    return "\\n".join([re.sub(r"0x[0-9a-f]{5,}", "0x", found), *(f"{w.category.__name__}: {w.message}" for w in told)])
evaluate
`;

const { values: options } = parseArgs({
  options: {
    pyodide: { type: "string", default: path.join(ROOT, "node_modules/pyodide") },
    packed: { type: "string", default: path.join(ROOT, ".build/py") },
    wheels: { type: "string" },
    every: { type: "string", default: "1" },
  },
});

/**
 * Return lines that show every alternative of a line at least once.
 *
 * @param {string} line
 */
function spread(line) {
  const groups = Array.from(line.matchAll(/⟨([^⟨⟩]*)⟩/g), ([, inner]) => inner.split("|"));
  return Array.from({ length: Math.max(1, ...groups.map(({ length }) => length)) }, (_, i) => {
    let group = 0;
    return line.replace(/⟨[^⟨⟩]*⟩/g, () => groups[group][(i + group) % groups[group++].length]);
  });
}

/** @param {import("pyodide").PyodideInterface} pyodide @param {string} source @returns {string} */
const evaluate = (pyodide, source) => pyodide.runPython(EVALUATE)(source);

const lines = (await fs.readFile(path.join(HERE, "expressions.txt"), "utf8")).split("\n");
const every = lines.filter((line) => line && !line.startsWith("#")).flatMap(spread);
const sources = every.filter((_, i) => i % Number(options.every) === 0);

const { files } = JSON.parse(await fs.readFile(path.join(options.packed, "manifest.json"), "utf8"));
const roles = Object.entries(files).filter(([role]) => !role.startsWith("wheels/"));
const contents = Object.fromEntries(
  await Promise.all(
    roles.map(async ([role, { path: file }]) => [
      role,
      new Uint8Array(await fs.readFile(path.join(options.packed, file))),
    ]),
  ),
);
const { loadPyodide } = await import(pathToFileURL(path.join(options.pyodide, "pyodide.mjs")).href);
const untouched = await loadPyodide({ packageCacheDir: options.wheels, env: { PYTHONHASHSEED: "0", LANG: "C.UTF-8" } });
await untouched.loadPackage("numpy", { messageCallback() {} });

const kept = {};
let wrong = 0;
for (const source of sources) {
  const expected = evaluate(untouched, source);
  const found = evaluate(await start(contents, options.pyodide, { kept }), source);
  if (found === expected) continue;
  wrong++;
  console.error(`${source}\n  untouched: ${expected}\n  packed:    ${found}`);
}
console.log(`${sources.length} expressions, ${wrong} differ`);
process.exit(wrong ? 1 : 0);
