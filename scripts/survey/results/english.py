"""The study on a real English model as pages read it: the plan, what came out, and its facts.

Its runs are made by scripts/studies/english.py. Nothing here needs JAX.

english/reviews: full, accuracy          a mean over seeds; so `improvement`, `forgetting`
english/reviews: probe, accuracy         of the frozen model; `majority` likewise
english/reviews: oft 16, points          beside LoRA, with its interval and the word
english/reviews: full, one point         a point of accuracy as a share of its gain over the probe
english/reviews: full, sampling          standard error of its accuracy from the test sentences
english/reviews: oft 16, relaxed, ahead  a method beside this control of its own
english/reviews, rates: full 0.0001, loss    of the sweep; so `forgetting`, `above the probe`
english/rates: half a decade above, points   what it costs; `half a decade below`, `apart from LoRA`
english/tasks: reviews, train            how many sentences; `first`, one of the test
english/findings: OFT learns less than LoRA, word   whether it holds here
english/study: all, runs                 so `hours` of one core, and `cells`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from math import log10, sqrt
from pathlib import Path
from statistics import fmean, median
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts import say
from scripts.survey.facts.addresses import Fact, Maker, Mean
from scripts.survey.facts.reader import by_seed, paired, rows
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.facts.result import FULL
from scripts.survey.results import effects
from scripts.survey.results.effects import Effect
from scripts.survey.statistics.intervals import interval

PLAN = ROOT / "docs" / "data" / "english.yml"
TABLE = PLAN.with_suffix(".csv")
TASKS = PLAN.with_name("english_tasks.csv")
CHANGES, ALIKE, JOINT = (
    PLAN.with_name(f"english_{name}.csv") for name in ("changes", "alike", "joint")
)
SOURCE = "english"
HEAD = "head alone"
"""The entry without an adapter: it trains the head on frozen features, from the probe on."""


class Entry(Record):
    slug: Text
    knobs: dict[str, float | int | str] = Field(default_factory=dict)
    arm: str = ""
    guess: int | None = None
    """At its rate, in half decades; none where nothing has a rate of its own."""
    like: str = ""
    """Beside whom it is judged."""
    asks: str = ""
    """The question whose comparisons share a risk with this one."""


class Plan(Record):
    sweep_seed: int
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    tasks: Annotated[tuple[Text, ...], Field(min_length=2)]
    hours: float
    entries: dict[str, Entry]


@cache
def plan(path: Path = PLAN) -> Plan:
    return read_yaml(Plan, path)


# Runs ---------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """One run; losses are in nats, accuracies in shares, what was not judged is nothing."""

    entry: str
    task: str
    parameters: int
    rate: float
    seed: int
    phase: str
    validation_loss: float
    validation_accuracy: float
    test_loss: float | None
    test_accuracy: float | None
    forgetting: float
    start_validation_accuracy: float
    start_test_loss: float
    start_test_accuracy: float
    status: str
    seconds: float


def finals(entry: str, task: str) -> dict[int, Run]:
    return by_seed(Run, TABLE, entry=entry, task=task, phase="final")


def sweep(entry: str, task: str) -> list[Run]:
    runs = rows(Run, TABLE, entry=entry, task=task, phase="sweep")
    return sorted(runs, key=lambda run: run.rate)


# Measures -----------------------------------------------------------------------------------------

Measure: TypeAlias = Callable[[Run], float]


def accuracy(run: Run) -> float:
    """Return the share of the test that is named rightly, in per cent."""
    assert run.test_accuracy is not None
    return 100 * run.test_accuracy


def above_probe(run: Run) -> float:
    """Return the accuracy above that of the probe, in percentage points."""
    return accuracy(run) - 100 * run.start_test_accuracy


def fall(run: Run) -> float:
    """Return how far the test loss fell below the probe's, in nats."""
    assert run.test_loss is not None
    return run.start_test_loss - run.test_loss


def forgetting(run: Run) -> float:
    return run.forgetting


def among(entry: str) -> int:
    own = plan()
    asked = own.entries[entry].asks
    return len(own.tasks) * sum(other.asks == asked for other in own.entries.values())


def effect(entry: str, task: str, measure: Measure = accuracy, sign: int = 1) -> Effect:
    one, other = finals(entry, task), finals(plan().entries[entry].like, task)
    return Effect(*paired(one, other, lambda run: sign * measure(run), among(entry)))


def off_best(steps: int) -> list[float]:
    """Return the points of validation accuracy that rates half a decade off cost.

    One value for each cell with a sweep, `steps` half decades above its best rate.
    """
    costs = []
    for entry in plan().entries:
        for task in plan().tasks:
            runs = {round(2 * log10(run.rate)): run for run in sweep(entry, task)}
            best = min(runs, key=lambda k: runs[k].validation_loss, default=0)
            if best + steps in runs:
                lost = runs[best].validation_accuracy - runs[best + steps].validation_accuracy
                costs.append(100 * lost)
    return costs


