"""Numbers and judgements of the committed tables that have changed: `docs/data/changed.csv`.

What has changed since the log was last written is asked of git, so only the cause is written by
hand. What is added is no change; what is taken out is one.
"""

from __future__ import annotations

import csv
import io
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias

import yaml
from pydantic import BaseModel, Field

from scripts.bootstrap import ROOT
from scripts.survey import say
from scripts.survey.records import Record, Text, validated
from scripts.survey.result import Ran, Row, Said, Source, Table

FILE = "docs/data/changed.csv"
DATA = "docs/data"
MANY = 20
"""Numbers of one column that a cause changes, up to which each has a line of its own."""

REMARKS = {"note", "missing", "read_from", "measure", "place"}
APART = {*REMARKS, "tables", "findings", "rows", "id", "method", "setting", "values", "spread"}
"""Fields of a source that are no judgement: remarks, and what is a cell or a name here."""

Rows: TypeAlias = dict[tuple[str, str], dict[str, str]]
"""Of each table and row the text of each column. A row "" holds what is said of the whole table."""


class Change(NamedTuple):
    """A cell that is another one now; of a row that is gone the column is ""."""

    table: str
    row: str
    column: str
    before: str
    after: str


class Line(Record):
    """A line of the log. Where more than MANY changed, `row` is * and the largest change stands."""

    date: date
    table: Text
    row: str
    column: str
    numbers: Annotated[int, Field(ge=1)]
    before: str
    after: str
    cause: Text

    def covers(self, change: Change) -> bool:
        """True if it tells of a change."""
        if (self.table, self.column) != (change.table, change.column):
            return False
        return self.row == "*" or (self.row, self.after) == (change.row, change.after)


COLUMNS = (*Line.model_fields,)


class _Log(Record):
    lines: tuple[Line, ...]


def read_lines(text: str) -> tuple[Line, ...]:
    """Return the lines of a log, the oldest first.

    Raises:
        CatalogError: when one is not as it should be; a line for each problem.
    """
    return validated(_Log, {"lines": [*csv.DictReader(io.StringIO(text))]}, FILE).lines


def read_changed(root: Path = ROOT) -> tuple[Line, ...]:
    """Return the committed log.

    Raises:
        CatalogError: when a line is not as it should be.
    """
    return read_lines((root / FILE).read_text("utf-8"))


# Tables as cells ----------------------------------------------------------------------------------


class Kept(NamedTuple):
    """A table that is committed as CSV: what tells its rows apart, and the page that shows it."""

    name: str
    title: str
    key: tuple[str, ...]
    page: str


def kept(root: Path = ROOT) -> dict[str, Kept]:
    """Return the tables of `datasets.yml` that are committed, by their files."""
    told = yaml.safe_load((root / DATA / "datasets.yml").read_text("utf-8"))["datasets"]
    files = {
        f"docs/{d['path']}": Kept(name, d["title"], tuple(d["key"]), d["pages"][0])
        for name, d in told.items()
        if "key" in d
    }
    return {file: table for file, table in files.items() if (root / file).exists()}


def of_csv(table: Kept, text: str) -> Rows:
    """Return the cells of a CSV whose remarks begin with #; empty ones are left out."""
    lines = (line for line in io.StringIO(text) if not line.startswith("#"))
    return {
        (table.name, " ".join(row[k] for k in table.key)): {
            column: cell for column, cell in row.items() if cell and column not in table.key
        }
        for row in csv.DictReader(lines)
    }


def of_source(name: str, text: str) -> Rows:
    """Return the cells of a source's tables, and what is judged of it, its tables and its rows."""
    data = yaml.load(text, yaml.BaseLoader) or {}
    found: Rows = {(name, ""): _fields(Source, data)} if data else {}
    for table in data.get("tables", ()):
        where, rows = f"{name}/{table['id']}", table["rows"]
        found[where, ""] = _fields(Table, table)
        names = [f"{row['method']} {row.get('setting', '')}".strip() for row in rows]
        for called, row in zip(names, rows, strict=True):
            if names.count(called) > 1 and "parameters" in row:
                called = f"{called} {say.millions(float(row['parameters']))}"
            found[where, called] = _printed(table["metrics"], row) | _fields(Row, row)
    for said in data.get("findings", ()):
        called = f"{said['method']} {said['dimension']}, {said['unit']}, {said['place']}"
        found[f"{name}/findings", called] = _fields(Said, said)
    return found


def _printed(metrics: Sequence[str], row: Mapping[str, str]) -> dict[str, str]:
    columns = [*metrics, *(f"{metric} spread" for metric in metrics)]
    cells = [*row["values"].split(), *row.get("spread", "").split()]
    return {c: cell for c, cell in zip(columns, cells, strict=False) if cell not in "–-"}


def _fields(record: type[BaseModel], given: Mapping[str, Any]) -> dict[str, str]:
    """Return what is judged, with what is meant where nothing is said."""
    silent = {
        name: str(field.default).lower()
        for name, field in record.model_fields.items()
        if name not in APART and isinstance(field.default, str | int | Ran) and field.default != ""
    }
    said = {name: v for name, v in given.items() if name not in APART}
    told = {name: ", ".join(v) if isinstance(v, list) else v for name, v in said.items()}
    return {name: text for name, text in (silent | told).items() if text}


