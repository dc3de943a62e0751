// A worker in which a test can run any Python.
import { boot } from "#pyodide";
import { probe } from "../../../demos/python/answer.js";

const base = new URL(MANIFEST.base, import.meta.url).href;
Object.assign(globalThis, { pyodide: boot({ ...MANIFEST, base }).then(({ pyodide }) => pyodide), probe });