class About(NamedTuple):
    """A task: among how many examples its parts were drawn, and how far one gets untrained."""

    task: str
    found: int
    fitting: int
    classes: int
    train: int
    validation: int
    test: int
    majority: float
    probe_test_accuracy: float
    first: str
    second: str


# The experiment's findings, asked again ----------------------------------------------------------


class Claim(NamedTuple):
    """A finding of the experiment, and the words that would say the same here, or the opposite."""

    says: str
    entries: tuple[str, ...]
    same: tuple[effects.Word, ...]
    opposite: effects.Word
    measure: Measure = accuracy

    def word(self, compared: Effect) -> effects.Word:
        """Return what may be said of a comparison; *level* is within a point, so of accuracy."""
        points = self.measure is accuracy
        return "not told apart" if compared.word == "level" and not points else compared.word

    def here(self) -> str:
        words = {
            self.word(effect(entry, task, self.measure))
            for entry in self.entries
            for task in plan().tasks
        }
        if self.opposite in words:
            return "does not hold"
        return "holds" if words <= set(self.same) else "open"


CLAIMS = (
    Claim(
        "At LoRA’s size no other family is ahead of it",
        ("oft 16", "pissa 4", "shira 0.0156", "delora 4, strength 1", "delora 4, strength 4",
         "delora 4, strength 0.25"),
        ("behind", "level", "not told apart"), "ahead",
    ),
    Claim("OFT learns less than LoRA", ("oft 16",), ("behind",), "ahead"),
    Claim("OFT forgets more than LoRA", ("oft 16",), ("ahead",), "behind", forgetting),
    Claim("IA3 and LN tuning learn less than LoRA", ("ia3", "ln tuning"), ("behind",), "ahead"),
    Claim("DoRA is ahead of LoRA of its rank", ("dora 4",), ("ahead",), "behind"),
    Claim(
        "PiSSA started in random directions is behind PiSSA",
        ("pissa 4, random basis",), ("behind",), "ahead",
    ),
)  # fmt: skip
"""Findings of the experiment for which this study has entries."""


# Facts --------------------------------------------------------------------------------------------

MEANS: dict[str, Mean] = {
    "forgetting": (forgetting, "2"),
    "parameters": (lambda run: run.parameters, "count"),
    "rate": (lambda run: run.rate, "figures"),
}
SWEPT: dict[str, Mean] = {
    "above the probe": (
        lambda run: 100 * (run.validation_accuracy - run.start_validation_accuracy),
        "1",
    ),
    "forgetting": (forgetting, "2"),
    "loss": (lambda run: run.validation_loss, "3"),
}
fact = Maker(SOURCE, "docs/data/english.csv")


def facts() -> Iterator[Fact]:
    for claim in CLAIMS:
        yield fact("findings", claim.says, "word", claim.here())
    for about in rows(About, TASKS):
        yield fact(about.task, "probe", "accuracy", 100 * about.probe_test_accuracy, "1")
        yield fact(about.task, "majority", "accuracy", 100 * about.majority, "1")
        for column, number in about._asdict().items():
            if not isinstance(number, float):
                yield fact("tasks", about.task, column, number, "count")
    for task in plan().tasks:
        full = fmean(map(fall, finals(FULL, task).values()))
        for entry in plan().entries:
            yield from _cell(entry, task, full)
            for run in sweep(entry, task):
                row = f"{entry} {say.figures(run.rate)}"
                yield from fact.means(f"{task}, rates", row, [run], SWEPT)
    apart = [
        abs(effect(name, task).mean)
        for name, entry in plan().entries.items()
        if entry.asks == "a"
        for task in plan().tasks
    ]
    medians = {"half a decade above": off_best(1), "half a decade below": off_best(-1)}
    for row, points in (medians | {"apart from LoRA": apart}).items():
        yield fact("rates", row, "points", median(points), "1")
    every = rows(Run, TABLE)
    yield fact("study", "all", "runs", len(every), "count")
    yield fact("study", "all", "hours", sum(run.seconds for run in every) / 3600, "1")
    yield fact("study", "all", "cells", len(plan().entries) * len(plan().tasks), "count")


def _cell(entry: str, task: str, full: float) -> Iterator[Fact]:
    runs, own = finals(entry, task).values(), plan().entries[entry]
    yield fact(task, entry, "accuracy", interval(map(accuracy, runs)), "1")
    more = Effect(*interval(map(above_probe, runs)))
    yield fact(task, entry, "above the probe", more)
    if more.low > 0:
        yield fact(task, entry, "one point", 1 / more.mean, "0 %")
    (about,) = rows(About, TASKS, task=task)
    right = fmean(map(accuracy, runs))
    yield fact(task, entry, "sampling", sqrt(right * (100 - right) / about.test), "1")
    yield fact(task, entry, "improvement", fmean(map(fall, runs)) / full, "0 %")
    means = {k: of for k, of in MEANS.items() if k != "rate" or own.guess is not None}
    yield from fact.means(task, entry, runs, means)
    if own.like:
        yield fact(task, entry, "points", effect(entry, task))
        yield fact(task, entry, "beside", own.like)
    if own.arm:
        yield fact(task, entry, "ahead", effect(entry, task, sign=-1))
