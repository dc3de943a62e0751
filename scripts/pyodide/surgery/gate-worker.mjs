/** Starts the packed Python in a browser and puts one question to it (gate.mjs). */

import { boot } from "../../../demos/python/surgery/boot.js";
import { unpack } from "../../../demos/python/surgery/parcel.js";
import { answer } from "./answer.mjs";

onmessage = async ({ data: { manifest, program, question, kept } }) => {
  try {
    const tests = await fetch("/tests.bin").then((response) => response.arrayBuffer());
    const { pyodide } = await boot(manifest, { kept });
    postMessage([answer(pyodide, program, unpack(new Uint8Array(tests)), question), kept]);
  } catch (error) {
    postMessage([`${error}`, {}]);
  }
};
