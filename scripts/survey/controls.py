"""The study of controls as pages and the rule read it: the plan, who is trained, and what came out.

Its runs are made by scripts/studies/controls.py. Nothing here needs JAX.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Annotated, NamedTuple

import yaml
from pydantic import Field

from adapters_np.control import controls
from scripts.bootstrap import ROOT
from scripts.survey.hypothesis import Comparison, Place
from scripts.survey.records import Loader, Record, Text, validated
from scripts.survey.result import FULL

PLAN = ROOT / "docs" / "data" / "controls.yml"
TABLE = PLAN.with_suffix(".csv")
ENTRIES = PLAN.with_name("controls_entries.csv")


class Part(Record):
    """Cells that are run one after another, and decided together."""

    task: Text
    steps: int = 400
    bases: tuple[int, ...]
    methods: tuple[Text, ...] | None = None
    """Settings of the experiment's grid; all if none are named."""
    floors: bool = True
    again: tuple[Text, ...] = ()
    """Entries whose control is run with other draws, too: the two must come out alike."""


class Plan(Record):
    """What the study consists of."""

    sweep_seeds: Annotated[tuple[int, ...], Field(min_length=2)]
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    first: tuple[int, ...]
    """With which rates a sweep begins: quarter decades around a guess."""
    further_first: tuple[int, ...]
    """The same in a base model other than the first, around the rate of the first."""
    most: int
    """Rates in a sweep."""
    knobs: dict[str, dict[str, float]]
    """Settings that differ from the experiment's, by a setting's name there."""
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the study consists of."""
    found = yaml.load(path.read_text("utf-8"), Loader=Loader)
    return validated(Plan, found, path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


# Who is trained -----------------------------------------------------------------------------------


class Trained(NamedTuple):
    """A setting of a method, a control of it, or a floor."""

    method: str
    control: str
    slug: str
    parameters: int
    frozen: int
    reached: int | None
    """In how many of 4,096 dimensions of a matrix the change can move."""


def entries(path: Path = ENTRIES) -> tuple[Trained, ...]:
    """Return who is trained, methods each before their controls."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Trained(
                r["method"], r["control"], r["slug"], int(r["parameters"]), int(r["frozen"]),
                int(r["reached"]) if r["reached"] else None,
            )
            for r in csv.DictReader(file)
        )  # fmt: skip


# What came out ------------------------------------------------------------------------------------


class Run(NamedTuple):
    """A run that counts; losses are in nats a token on the test."""

    method: str
    control: str
    slug: str
    task: str
    base: int
    steps: int
    seed: int
    test: float
    start_test: float

    @property
    def improvement(self) -> float:
        """How much lower the loss on the test is than before training."""
        return self.start_test - self.test


def runs(path: Path = TABLE) -> tuple[Run, ...]:
    """Return the runs that count: those with fresh seeds. None before the study has begun."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            Run(
                r["method"], r["control"], r["slug"], r["task"], int(r["base"]), int(r["steps"]),
                int(r["seed"]), float(r["test"]), float(r["start_test"]),
            )
            for r in csv.DictReader(file)
            if r["phase"] == "final"
        )  # fmt: skip


def comparisons(found: Sequence[Run], chosen: Plan | None = None) -> list[Comparison]:
    """Return every method beside each of its controls, on the tasks that are complete.

    A task counts when every entry of the plan has all its seeds there in all base models; those
    with planted teachers, which are a check of the study itself, do not.
    """
    own = chosen or plan()
    by: dict[tuple[str, str], dict[Place, dict[int, Run]]] = {}
    for run in found:
        there = by.setdefault((run.method, run.control), {}).setdefault((run.task, run.base), {})
        there[run.seed] = run
    places = [
        (part.task, base)
        for part in own.parts
        if part.methods is None and complete(part, by, own.seeds)
        for base in part.bases
    ]
    whole = {
        place: fmean(run.improvement for run in by[FULL, ""][place].values()) for place in places
    }
    made = []
    for method, name in by:
        if not name or not places or name.endswith(", again"):
            continue
        of, other = by[method, ""], by[method, name]
        slug = next(iter(next(iter(of.values())).values())).slug
        differences = {
            p: [
                (of[p][s].improvement - other[p][s].improvement) / whole[p]
                for s in own.seeds
            ]
            for p in places
        }  # fmt: skip
        made.append(Comparison(method, name, controls(slug)[name].claim, differences))
    return made


def complete(
    part: Part, by: dict[tuple[str, str], dict[Place, dict[int, Run]]], seeds: Iterable[int]
) -> bool:
    """Say whether every entry of a part has been run with all seeds in all its base models."""
    wanted = {(e.method, e.control) for e in entries()}
    return all(
        set(seeds) <= by.get(entry, {}).get((part.task, base), {}).keys()
        for entry in wanted
        for base in part.bases
    )
