"""One reader for results of studies: rows as records, runs by seed, differences paired by seed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

from scripts.survey.facts.records import CatalogError
from scripts.survey.statistics.intervals import Interval, interval


class Seeded(Protocol):
    @property
    def seed(self) -> int:
        """The seed."""


Row = TypeVar("Row")
Run = TypeVar("Run", bound=Seeded)


def rows(kind: type[Row], path: Path, **are: Any) -> list[Row]:
    """Read the rows of a table whose columns are as said; columns without a field are left out.

    Raises:
        CatalogError: when a cell is not what its field holds; the text names file, row and column.
    """
    table: tuple[Row, ...] = _all(kind, path)  # type: ignore[arg-type]
    return [row for row in table if all(getattr(row, k) == v for k, v in are.items())]


@cache
def _all(kind: Any, path: Path) -> tuple[Any, ...]:
    kinds = get_type_hints(kind)
    return tuple(
        kind(*(_value(row, f"{path.name}, row {i}", *field) for field in kinds.items()))
        for i, row in enumerate(records(path), 1)
    )


@cache
def records(path: Path) -> list[dict[str, str]]:
    """Read the rows of a table as texts by column; lines that begin with # are comments."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def comments(path: Path) -> list[str]:
    lines = path.read_text("utf-8").splitlines()
    return [line.removeprefix("# ") for line in lines if line.startswith("#")]


def as_csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _value(row: Mapping[str, str], place: str, name: str, kind: Any) -> Any:
    if name not in row:
        raise CatalogError(f"{place}: there is no column {name}")
    text = row[name]
    try:
        if get_origin(kind) is Literal:
            return text
        if kind in (str, int, float):
            return kind(text)
        one = get_args(kind)[0]
        if get_origin(kind) is tuple:
            return tuple(map(one, text.split()))
        return one(text) if text else None
    except ValueError as error:
        raise CatalogError(f"{place}: {name}: {error}") from error


def by_seed(kind: type[Run], path: Path, **are: Any) -> dict[int, Run]:
    return {run.seed: run for run in rows(kind, path, **are)}


def paired(
    one: Mapping[int, Row], other: Mapping[int, Row], of: Callable[[Row], float], among: int = 1
) -> Interval:
    """Return how much more one has than the other, paired by seed, with Student's interval.

    Args:
        one: Runs by seed.
        other: Runs with the same seeds.
        among: How many intervals share the risk (Bonferroni).

    Raises:
        LookupError: when the two have other seeds.
    """
    if not one or one.keys() != other.keys():
        raise LookupError(f"runs with seeds {[*one]} have no pairs in those with {[*other]}")
    return interval((of(one[seed]) - of(other[seed]) for seed in one), among)
