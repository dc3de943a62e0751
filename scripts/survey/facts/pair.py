"""Pairs of rows of one table: whose budget is near, how far one is ahead, and level.

All comparisons of the site are made here; none is put into words here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import hypot, inf, log
from pathlib import Path
from statistics import fmean as mean
from typing import NamedTuple, TypeAlias

import yaml

from scripts.survey.facts.result import AVERAGE, Result, Row, Side, Table, averages

LEVEL = 0.005
"""A difference is level below this share of the metric's range, where no spread is printed."""


class Reading(NamedTuple):
    """Choices in reading tables that a sceptic may set otherwise; the rule's own values."""

    level: float = LEVEL
    majority: bool = True  # whether full fine-tuning that most adapters beat is no baseline


READING = Reading()

Models: TypeAlias = Mapping[str, float | None]
"""The parameters of models, in millions; nothing where a source does not name the model."""


def read_models(root: Path) -> Models:
    sizes: dict[str, float | None] = yaml.safe_load(
        (root / "docs/data/models.yml").read_text("utf-8")
    )
    return sizes


# Rows and their budgets ---------------------------------------------------------------------------


def rows_of(table: Table, methods: Collection[str]) -> list[Row]:
    return [
        row
        for row in table.rows
        if row.method in methods and row.run.kind != "copied" and not (row.same_as or row.failed)
    ]


def chosen(rows: Sequence[Row]) -> list[Row]:
    """Return the settings chosen on validation, otherwise the source's default, otherwise all."""
    for why in ("validation", "default"):
        if chosen := [row for row in rows if row.chosen == why]:
            return chosen
    return list(rows)


def trained(row: Row, size: float | None) -> float | None:
    if row.trained is not None:  # what is printed is what is stored
        return row.trained
    if row.parameters is None and row.percent is not None and size:
        return row.percent * size / 100
    return row.parameters


def share(row: Row, size: float | None) -> float | None:
    own = trained(row, size)
    if row.percent is None and own is not None and size:
        return 100 * own / size
    return row.percent


def ratio(row: Row, other: Row, size: float | None) -> float | None:
    a, b = trained(row, size), trained(other, size)
    if a is None or not b:
        a, b = row.percent, other.percent
    return a / b if a is not None and b else None


def distance(times: float | None) -> float:
    return abs(log(times)) if times else inf


def nearest(row: Row, others: Sequence[Row], size: float | None) -> Row:
    return min(others, key=lambda other: (distance(ratio(row, other, size)), other.chosen is None))


def largest(rows: Sequence[Row], size: float | None) -> Row:
    return max(rows, key=lambda row: trained(row, size) or 0)


# Their difference ---------------------------------------------------------------------------------


class Gap(NamedTuple):
    """The lead of one row of a table over another one, as a share of the metric's range."""

    difference: float
    level: float  # what is no more than this is a tie
    printed: bool  # whether that is a spread that the source prints
    cells: tuple[tuple[Result, Result], ...] = ()  # what it is the mean of
    whole: bool = True  # a few cells of a suite are not the suite

    @property
    def side(self) -> Side:
        size = round(abs(self.difference), 9)
        # Half a per cent itself is a lead, a difference as large as the printed spread is none.
        if size < round(self.level, 9) or (self.printed and size == round(self.level, 9)):
            return "level"
        return "for" if self.difference > 0 else "against"


def middle(gaps: Sequence[Gap]) -> Gap:
    return Gap(
        mean(gap.difference for gap in gaps),
        mean(gap.level for gap in gaps),
        all(gap.printed for gap in gaps),
        tuple(cell for gap in gaps for cell in gap.cells),
    )


def gap(
    table: Table, row: Row, other: Row, shifted: bool = False, how: Reading = READING
) -> Gap | None:
    """Return how far a row is ahead of another one, on shifted data or on all other data.

    The printed average counts, otherwise the mean of the cells that both rows have. A spread that
    is printed of one side alone is none of the difference: what is level is at least as wide as
    where none is printed.
    """
    theirs = table.results(other)
    cells = {
        metric: (result, theirs[metric])
        for metric, result in table.results(row).items()
        if metric in theirs and (metric in table.shifted) == shifted
    }
    means = averages(cells, table.suite)
    counted = tuple(cells[metric] for metric in means[:1] or cells)
    if not counted:
        return None
    single = [cells[m] for m in cells if m not in means]
    # An average without a spread has that of its cells.
    both = _spreads(counted)
    if not any(both) and single and means:
        both = _spreads(single)
    difference = mean(a.sign * (a.value - b.value) for a, b in counted)
    lead = tie(difference, [table.widened(spread) for spread in both], table.range, how)
    printed = [m for m in table.metrics if (m in table.shifted) == shifted and m != AVERAGE]
    whole = bool(means) or 2 * len(counted) >= len(printed)
    return lead._replace(cells=counted, whole=whole)


def tie(difference: float, spreads: Sequence[float], size: float, how: Reading = READING) -> Gap:
    """Return a difference and what is level, both as shares of the metric's range, `size`.

    A spread of 0 is none that is printed.
    """
    spread, printed = hypot(*spreads), all(spreads)
    level = spread if printed else max(spread, how.level * size)
    return Gap(difference / size, level / size, printed)


def _spreads(cells: Sequence[tuple[Result, Result]]) -> tuple[float, ...]:
    """Return the spreads of the means of both sides; 0 where none is printed."""
    return tuple(
        of_mean(result.spread.value if result.spread else None for result in side)
        for side in zip(*cells, strict=True)
    )


def of_mean(printed: Iterable[float | None]) -> float:
    """Return the spread of a mean of independent cells; 0 where one is not printed."""
    spreads = list(printed)
    known = [spread for spread in spreads if spread is not None]
    return hypot(*known) / len(known) if known and len(known) == len(spreads) else 0
