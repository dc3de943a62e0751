"""Runs as a study keeps them: a line of a file each, found again by the hash of their settings."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

Row = dict[str, Any]


class Settings(Protocol):
    """The settings of a run."""

    @property
    def key(self) -> str:
        """The hash by which it is found again."""


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


def known(
    table: Path, path: Path, again: Callable[[Row], Settings | None], taken: Callable[[Row], Row]
) -> dict[str, Row]:
    """Return all runs by their keys, of the table those that the same settings still give.

    Args:
        table: What is committed.
        path: The runs of this machine.
        again: Makes the settings of a row, if the study still has them.
        taken: Makes a run, as it was written down, of a row.
    """
    found = {}
    if table.exists():
        with table.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if (settings := again(row)) and settings.key == row["key"]:
                    found[row["key"]] = taken(row)
    return found | read(path)


def append(row: Row, path: Path) -> None:
    """Write a run down; one that follows a broken off line begins a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read() != b"\n":
                file.write(b"\n")
        file.write((json.dumps(row) + "\n").encode())


def write(path: Path, found: list[Row], columns: Iterable[str] = ()) -> None:
    """Write a table, with the columns of its first row where none are named."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns) or list(found[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


def compared(made: Row, row: Mapping[str, str], measured: Iterable[str], close: float) -> list[str]:
    """Return a line for each number of a run that was made again.

    Args:
        made: What came out now.
        row: What the table has.
        measured: The fields that are compared, where the table has them.
        close: How far apart two numbers may be.

    Raises:
        SystemExit: when a number comes out as another.
    """
    shown = {name: f"{made[name]:.7g}" for name in measured if row[name]}
    lines = [f"{name}: {value}, in the table {row[name]}" for name, value in shown.items()]
    if other := [n for n, value in shown.items() if abs(float(value) - float(row[n])) > close]:
        raise SystemExit("\n".join((*lines, f"Not the same: {', '.join(other)}")))
    return lines
