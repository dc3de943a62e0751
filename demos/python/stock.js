/**
 * Starts Python as Pyodide publishes it, by what its documentation describes: slower, and the same for every release of it.
 *
 * A build with --stock puts this module in the place of surgery/boot.js. scripts/pyodide/stock.py lays out its files.
 */

/** The place of the project's code in Python's file system, as in surgery/boot.js. */
const CODE = "/lib/code.zip";

/** @type {import("./start.js").Boot} */
export async function boot({ base, folder, files, bytes }, { report = () => {} } = {}) {
  report({ loaded: 0, total: bytes, stage: "download" });
  const home = `${base}${folder}/`;
  const { path, sha256 } = files["code.zip"];
  const asked = fetch(base + path, { integrity: `sha256-${base64(sha256)}` });
  asked.catch(() => {}); // told below
  const { loadPyodide } = await import(`${home}pyodide.mjs`);
  const env = { HOME: "/home/pyodide", LANG: "C.UTF-8", PYTHONHASHSEED: "0" };
  const pyodide = await loadPyodide({ indexURL: home, packageBaseUrl: `${home}wheels/`, packages: ["numpy"], env });
  const code = await asked;
  if (!code.ok) throw new Error(`code.zip could not be loaded: the server answered ${code.status}`);
  pyodide.FS.writeFile(CODE, new Uint8Array(await code.arrayBuffer()));
  pyodide.runPython(`import sys; sys.path.append("${CODE}")`);
  report({ loaded: bytes, total: bytes, stage: "start" });
  return { pyodide, runtime: "stock", complete() {}, spent: [] };
}

/** @param {string} digits In hexadecimal. */
function base64(digits) {
  const bytes = digits.match(/../g)?.map((pair) => parseInt(pair, 16)) ?? [];
  return btoa(String.fromCharCode(...bytes));
}