# What has changed ---------------------------------------------------------------------------------


def between(old: Rows, new: Rows) -> Iterator[Change]:
    """Yield every cell that is another one, and every row that is gone.

    A row with another setting and the same cells is the same row, a column with another name and
    the same cells the same column.
    """
    names = _renamed(old, new)
    old = {p: {names.get(c, c): text for c, text in cells.items()} for p, cells in old.items()}
    for place, before in old.items():
        if place in new:
            now = new[place]
            yield from (
                Change(*place, column, text, now.get(column, ""))
                for column, text in before.items()
                if now.get(column, "") != text
            )
        elif not any(_same(place, before, other, new[other]) for other in new.keys() - old.keys()):
            yield Change(*place, "", "there", "gone")


def _renamed(old: Rows, new: Rows) -> dict[str, str]:
    """Return the new names of columns: all cells of rows that are in both stand under them."""
    was, now = _columns(old, new), _columns(new, old)
    came = [column for column in now if column not in was]
    found = dict[str, str]()
    for column in (column for column in was if column not in now):
        same = [c for c in came if c not in found.values() and now[c] == was[column]]
        found |= {column: same[0]} if same else {}
    return found


def _columns(rows: Rows, others: Rows) -> dict[str, dict[tuple[str, str], str]]:
    """Return the cells of each column, of rows that the others have, too."""
    found = defaultdict[str, dict[tuple[str, str], str]](dict)
    for place in rows.keys() & others.keys():
        for column, text in rows[place].items():
            found[column][place] = text
    return found


def _same(
    place: tuple[str, str], before: dict[str, str], other: tuple[str, str], now: dict[str, str]
) -> bool:
    def method(row: str) -> str:
        return row.partition(" ")[0]

    alike = place[0] == other[0] and method(place[1]) == method(other[1])
    return alike and before.items() <= now.items()


def unlogged(root: Path = ROOT) -> list[Change]:
    """Return what has changed since the log was last written and has no line; without git nothing.

    Raises:
        CatalogError: when a line of the log is not as it should be.
    """
    since = _git(root, "log", "-1", "--format=%H", "--", FILE).strip()
    if not since:
        return []
    known = read_lines(_git(root, "show", f"{since}:{FILE}"))
    added = [line for line in read_changed(root) if line not in known]
    tables = kept(root)
    found = list[Change]()
    for file in _git(root, "diff", "--name-only", since, "--", DATA).splitlines():
        path = root / file
        now = path.read_text("utf-8") if path.exists() else ""
        before = _git(root, "show", f"{since}:{file}")
        if file in tables:
            found += between(*(of_csv(tables[file], text) for text in (before, now)))
        elif file.startswith(f"{DATA}/tables/"):
            found += between(*(of_source(path.stem, text) for text in (before, now)))
    return [change for change in found if not any(line.covers(change) for line in added)]


def _git(root: Path, *arguments: str) -> str:
    """Return what git says, "" where it knows nothing."""
    told = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    return told.stdout if told.returncode == 0 else ""


# The log ------------------------------------------------------------------------------------------


def lines(changes: Iterable[Change], cause: str, day: date) -> Iterator[Line]:
    """Yield a line for each change, or one for all of a column where they are many."""
    grouped = defaultdict[tuple[str, str], list[Change]](list)
    for change in changes:
        grouped[change.table, change.column].append(change)
    for some in grouped.values():
        many = len(some) > MANY
        for c in [max(some, key=_size)] if many else some:
            row, numbers = ("*", len(some)) if many else (c.row, 1)
            yield Line(date=day, **c._replace(row=row)._asdict(), numbers=numbers, cause=cause)


def _size(change: Change | Line) -> float:
    """Return how far a number has moved, 0 where it is a word."""
    try:
        return abs(float(change.after) - float(change.before))
    except ValueError:
        return 0


class Told(NamedTuple):
    """The effect of one cause on one column of a source's tables; of numbers the largest change."""

    last: Line
    places: tuple[tuple[str, str], ...]  # table and row, where not many rows are meant
    numbers: int


def told(log: Iterable[Line]) -> list[Told]:
    """Return the log as a reader wants it, the newest first."""
    grouped = defaultdict[tuple[object, ...], list[Line]](list)
    for x in log:
        words = () if _size(x) else (x.before, x.after)
        grouped[x.date, x.table.partition("/")[0], x.column, x.cause, *words].append(x)
    found = [
        Told(
            max(some, key=_size),
            tuple((x.table, x.row) for x in some),
            sum(x.numbers for x in some),
        )
        for some in grouped.values()
    ]
    return sorted(found, key=lambda told: told.last.date, reverse=True)


def as_csv(log: Iterable[Line]) -> str:
    """Return lines as a CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(line.model_dump() for line in log)
    return text.getvalue()
