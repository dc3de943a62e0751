"""Modules of JavaScript under Node."""

import json
import subprocess
from pathlib import Path
from typing import Any

from scripts.bootstrap import ROOT

READ = """
import { openAsBlob } from "node:fs";
import { tensors } from "./demos/page/arrays.js";
const answers = [];
for (const path of process.argv.slice(1)) {
  const file = new File([await openAsBlob(path)], path.split("/").pop());
  try {
    const found = await tensors(file);
    const all = found.map(async ({ read, ...rest }) => ({ ...rest, values: [...(await read())] }));
    answers.push(await Promise.all(all));
  } catch ({ message }) {
    answers.push(message);
  }
}
const odd = (value) => typeof value === "number" && !Number.isFinite(value);
console.log(JSON.stringify(answers, (_, value) => (odd(value) ? `${value}` : value)));
"""


def printed(script: str, *arguments: object, given: str | bytes = "") -> Any:
    """Return what a module prints as JSON, with arguments and what it reads."""
    command = ["node", "--input-type=module", "--eval", script, *map(str, arguments)]
    data = given.encode() if isinstance(given, str) else given
    done = subprocess.run(command, cwd=ROOT, input=data, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def read(*paths: Path) -> list[Any]:
    """Return for each of a reader's files its tensors, or what is wrong with it."""
    answers: list[Any] = printed(READ, *paths)
    return answers
