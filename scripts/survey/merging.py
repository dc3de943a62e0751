"""Adding what two tasks have changed: the plan, as docs/data/merging.yml has it, and its rules.

The merges are made by scripts/studies/merging.py. Nothing here needs JAX.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal, NamedTuple, get_type_hints

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey import english
from scripts.survey.predictions import HOLDS, NOT, OPEN, PART, UNTESTED
from scripts.survey.records import Record, read_yaml
from scripts.survey.result import FULL
from scripts.survey.statistics import Interval, interval

PLAN = ROOT / "docs" / "data" / "merging.yml"
TABLE = PLAN.with_suffix(".csv")


class Way(Record):
    """A way to merge, or what a merge is held against."""

    way: Literal[
        "sum", "ties", "dare", "magnitude", "none", "alone", "shuffled", "turned", "negated"
    ]
    density: float = 1.0

    @property
    def name(self) -> str:
        """Its name among all."""
        return self.way if self.density == 1 else f"{self.way} {self.density:g}"


class Plan(Record):
    """The study's parts."""

    seeds: Annotated[tuple[int, ...], Field(min_length=2)]
    scales: tuple[float, ...]
    ways: tuple[Way, ...]
    enough: float
    level: float
    spared: float

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks, which are those of the English study."""
        return english.plan().tasks


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the study consists of."""
    return read_yaml(Plan, path)


# What came out ------------------------------------------------------------------------------------


class Judged(NamedTuple):
    """A model on a part of a task; the loss is in nats, the accuracy a share."""

    way: str
    density: float
    seed: int
    scale: float
    part: str
    task: str
    of: str
    loss: float
    accuracy: float


Rows = tuple[Judged, ...]


@cache
def rows(path: Path = TABLE) -> Rows:
    """Return all rows of the table."""
    kinds = get_type_hints(Judged)
    return tuple(
        Judged(**{name: kind(row[name]) for name, kind in kinds.items()})
        for row in english.table(path)
    )


def ends(name: str, path: Path = TABLE) -> dict[tuple[int, str, str], Judged]:
    """Return what a way came to on the test, by seed, task and whose change it was.

    Nothing unless all seeds have been run.
    """
    (way,) = (way for way in plan().ways if way.name == name)
    found = {
        (row.seed, row.task, row.of): row
        for row in rows(path)
        if (row.way, row.density, row.part) == (way.way, way.density, "test")
    }
    return found if {seed for seed, _, _ in found} >= set(plan().seeds) else {}


def share(row: Judged) -> float:
    """Return how much of its own run's improvement over the probe a task keeps, in per cent."""
    own = english.finals(FULL, row.task)[row.seed]
    assert own.test_loss is not None
    return 100 * (own.start_test_loss - row.loss) / (own.start_test_loss - own.test_loss)


def keeps(name: str, path: Path = TABLE) -> dict[str, dict[int, float]]:
    """Return what each task keeps, by task and seed; `both` is the mean of the two."""
    found = {key: share(row) for key, row in ends(name, path).items()}
    if not found:
        return {}
    tasks, seeds = plan().tasks, plan().seeds
    each = {task: {seed: found[seed, task, ""] for seed in seeds} for task in tasks}
    return each | {"both": {seed: fmean(each[task][seed] for task in tasks) for seed in seeds}}


def beside(name: str, other: str, path: Path = TABLE) -> dict[str, Interval]:
    """Return how much more is kept in one way than in another, in points, paired by seed."""
    one, than = keeps(name, path), keeps(other, path)
    if not one or not than:
        return {}
    return {task: interval(one[task][s] - than[task][s] for s in plan().seeds) for task in one}


# The rules ----------------------------------------------------------------------------------------


def adds(path: Path = TABLE) -> str:
    """Return the word for whether the changes of both tasks add."""
    found = keeps("sum", path)
    if not found:
        return UNTESTED
    each = [interval(found[task].values()) for task in plan().tasks]
    if all(own.low >= plan().enough for own in each):
        return HOLDS
    return NOT if any(own.high < plan().enough for own in each) else OPEN


def meets(path: Path = TABLE) -> str:
    """Return whether a task meets the other's change more than that change in another order."""
    found = beside("sum", "shuffled", path)
    if not found:
        return UNTESTED
    each = [found[task] for task in plan().tasks]
    if any(own.high < 0 for own in each):
        return "more than chance"
    if any(own.low > 0 for own in each):
        return "less than chance"
    return "level" if all(within(own) for own in each) else OPEN


def within(found: Interval) -> bool:
    """Say whether an interval lies so near zero that what it tells of is level."""
    return max(-found.low, found.high) <= plan().level


def ahead(name: str, path: Path = TABLE) -> str:
    """Return the word for a way to merge beside the plain sum."""
    found = beside(name, "sum", path)
    if not found:
        return UNTESTED
    own = found["both"]
    if not own.none:
        return "ahead" if own.low > 0 else "behind"
    return "level" if within(own) else OPEN


def falls(path: Path = TABLE) -> dict[str, dict[int, tuple[float, float]]]:
    """Return the falls of accuracy, in points, where a task's change is subtracted: own, other."""
    found = ends("negated", path)
    told: dict[str, dict[int, tuple[float, float]]] = {}
    for seed, task, of in found:
        if task == of:
            (other,) = (each for each in plan().tasks if each != of)
            pair = (found[seed, judged, of] for judged in (of, other))
            own, spared = (100 * (_probe(row) - row.accuracy) for row in pair)
            told.setdefault(of, {})[seed] = (own, spared)
    return told


def _probe(row: Judged) -> float:
    return english.finals(FULL, row.task)[row.seed].start_test_accuracy


def negates(path: Path = TABLE) -> str:
    """Return the word for whether a change that is subtracted takes its task alone away."""
    found = [pair for by_seed in falls(path).values() for pair in by_seed.values()]
    if not found:
        return UNTESTED
    alone = [own > 0 and other < plan().spared * own for own, other in found]
    if all(alone):
        return HOLDS
    return PART if any(alone) else NOT
