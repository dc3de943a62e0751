"""Methods beyond the survey in the experiment's training: the plan, the runs, what they say.

Its runs are made by scripts/studies/later.py. Nothing here needs JAX.

later: hira 4, points       beside the LoRA of its size; of a control, its method beside it
later: hira 4, improvement  the share of full fine-tuning's improvement; so `forgetting`, in nats
later: hira 4, forgets      how much more or less than its LoRA, or than its control, in nats
later: hira 4, parameters   trained ones, and the `rate` that was found
later: methods, ahead       how many methods, or `controls`, have this word of their effects
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache, partial
from pathlib import Path
from statistics import fmean
from typing import Annotated, get_args

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey import effects, experiment, say
from scripts.survey.effects import Effect, Word, points
from scripts.survey.experiment import Measure, Run, difference
from scripts.survey.facts import Fact
from scripts.survey.predictions import UNTESTED
from scripts.survey.records import Record, Text, read_yaml

PLAN = ROOT / "docs" / "data" / "later.yml"
TABLE = PLAN.with_suffix(".csv")
SOURCE = "later"
_fact = partial(Fact, SOURCE, "", place="docs/data/later.csv")


class Entry(Record):
    """An entry to train."""

    slug: Text
    knobs: dict[str, float | int | str] = Field(default_factory=dict)
    arm: str = ""
    """The control of the method, if it is one."""
    guess: int
    """At its rate, in half decades."""
    like: Text
    """Beside whom it is judged: an entry, or a setting of the experiment."""


class Plan(Record):
    """The plan of the study."""

    task: Text
    sweep_seed: int
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    entries: dict[str, Entry]


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the study consists of."""
    return read_yaml(Plan, path)


@cache
def runs(path: Path = TABLE) -> tuple[Run, ...]:
    """Return all runs that have been made."""
    return experiment.read(path) if path.exists() else ()


def point() -> float:
    """Return a point in nats."""
    return experiment.point(experiment.cell(plan().task))


def finals(name: str) -> dict[int, Run]:
    """Return the runs that count, by seed, of an entry or of a setting of the experiment."""
    if name not in plan().entries:
        return experiment.finals(name, experiment.cell(plan().task))
    return {run.seed: run for run in runs() if (run.method, run.phase) == (name, "final")}


def complete(name: str) -> bool:
    """Say whether all runs are there that a comparison of this entry takes."""
    beside = plan().entries[name].like
    return all(finals(each).keys() == set(plan().seeds) for each in (name, beside))


def named(arms: bool) -> list[str]:
    """Return the controls, or else the methods, whose runs are all there."""
    return [n for n, entry in plan().entries.items() if bool(entry.arm) == arms and complete(n)]


def of(modules: Collection[str]) -> list[str]:
    """Return the entries of some modules, methods and controls, whose runs are all there."""
    return [n for n, entry in plan().entries.items() if entry.slug in modules and complete(n)]


def effect(name: str, measure: Measure = points) -> Effect:
    """Return how a method compares with its LoRA, or with itself without its hypothesis.

    By default that is in points.

    Raises:
        LookupError: when runs are missing.
    """
    entry = plan().entries[name]
    if not complete(name):
        raise LookupError(f"{name!r} or {entry.like!r} has not been run with all seeds")
    among = sum(bool(other.arm) == bool(entry.arm) for other in plan().entries.values())
    one, other = (entry.like, name) if entry.arm else (name, entry.like)
    found = difference(finals(one), finals(other), measure, among)
    return Effect(*found, 1, 2 * len(plan().seeds))


COLUMNS = ("points", "improvement", "forgetting", "forgets", "parameters", "rate")


def reached(name: str) -> Iterator[Fact]:
    """Yield where an entry, or a LoRA beside which one is judged, has come by itself."""
    made = list(finals(name).values())
    learned = fmean(map(experiment.improvement, made))
    forgotten = fmean(map(experiment.forgetting, made))
    yield _fact(name, "improvement", learned, say.percent(learned), form="percent")
    yield _fact(name, "forgetting", forgotten, say.number(forgotten, 2))
    yield _fact(name, "parameters", made[0].parameters, say.count(made[0].parameters))
    yield _fact(name, "rate", made[0].rate, f"{made[0].rate:.2g}")


def facts() -> Iterator[Fact]:
    """Yield what came out of every entry."""
    for name in plan().entries:
        if not complete(name):
            yield from (_fact(name, column, 0, UNTESTED, form="text") for column in COLUMNS)
            continue
        found, more = effect(name), effect(name, experiment.forgetting)
        yield _fact(name, "points", found.mean, str(found))
        yield _fact(name, "forgets", more.mean, effects.in_nats(more))
        yield from reached(name)
    for name in sorted({entry.like for entry in plan().entries.values()} - plan().entries.keys()):
        yield from reached(name)
    for kind, arms in (("methods", False), ("controls", True)):
        said = Counter(effect(name).word for name in named(arms))
        yield from (_fact(kind, word, said[word], say.count(said[word])) for word in get_args(Word))
