"""Adding what two tasks have changed: the plan, as docs/data/merging.yml has it, and its rules.

The merges are made by scripts/studies/merging.py. Nothing here needs JAX.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey import english
from scripts.survey.records import Loader, Record, validated

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
    found = yaml.load(path.read_text("utf-8"), Loader=Loader)
    return validated(Plan, found, path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
