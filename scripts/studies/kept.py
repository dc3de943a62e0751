"""Runs as a study keeps them: a line of a file each, found again by the hash of their settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def read(path: Path) -> dict[str, Row]:
    """Return all runs by their keys; a last line that was broken off is not one."""
    found = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[row["key"]] = row
    return found


def append(row: Row, path: Path) -> None:
    """Write a run down; one that follows a broken off line begins a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read() != b"\n":
                file.write(b"\n")
        file.write((json.dumps(row) + "\n").encode())
