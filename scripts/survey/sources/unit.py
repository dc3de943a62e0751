"""A unit: what one source says of two methods with one model on one suite.

The rule counts units, and so does Head to head: this is their only definition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from statistics import fmean as mean
from typing import NamedTuple

from scripts.survey.facts.pair import (
    READING,
    Gap,
    Models,
    Reading,
    chosen,
    distance,
    gap,
    largest,
    middle,
    nearest,
    ratio,
    rows_of,
)
from scripts.survey.facts.result import FULL, Row, Source, Table
from scripts.survey.sources.rule import RunBy, Side, Strength

MORE = 1.1  # times the baseline's parameters are too many to be compared with it
SEEDS = 3
OTHERS = 3  # adapters that have to be in a table before their majority can disqualify a baseline


class Part(NamedTuple):
    """One table's part in a unit."""

    table: Table
    row: Row
    other: Row
    gap: Gap
    ratio: float | None  # of the method's parameters to the baseline's
    printed: bool = True  # whether any budget is, where budgets have to match
    weak: bool = False
    told: tuple[Part, ...] = ()  # against both baselines, where two are asked for

    @property
    def fair(self) -> bool:
        """Return whether modules are the same and the budget is no larger, as far as is printed."""
        alike = not self.row.modules and not self.other.modules
        within = self.ratio is not None and round(self.ratio, 3) <= MORE
        return alike and (within or not self.printed)

    @property
    def strength(self) -> Strength:
        """Full where the source ran both, tuned both rates and repeated them."""
        ran = self.row.run.kind == self.other.run.kind == "run"
        tuned = self.table.rates == "both_tuned" and (self.table.seeds or 0) >= SEEDS
        return "full" if ran and tuned and self.printed and not self.weak else "weak"


class Unit(NamedTuple):
    """One model on one suite of one source; the tables that hold it are averaged."""

    source: Source
    model: str
    suite: str
    parts: tuple[Part, ...]

    @property
    def gap(self) -> Gap:
        return middle([part.gap for part in self.parts])

    @property
    def side(self) -> Side:
        return self.gap.side

    @property
    def points(self) -> float:
        return mean(part.gap.difference * part.table.range for part in self.parts)

    @property
    def strength(self) -> Strength:
        return "full" if all(part.strength == "full" for part in self.parts) else "weak"

    @property
    def place(self) -> str:
        return "; ".join(dict.fromkeys(part.table.place for part in self.parts))

    @property
    def run_by(self) -> RunBy | None:
        """The runner, where it is not the source's: authors, if its settings are theirs."""
        return "authors" if any(part.row.settings_by for part in self.parts) else None

    @property
    def ratio(self) -> float | None:
        return max((part.ratio for part in self.parts if part.ratio is not None), default=None)


def united(source: Source, parts: Iterable[Part]) -> Iterator[Unit]:
    groups: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.table.model, part.table.suite].append(part)
    for (model, suite), some in groups.items():
        yield Unit(source, model, suite, tuple(some))


def units(source: Source, own: Collection[str], baseline: str, models: Models) -> Iterator[Unit]:
    """Yield what a source says of a method against a baseline.

    Where budgets and modules match in some tables of a unit, the others do not count. A table that
    has shifted data alone speaks of that.
    """
    parts = (
        part(table, own, baseline, models, shifted=set(table.metrics) <= set(table.shifted))
        for table in source.tables
    )
    for unit in united(source, filter(None, parts)):
        fair = tuple(part for part in unit.parts if part.fair)
        yield unit._replace(parts=fair or unit.parts)


def part(
    table: Table,
    own: Collection[str],
    baseline: str,
    models: Models,
    how: Reading = READING,
    *,
    shifted: bool = False,
) -> Part | None:
    """Return what a table says of a method against a baseline: full fine-tuning or another one."""
    size, mine = models.get(table.model), rows_of(table, own)
    if not mine or baseline in own:
        return None
    if baseline == FULL:
        row, other = largest(chosen(mine), size), full(table, own, shifted, how)
        return paired(table, row, other, size, shifted, how) if other else None
    theirs = [row for row in table.rows if row.method == baseline]
    alike = [[row for row in rows if not row.modules] for rows in (mine, theirs)]
    mine, theirs = alike if all(alike) else (mine, theirs)
    if not theirs:
        return None
    near = {row: nearest(row, theirs, size) for row in mine}
    budgets = {row: ratio(row, near[row], size) for row in mine}
    if not any(budgets.values()):
        row = chosen(mine)[0]
        pair = paired(table, row, near[row], size, shifted, how)
        if pair and table.equal_size:
            return pair._replace(ratio=1.0)
        return pair and pair._replace(printed=False)  # what is not stated is not done
    # Larger ones are taken for want of any other.
    fair = [row for row, times in budgets.items() if times and round(times, 3) <= MORE]
    row = min(chosen(fair or mine), key=lambda row: distance(budgets[row]))
    return paired(table, row, near[row], size, shifted, how)


def paired(
    table: Table,
    row: Row,
    other: Row,
    size: float | None,
    shifted: bool = False,
    how: Reading = READING,
) -> Part | None:
    """Return the part of two rows; nothing where they share too few cells."""
    lead = gap(table, row, other, shifted, how)
    if lead is None or not lead.whole:
        return None
    return Part(table, row, other, lead, ratio(row, other, size))


def full(
    table: Table, own: Collection[str], shifted: bool = False, how: Reading = READING
) -> Row | None:
    """Return the row of full fine-tuning, unless most adapters of the table beat it."""
    rows = chosen([row for row in table.rows if row.method == FULL])
    if not rows or (how.majority and _beaten(table, rows[0], own, shifted, how)):
        return None
    return rows[0]


def _beaten(table: Table, other: Row, own: Collection[str], shifted: bool, how: Reading) -> bool:
    """Return whether most other adapters are ahead; one that ran too few cells has no say."""
    rows: dict[str, list[Gap]] = defaultdict(list)
    for row in table.rows:
        if row.method != FULL and row.method not in own and not (row.failed or row.same_as):
            lead = gap(table, row, other, shifted, how)
            if lead and lead.whole:
                rows[row.method].append(lead)
    means = map(middle, rows.values())
    ahead = [lead.difference > lead.level for lead in means]
    return len(ahead) >= OTHERS and sum(ahead) > len(ahead) / 2
