// A worker in which a test can run any Python.
import { probe } from "../../../demos/python/answer.js";
import { boot } from "../../../demos/python/surgery/boot.js";

const base = new URL(MANIFEST.base, import.meta.url).href;
Object.assign(globalThis, { pyodide: boot({ ...MANIFEST, base }).then(({ pyodide }) => pyodide), probe });
