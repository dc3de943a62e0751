"""Rows of a table, whose values are texts: as CSV, and as lines of a log while they are made.

A study whose runs have no rate is a `Table`, or several. `main` fills them:

    python3 scripts/dev.py study reach --only "oft 16" --jobs 2
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

Row = dict[str, str]
Where = tuple[str, ...]
Done = Mapping[Where, Sequence[Row]]
Make = Callable[[], Iterable[Mapping[str, Any]]]


def read(path: Path) -> list[Row]:
    """Return the rows of a table, none while it is not there; lines with # are comments."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def write(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] = (),
    head: Iterable[str] = (),
) -> None:
    """Write a table, with the columns of its first row where none are named."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"# {line}\n" for line in head)
        writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


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


def made(make: Make) -> list[Mapping[str, Any]]:
    return list(make())


@dataclass(frozen=True)
class Table:
    """A table whose rows are made some at a time; those that it has are not made again."""

    path: Path
    where: tuple[str, ...]
    """The columns that say which rows are made together."""
    due: Callable[[Done], Iterable[tuple[Where, Make]]]
    """What can be made, in the order of the table, once others are."""
    digits: int = 7
    head: tuple[str, ...] = ()
    """Comments above the columns."""

    def done(self) -> dict[Where, list[Row]]:
        done: dict[Where, list[Row]] = {}
        for row in read(self.path):
            done.setdefault(tuple(row[column] for column in self.where), []).append(row)
        return done

    def missing(self, done: Done, only: str = "") -> list[tuple[Where, Make]]:
        return [
            (where, make)
            for where, make in self.due(done)
            if where not in done and only in ", ".join((self.path.stem, *where))
        ]

    def fill(self, only: str = "", jobs: int = 1) -> None:
        """Make what is missing, and write the table after each part."""
        done = self.done()
        while missing := self.missing(done, only):
            with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
                parts = (pool.map if jobs > 1 else map)(made, [make for _, make in missing])
                for (where, _), part in zip(missing, parts, strict=True):
                    done[where] = [
                        {name: short(value, self.digits) for name, value in row.items()}
                        for row in part
                    ]
                    rows = [row for here, _ in self.due(done) for row in done.get(here, ())]
                    write(self.path, rows, head=self.head)
                    print(self.path.stem, *where, file=sys.stderr, flush=True)


def main(about: str | None, *tables: Table) -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=raw)
    parser.add_argument("--only", default="", help="parts whose table and names have this")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--plan", action="store_true", help="only say what is missing")
    given = parser.parse_args()
    for table in tables:
        if given.plan:
            missing = len(table.missing(table.done(), given.only))
            print(f"{table.path.name}: {missing} parts can be made")
        else:
            table.fill(given.only, given.jobs)
