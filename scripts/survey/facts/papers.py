"""Printed tables: `docs/data/tables/<key>.yml` holds the tables of one publication.

`<key>` is that of the bibliography. A number is typed once, in the shape in which it is printed,
so that a table can be read against its source.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from scripts.bootstrap import ROOT
from scripts.survey.facts.records import CatalogError, Loader, validated
from scripts.survey.facts.result import AVERAGE, Result, Row, Source, Table


@cache
def read_tables(root: Path = ROOT) -> tuple[Source, ...]:
    """Return all files of tables, in the order of their keys.

    Raises:
        CatalogError: when a file is not as it should be; a line for each problem.
    """
    sources, problems = [], []
    for path in sorted((root / "docs/data/tables").glob("*.yml")):
        name = path.relative_to(root)
        try:
            data = yaml.load(path.read_text("utf-8"), Loader=Loader)
            sources.append(validated(Source, {"key": path.stem} | data, name))
        except CatalogError as error:
            problems.append(str(error))
        except (yaml.YAMLError, ValueError, TypeError) as error:
            problems.append(f"{name}: is not YAML as expected: {' '.join(str(error).split())}")
    if problems:
        raise CatalogError("\n".join(problems))
    return tuple(sources)


@cache
def outside(root: Path = ROOT) -> dict[str, str]:
    data: dict[str, str] = yaml.safe_load((root / "docs/data/outside.yml").read_text("utf-8"))
    return data


# Checks -------------------------------------------------------------------------------------------


class Flag(NamedTuple):
    """A printed number that does not follow from another one."""

    source_key: str
    place: str
    what: str


def flags(sources: Iterable[Source]) -> Iterator[Flag]:
    rows = [(source.key, t, row) for source in sources for t in source.tables for row in t.rows]
    printed: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for key, table, row in rows:
        for result in table.results(row).values():
            printed[_cell(key, result)].add(result.shown)
    for key, table, row in rows:
        for result in table.results(row).values():
            cells = printed.get(_cell(row.run.origin, result))
            if cells and not any(_equal(result.shown, other) for other in cells):
                yield Flag(
                    key,
                    table.place,
                    f"{row.method}, {table.model}, {table.suite}, {result.metric}: "
                    f"{result.shown}, but {row.run.origin} prints {' or '.join(sorted(cells))}",
                )
        yield from _wrong_averages(key, table, row)


def _cell(key: str, result: Result) -> tuple[str, ...]:
    """Return what makes two printed cells the same one; a mean also by what it is the mean of."""
    table, metric = result.table, result.metric
    parts = table.metrics if metric == AVERAGE else ()
    return (key, result.row.method, table.model, table.suite, metric, *sorted(parts))


def decimals(shown: str) -> int:
    """Return how many decimals are printed.

    >>> decimals("87.60"), decimals("5")
    (2, 0)
    """
    return len(shown.partition(".")[2])


def _equal(a: str, b: str) -> bool:
    digits = min(decimals(a), decimals(b))
    return abs(float(a) - float(b)) <= 0.5 * 10.0**-digits + 1e-9


def _wrong_averages(key: str, table: Table, row: Row) -> Iterator[Flag]:
    cells = table.results(row)
    average = cells.pop(AVERAGE, None)
    if average is None or len(cells) < 2 or len(cells) + 1 < len(table.metrics):
        return
    mean = sum(cell.value for cell in cells.values()) / len(cells)
    digits = decimals(average.shown)
    coarse = min(decimals(cell.shown) for cell in cells.values())
    if abs(mean - average.value) > 0.5 * 10.0**-digits + 0.5 * 10.0**-coarse + 1e-9:
        yield Flag(
            key,
            table.place,
            f"{row.method} {row.setting}, {table.model}, {table.suite}: the average is "
            f"{average.shown}, the mean of its cells {mean:.{digits}f}",
        )
