"""LoRA, trained otherwise: the plan, as docs/data/otherwise.yml has it.

The runs are made by scripts/studies/otherwise.py. Nothing here needs JAX.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.records import Loader, Record, Text, validated

PLAN = ROOT / "docs" / "data" / "otherwise.yml"
TABLE = PLAN.with_suffix(".csv")


class Plan(Record):
    """What the study consists of."""

    task: Text
    sweep_seed: int
    seeds: Annotated[tuple[int, ...], Field(min_length=2)]
    damping: float
    settled: tuple[Text, ...]
    """Settings of the experiment, at the rates that they have there."""
    swept: dict[Text, int]
    """Arms with a sweep of their own, and where it begins, in half decades."""
    alike: dict[Text, Text]
    """Arms at the rate of another one."""
    ranks: tuple[Text, ...]
    """Arms that also run at the rate of LoRA of rank 4."""
    leading: int
    """How many singular vectors of a matrix can be intruders."""
    below: Annotated[tuple[float, ...], Field(min_length=1)]
    """Cosines below which one is, the one that is judged by first."""
    reduced: tuple[Text, ...]
    """Arms whose intruders are made weaker."""
    factors: tuple[float, ...]
    shrunk: tuple[float, ...]


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the study consists of."""
    found = yaml.load(path.read_text("utf-8"), Loader=Loader)
    return validated(Plan, found, path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
