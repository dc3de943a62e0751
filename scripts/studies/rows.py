"""Rows of a table, whose values are texts: as CSV, and as lines of a log while they are made."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, str]


def read(path: Path) -> list[Row]:
    """Return the rows of a table, none while it is not there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Write a table, with the columns of its first row where none are named."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def grow(path: Path, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Add rows to a table, each when it is made; yield those that were added."""
    for row in rows:
        new = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        yield row


def short(value: Any, digits: int) -> str:
    """Return a value as a table has it: numbers in so many digits, lists with spaces.

    >>> short([0.25, 1 / 3], 3), short(None, 3)
    ('0.25 0.333', '')
    """
    if isinstance(value, (list, tuple)):
        return " ".join(short(one, digits) for one in value)
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    return "" if value is None else str(value)


def logged(path: Path) -> list[Any]:
    """Return what a log has; a line that was broken off is nothing."""
    found = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def append(entry: Any, path: Path) -> None:
    """Write a line of a log; one that follows a broken off line begins a new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            if file.read() != b"\n":
                file.write(b"\n")
        file.write((json.dumps(entry) + "\n").encode())
