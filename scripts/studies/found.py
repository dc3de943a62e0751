"""Rows of the table of a study of predictions: what was found in each arm."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

HEAD = ("prediction", "arm", "measure", "median", "least", "most", "seeds")


class Found(NamedTuple):
    """Measured values, for one arm of one prediction."""

    prediction: str
    arm: str
    measure: str
    values: list[float]


def lines(found: Iterable[Found]) -> Iterator[list[str]]:
    """Yield a row of the table for each measure."""
    for one in found:
        three = (np.median(one.values), min(one.values), max(one.values))
        yield [*one[:3], *(f"{value:.4g}" for value in three), str(len(one.values))]


def completed(
    rows: Iterable[list[str]], makes: Mapping[str, Callable[[Collection[str]], Iterator[Found]]]
) -> list[list[str]]:
    """Return the rows of a table and those of the arms that it does not have, in its order.

    Args:
        rows: The table, without its head.
        makes: By prediction, what yields all of its arms but those given.
    """
    kept = list(rows)
    for prediction, make in makes.items():
        there = [row for row in kept if row[0] == prediction]
        new = lines(make({row[1] for row in there}))
        # Sorting keeps the order of an arm's measures.
        whole = sorted([*there, *new], key=lambda row: row[1])
        kept = [row for row in kept if row[0] != prediction] + whole
    return kept


def read(path: Path) -> list[list[str]]:
    """Return the rows of a table, without its head."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def write(path: Path, rows: Iterable[list[str]]) -> None:
    """Write a table."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEAD, *rows])
