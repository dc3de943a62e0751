"""The examples of the playground: `demos/examples/<theme>-<name>.py`, titled by a first comment."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from scripts.bootstrap import ROOT

FOLDER = ROOT / "demos" / "examples"


class Example(NamedTuple):
    """A program of a few lines: `name` is that of its file, `theme` the key of one, or "start"."""

    name: str
    theme: str
    title: str
    path: Path


def read() -> list[Example]:
    """Return all examples in the order of their names.

    Raises:
        ValueError: when a file does not start with a comment.
    """
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        title = re.match(r"# (.+)\n", path.read_text("utf-8"))
        if not title:
            raise ValueError(f"{path}: the first line is not a comment with a title")
        found.append(Example(path.stem, path.stem.split("-")[0], title[1], path))
    return found
