"""The study of controls as pages and the rule read it: the plan, who is trained, and what came out.

Its runs are made by scripts/studies/controls.py. Nothing here needs JAX.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from math import isfinite
from pathlib import Path
from statistics import fmean
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.reader import rows
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.facts.result import FULL
from scripts.survey.results.experiment import RANDOM, TEACHERS, known
from scripts.survey.results.hypothesis import Claim, Comparison, Place

PLAN = ROOT / "docs" / "data" / "controls.yml"
TABLE = PLAN.with_suffix(".csv")
AGAIN = ", again"
"""Behind a control's name: the same control with other draws, which must make no difference."""

BIAS = "output bias"
"""The entry without an adapter: it trains a bias for each token of the output."""

ENTRIES = PLAN.with_name("controls_entries.csv")
REACH = PLAN.with_name("controls_reach.csv")


class Part(Record):
    """Cells that are run one after another, and decided together."""

    task: Text
    steps: int = 400
    bases: tuple[int, ...]
    methods: tuple[Text, ...] | None = None
    """Settings of the experiment's grid; all if none are named."""
    floors: bool = True
    check: bool = False
    """True if the study tests itself here: what comes out has no part in a verdict."""
    again: tuple[Text, ...] = ()
    """Entries whose control is run with other draws, too: the two must come out alike."""


class Plan(Record):
    sweep_seeds: Annotated[tuple[int, ...], Field(min_length=2)]
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    first: tuple[int, ...]
    """The rates with which a sweep begins: quarter decades around a guess."""
    further_first: tuple[int, ...]
    """The same in a base model other than the first, around the rate of the first."""
    most: int
    """Rates in a sweep."""
    knobs: dict[str, dict[str, float]]
    """Settings that differ from the experiment's, by a setting's name there."""
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]


@cache
def plan(path: Path = PLAN) -> Plan:
    return read_yaml(Plan, path)


# Entries ------------------------------------------------------------------------------------------


class Trained(NamedTuple):
    """A setting of a method, a control of it, or a floor."""

    method: str
    control: str
    slug: str
    kind: str
    claim: Claim
    parameters: int
    frozen: int
    reached: int | None
    """In how many of 4,096 dimensions of a matrix the change can move."""


def entries() -> list[Trained]:
    """Return who is trained, methods each before their controls."""
    return rows(Trained, ENTRIES)


def floor(name: str) -> bool:
    """Say whether an entry stands for no hypothesis.

    >>> floor("output bias"), floor("entries 2304"), floor("ia3")
    (True, True, False)
    """
    return name == BIAS or name.startswith("entries ")


# Results ------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A run; losses are in nats a token on the test."""

    method: str
    control: str
    task: str
    base: int
    seed: int
    phase: str
    test: float
    start_test: float

    @property
    def improvement(self) -> float:
        """The fall of the loss on the test since before training; none where it diverged."""
        return self.start_test - self.test if isfinite(self.test) else 0.0


Whose: TypeAlias = tuple[str, str]
"""A method, and which of its controls, or none."""


Runs: TypeAlias = dict[Whose, dict[Place, dict[int, Run]]]
"""Runs by method and control, task and base model, and seed."""

NO_ADAPTER: Whose = (FULL, "")


def runs() -> Runs:
    """Return the runs that count: those with fresh seeds."""
    return counted(TABLE)


@cache
def counted(path: Path) -> Runs:
    return grouped(rows(Run, path, phase="final"))


def grouped(runs: Iterable[Run]) -> Runs:
    by: Runs = {}
    for run in runs:
        seeds = by.setdefault((run.method, run.control), {}).setdefault((run.task, run.base), {})
        seeds[run.seed] = run
    return by


def places(by: Runs, whose: Whose, *, planted: bool = False) -> list[Place]:
    """Return where an entry has run: on texts and sequences, or where a change was planted."""
    return [place for place in by[whose] if (place[0] in TEACHERS) == planted]


def comparisons(by: Runs) -> list[Comparison]:
    """Return every method with each of its controls, on all that both were trained on."""
    claims = {(e.method, e.control): e.claim for e in entries()}
    return [
        Comparison(
            method, name, claims[method, name], apart(by, (method, ""), (method, name), where)
        )
        for method, name in by
        if name and not name.endswith(AGAIN) and (where := places(by, (method, name)))
    ]


def checks(by: Runs) -> dict[str, list[Comparison]]:
    """Return what the study tests itself by.

    For `power` each method beside its controls where a change of its own form was planted, for
    `size` controls beside their second draws.
    """
    power, size = list[Comparison](), list[Comparison]()
    for method, name in (whose for whose in by if whose[1]):
        if where := places(by, (method, name), planted=True):
            leads = apart(by, (method, ""), (method, name), where)
            power.append(Comparison(method, name, "ahead", leads))
        if name.endswith(AGAIN):
            one, other = (method, name.removesuffix(AGAIN)), (method, name)
            leads = apart(by, one, other, places(by, other))
            size.append(Comparison(method, name, "ahead", leads))
    return {"power": power, "size": size}


def apart(by: Runs, one: Whose, other: Whose, where: Iterable[Place]) -> dict[Place, list[float]]:
    """Return how much more one improves than another, in shares of full fine-tuning, by seed."""
    return {
        place: [
            (run.improvement - by[other][place][seed].improvement) / whole(by, place)
            for seed, run in by[one][place].items()
        ]
        for place in where
    }


def whole(by: Runs, place: Place) -> float:
    """Return what full fine-tuning improves, the mean over its seeds."""
    return fmean(run.improvement for run in by[NO_ADAPTER][place].values())


def shared(by: Runs) -> list[Place]:
    every = [cells.keys() for (_, name), cells in by.items() if not name.endswith(AGAIN)]
    return [place for place in by[NO_ADAPTER] if all(place in cells for cells in every)]


def improvements(by: Runs) -> dict[Whose, float]:
    """Return the share of full fine-tuning's improvement that entries reach, where all have run."""
    where = shared(by)
    return {
        whose: fmean(run.improvement / whole(by, p) for p in where for run in cells[p].values())
        for whose, cells in by.items()
        if where and cells.keys() >= {*where}
    }


def memorised(by: Runs) -> dict[Whose, float]:
    """Return the share of a random token that entries know."""
    memory = [place for place in by[NO_ADAPTER] if place[0] == "memory"]
    return {
        whose: fmean(known(run.test) for place in memory for run in cells[place].values())
        for whose, cells in by.items()
        if memory and cells.keys() >= {*memory}
    }


def guessing(by: Runs) -> float:
    """Return what a guess at random improves, as a share of full fine-tuning on random sequences.

    A model that is sure of what it was trained on is worse there than a guess.
    """
    return fmean(
        fmean(run.start_test - RANDOM for run in seeds.values()) / whole(by, place)
        for place, seeds in by[NO_ADAPTER].items()
        if place[0] == "memory"
    )


def wanted(part: Part, method: str) -> bool:
    """Say whether a part has a floor, or a setting, whose controls it has then as well."""
    if floor(method):
        return part.floors
    return part.methods is None or method in (FULL, *part.methods)
