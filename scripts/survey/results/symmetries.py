"""Predictions of others that a trained model decides: the plan, as docs/data/symmetries.yml has it.

The runs are made by scripts/studies/symmetries.py. Nothing here needs JAX.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.records import Record, Text, read_yaml

PLAN = ROOT / "docs" / "data" / "symmetries.yml"
TABLE = PLAN.with_suffix(".csv")
REACHED = PLAN.with_name("symmetries_reached.csv")


class Copies(Record):
    """Copies of one kind to train on, and their seeds."""

    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    draws: tuple[int, ...] = ()
    """The numbers of the copies, all with every seed; if none is named, each seed has its own."""

    def pairs(self) -> list[tuple[int, int]]:
        if not self.draws:
            return [(seed, seed) for seed in self.seeds]
        return [(draw, seed) for draw in self.draws for seed in self.seeds]


class Part(Record):
    place: Text
    arms: tuple[Text, ...] = ()
    """Settings of the experiment's grid, at the rate that they have there."""
    swept: dict[Text, int] = Field(default_factory=dict)
    """Arms with a sweep of their own, and where it begins, in half decades."""
    copies: dict[Text, Copies]

    def names(self) -> list[str]:
        return [*self.swept, *(name for name in self.arms if name not in self.swept)]


class Plan(Record):
    task: Text
    sweep_seed: int
    spread: float
    """The deviation of the logarithm of a rescaled feature."""
    parts: dict[Text, Part]


@cache
def plan(path: Path = PLAN) -> Plan:
    return read_yaml(Plan, path)
