"""Adding what two tasks have changed: the plan, as docs/data/merging.yml has it, rules, and facts.

The merges are made by scripts/studies/merging.py. Nothing here needs JAX.

merging/kept: sum, reviews            in % of what its own run improves, with the interval;
                                      `definitions`, and `both`, the mean; `scale`, a λ or several
merging/beside: ties 0.2, both        how much more is kept than in the plain sum, in points
merging/beside: sum, both             how much more than with the other's change shuffled
merging/negated: reviews, own         points of accuracy that are lost; `other` on the other task
merging/judged: adds, word            what came out by a rule of the plan
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.addresses import Fact, Maker
from scripts.survey.facts.reader import paired, rows
from scripts.survey.facts.records import Record, read_yaml
from scripts.survey.facts.result import FULL
from scripts.survey.results import english
from scripts.survey.results.predictions import HOLDS, NOT, OPEN, PART
from scripts.survey.statistics.intervals import Interval, interval

PLAN = ROOT / "docs" / "data" / "merging.yml"
TABLE = PLAN.with_suffix(".csv")
SOURCE = "merging"


class Way(Record):
    """A way to merge, or what a merge is held against."""

    way: Literal[
        "sum", "ties", "dare", "magnitude", "none", "alone", "shuffled", "turned", "negated"
    ]
    density: float = 1.0

    @property
    def name(self) -> str:
        return self.way if self.density == 1 else f"{self.way} {self.density:g}"


class Plan(Record):
    seeds: Annotated[tuple[int, ...], Field(min_length=2)]
    scales: tuple[float, ...]
    ways: tuple[Way, ...]
    enough: float
    level: float
    spared: float

    @property
    def tasks(self) -> tuple[str, ...]:
        return english.plan().tasks


@cache
def plan(path: Path = PLAN) -> Plan:
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

    @property
    def own(self) -> english.Run:
        return english.finals(FULL, self.task)[self.seed]

    @property
    def share(self) -> float:
        """The part of its own run's improvement over the probe that a task keeps, in per cent."""
        return 100 * (self.own.start_test_loss - self.loss) / english.fall(self.own)

    @property
    def lost(self) -> float:
        """The accuracy that is lost since the probe, in points."""
        return 100 * (self.own.start_test_accuracy - self.accuracy)


Numbers = dict[int, float]


def ends(name: str) -> list[Judged]:
    (way,) = (way for way in plan().ways if way.name == name)
    return rows(Judged, TABLE, way=way.way, density=way.density, part="test")


def keeps(name: str) -> dict[str, Numbers]:
    """Return what each task keeps, by task and seed; `both` is the mean of the two."""
    shares: dict[str, Numbers] = {task: {} for task in plan().tasks}
    for row in ends(name):
        shares[row.task][row.seed] = row.share
    return shares | {"both": {s: fmean(shares[t][s] for t in plan().tasks) for s in plan().seeds}}


def more_kept(name: str, other: str) -> dict[str, Interval]:
    """Return how much more is kept in one way than in another, in points, paired by seed."""
    one, than = keeps(name), keeps(other)
    return {task: paired(one[task], than[task], float) for task in one}


def falls(of: str) -> dict[str, Numbers]:
    """Return the points lost where a task's change is subtracted: its `own`, and the `other`'s."""
    losses: dict[str, Numbers] = {"own": {}, "other": {}}
    for row in ends("negated"):
        if row.of == of:
            losses["own" if row.task == of else "other"][row.seed] = row.lost
    return losses


# The rules ----------------------------------------------------------------------------------------


def adds() -> str:
    shares = keeps("sum")
    each = [interval(shares[task].values()) for task in plan().tasks]
    if all(own.low >= plan().enough for own in each):
        return HOLDS
    return NOT if any(own.high < plan().enough for own in each) else OPEN


def meets() -> str:
    """Return whether a task meets the other's change more than that change in another order."""
    effects = more_kept("sum", "shuffled")
    each = [effects[task] for task in plan().tasks]
    if any(own.high < 0 for own in each):
        return "more than chance"
    if any(own.low > 0 for own in each):
        return "less than chance"
    return "level" if all(within(own) for own in each) else OPEN


def within(effect: Interval) -> bool:
    return max(-effect.low, effect.high) <= plan().level


def ahead(name: str) -> str:
    own = more_kept(name, "sum")["both"]
    if not own.none:
        return "ahead" if own.low > 0 else "behind"
    return "level" if within(own) else OPEN


def negates() -> str:
    alone = [
        losses["own"][seed] > 0 and losses["other"][seed] < plan().spared * losses["own"][seed]
        for losses in map(falls, plan().tasks)
        for seed in plan().seeds
    ]
    return HOLDS if all(alone) else PART if any(alone) else NOT


def facts() -> Iterator[Fact]:
    fact = Maker(SOURCE, "docs/data/merging.csv")
    for way in plan().ways:
        if way.way == "negated":
            continue
        for column, shares in keeps(way.name).items():
            yield fact("kept", way.name, column, interval(shares.values()), "0 to")
        scales = " and ".join(f"{s:g}" for s in sorted({row.scale for row in ends(way.name)}))
        yield fact("kept", way.name, "scale", scales)
        for column, more in more_kept(way.name, "shuffled" if way.name == "sum" else "sum").items():
            yield fact("beside", way.name, column, more, "0 to")
        if way.density < 1:
            yield fact("judged", way.name, "word", ahead(way.name))
    for task in plan().tasks:
        for column, lost in falls(task).items():
            yield fact("negated", task, column, interval(lost.values()), "0 to")
    for row, rule in (("adds", adds), ("meets", meets), ("negated", negates)):
        yield fact("judged", row, "word", rule())
