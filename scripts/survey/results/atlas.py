"""Predictions of others that a toy layer decides, as pages read them (scripts/studies/atlas.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from scripts.bootstrap import ROOT
from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact, Form
from scripts.survey.facts.reader import records

SOURCE = "atlas"
TABLE = ROOT / "docs" / "data" / "atlas.csv"
ROUNDING = 1e-9
"""The size below which a value comes of rounding, and is other on another machine."""


SHARES = {
    *("apart", "gain", "drift", "identity", "of changes", "of factors"),
    *("after one merge", "after six merges"),
}
"""Measures that are shares of something of their own kind."""


def said(measure: str, value: float) -> tuple[str, Form]:
    """Return a number as a page says it.

    >>> said("apart", 0.04095), said("apart", 3e-16), said("rank after six merges", 6)
    (('4.1 %', 'percent'), ('0', 'number'), ('6', 'number'))
    """
    if measure not in SHARES or abs(value) < ROUNDING:
        return say.figures(value, 3) if abs(value) >= ROUNDING else "0", "number"
    return f"{say.figures(100 * value)} %", "percent"


def facts() -> Iterator[Fact]:
    """Yield all facts: atlas/X.1: one ε, apart; `apart least` and `apart most` likewise."""
    for row in records(TABLE):
        for end, column in (("", "median"), (" least", "least"), (" most", "most")):
            value, measure = float(row[column]), row["measure"]
            where = (SOURCE, row["prediction"], row["arm"], measure + end)
            text, form = said(measure, value)
            yield Fact(*where, value, text, "docs/data/atlas.csv", form)


@cache
def medians(prediction: str) -> dict[str, dict[str, float]]:
    medians: dict[str, dict[str, float]] = defaultdict(dict)
    for row in records(TABLE):
        if row["prediction"] == prediction:
            medians[row["arm"]][row["measure"]] = float(row["median"])
    return medians
