"""Methods beyond the survey in the experiment's training: the plan, the runs, what they say.

Its runs are made by scripts/studies/later.py. Nothing here needs JAX.

later: hira 4, points       beside the LoRA of its size; of a control, its method beside it
later: hira 4, improvement  the share of full fine-tuning's improvement; so `forgetting`, in nats
later: hira 4, forgets      how much more or less than its LoRA, or than its control, in nats
later: hira 4, parameters   trained ones; so the `rate` that was found
later: hira 4, beside       its LoRA; of a control, under `control`, its name
later: methods, ahead       how many methods, or `controls`, have this word of their effects
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, get_args

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.addresses import Fact, Maker, Mean
from scripts.survey.facts.reader import by_seed, paired
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.results import effects, experiment
from scripts.survey.results.effects import Effect, Word, points
from scripts.survey.results.experiment import Measure, Run

PLAN = ROOT / "docs" / "data" / "later.yml"
TABLE = PLAN.with_suffix(".csv")
SOURCE = "later"


class Entry(Record):
    slug: Text
    knobs: dict[str, float | int | str] = Field(default_factory=dict)
    arm: str = ""
    """The control of the method, if it is one."""
    guess: int
    """At its rate, in half decades."""
    like: Text
    """Beside whom it is judged: an entry, or a setting of the experiment."""


class Plan(Record):
    task: Text
    sweep_seed: int
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    entries: dict[str, Entry]


@cache
def plan(path: Path = PLAN) -> Plan:
    return read_yaml(Plan, path)


def point() -> float:
    return experiment.point(experiment.cell(plan().task))


def finals(name: str) -> dict[int, Run]:
    if name not in plan().entries:
        return experiment.finals(name, experiment.cell(plan().task))
    return by_seed(Run, TABLE, method=name, phase="final")


def named(arms: bool, modules: Collection[str] = ()) -> list[str]:
    """Return the controls, or else the methods; those of some modules if any are named."""
    of = {n: e for n, e in plan().entries.items() if bool(e.arm) == arms}
    return [n for n, e in of.items() if not modules or e.slug in modules]


def effect(name: str, measure: Measure = points) -> Effect:
    """Return how a method compares with its LoRA, or with itself without its hypothesis.

    By default that is in points.
    """
    entry = plan().entries[name]
    one, other = (entry.like, name) if entry.arm else (name, entry.like)
    return Effect(*paired(finals(one), finals(other), measure, len(named(bool(entry.arm)))))


MEANS: dict[str, Mean] = {
    "improvement": (experiment.improvement, "0 %"),
    "forgetting": (experiment.forgetting, "2"),
    "parameters": (lambda run: run.parameters, "count"),
    "rate": (lambda run: run.rate, "rate"),
}


def facts() -> Iterator[Fact]:
    fact = Maker(SOURCE, "docs/data/later.csv")
    entries = plan().entries
    for name, entry in entries.items():
        yield fact("", name, "points", effect(name))
        forgets = effect(name, experiment.forgetting)
        yield fact("", name, "forgets", forgets)._replace(text=effects.in_nats(forgets))
        yield fact("", name, "control" if entry.arm else "beside", entry.arm or entry.like)
    baselines = sorted({entry.like for entry in entries.values()} - entries.keys())
    for name in (*baselines, *entries):
        yield from fact.means("", name, finals(name).values(), MEANS)
    yield from (fact("", name, "beside", "") for name in baselines)
    for kind, arms in (("methods", False), ("controls", True)):
        words = Counter(effect(name).word for name in named(arms))
        yield from (fact("", kind, word, words[word], "count") for word in get_args(Word))
    yield fact("", "runs", "count", sum(len(finals(name)) for name in entries), "count")
