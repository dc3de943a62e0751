"""Imports between files of the project, read from the sources."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path

from scripts.bootstrap import ROOT

IDLE = "scripts/bootstrap.py"  # finds tools and says how they fare: makes no bytes


def closure(files: Iterable[Path], root: Path = ROOT) -> set[Path]:
    """Return files and all that they import, what these import, and so on, but for `IDLE`."""
    seen: set[Path] = set()
    waiting = set(files)
    while waiting:
        path = waiting.pop()
        seen.add(path)
        waiting.update({*imports(path, root)} - seen - {root / IDLE})
    return seen


def imports(path: Path, root: Path = ROOT) -> Iterator[Path]:
    """Yield the project's files that a file imports, with the packages that they lie in."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        for name in _modules(text):
            yield from filter(Path.is_file, (root / f"{name}.py", root / name / "__init__.py"))
    else:
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)  # types are named in comments
        for address in re.findall(r'\b(?:from|import)\s*\(?\s*"([.#][^"]+)"', text):
            if address.startswith("#"):
                doors = json.loads((root / "package.json").read_text("utf-8"))["imports"]
                yield from ((root / lead).resolve() for lead in doors[address].values())
            else:
                yield (path.parent / address).resolve()


@cache
def _modules(text: str) -> frozenset[str]:
    """Return what a Python source may import, as paths: modules, their names, their packages."""
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return frozenset(path for name in names for path in accumulate(name.split("."), "{}/{}".format))
