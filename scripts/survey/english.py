"""The study on a real English model as pages read it: the plan, and what came out so far.

Its runs are made by scripts/studies/english.py. Nothing here needs JAX.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.records import Loader, Record, Text, validated

PLAN = ROOT / "docs" / "data" / "english.yml"
TABLE = PLAN.with_suffix(".csv")
TASKS = PLAN.with_name("english_tasks.csv")
CHANGES, ALIKE, JOINT = (
    PLAN.with_name(f"english_{name}.csv") for name in ("changes", "alike", "joint")
)
HEAD = "head alone"
"""What is trained without an adapter: the head on frozen features, from the probe on."""

LEVEL = 1.0
"""Percentage points: who is no further than this to either side, the interval too, is level."""


class Entry(Record):
    """Who is trained."""

    slug: Text
    knobs: dict[str, float | int | str] = Field(default_factory=dict)
    arm: str = ""
    guess: int | None = None
    """At its rate, in half decades; none where nothing has a rate of its own."""
    like: str = ""
    """Beside whom it is judged."""


class Cost(Record):
    """What a run takes of a core, in seconds."""

    run: float
    final: float
    """On top, for the test."""
    rates: float
    """Rates that a sweep is expected to take."""


class Plan(Record):
    """What the study consists of."""

    sweep_seed: int
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    tasks: Annotated[tuple[Text, ...], Field(min_length=2)]
    cost: Cost
    hours: float
    entries: dict[str, Entry]


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the study consists of."""
    found = yaml.load(path.read_text("utf-8"), Loader=Loader)
    return validated(Plan, found, path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def hours(chosen: Plan | None = None) -> float:
    """Return about how many hours of one core the plan takes."""
    own = chosen or plan()
    seconds = 0.0
    for entry in own.entries.values():
        rates = own.cost.rates if entry.guess is not None else 0
        seconds += (rates + len(own.seeds)) * own.cost.run + len(own.seeds) * own.cost.final
    return len(own.tasks) * seconds / 3600
