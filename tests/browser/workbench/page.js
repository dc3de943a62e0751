// The client as a page uses it, where a test can reach it.
import { python } from "../../../demos/python/client.js";

const progress = [];
python.addEventListener("progress", ({ detail }) => progress.push(detail));
Object.assign(globalThis, { python, progress });
