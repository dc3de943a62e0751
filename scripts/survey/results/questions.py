"""Questions of the experiment: `docs/data/questions.yml`, and their answers, paired by seed.

How many intervals share the risk of a wrong one follows from the question and is typed nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import yaml
from pydantic import BeforeValidator, Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.reader import paired
from scripts.survey.facts.records import Loader, Record, Text, validated
from scripts.survey.facts.say import lead
from scripts.survey.results import experiment
from scripts.survey.results.experiment import (
    SEEDS,
    Cell,
    Measure,
    early,
    finals,
    forgetting_at,
    halfway,
    loss,
    methods,
    point,
    transfer,
)
from scripts.survey.statistics.intervals import Interval, interval

Name: TypeAlias = Literal["loss", "early", "transfer"]
USUAL = Cell()
MEASURES: dict[Name, Measure] = {"loss": loss, "early": early, "transfer": transfer}


def _cell(where: object) -> object:
    return experiment.cell(where) if isinstance(where, str) else where


class Question(Record):
    """Methods and a baseline, the measures by which they are compared, and where."""

    key: str
    baseline: Text
    arms: Annotated[tuple[Text, ...], Field(min_length=1)] | Literal["all"]
    measures: Annotated[tuple[Name, ...], Field(min_length=1)]
    cells: Annotated[tuple[Annotated[Cell, BeforeValidator(_cell)], ...], Field(min_length=1)]
    later: tuple[Annotated[Cell, BeforeValidator(_cell)], ...] = ()  # looked at since
    family: Literal["arms", "cells", "ran"] = "arms"
    pairs: bool = False
    """True if its arms are compared with each other, too."""

    def among(self, cell: Cell) -> int:
        if self.family == "cells":
            return len(self.cells)
        return len(self.ran(cell) if self.family == "ran" else self.arms)

    def ran(self, cell: Cell) -> list[str]:
        done = methods(cell)
        if self.baseline not in done:
            return []
        arms = done if self.arms == "all" else self.arms
        return [arm for arm in arms if arm in done and arm != self.baseline]

    def difference(
        self,
        arm: str,
        measure: Name = "loss",
        cell: Cell = USUAL,
        baseline: str = "",
    ) -> Interval:
        """Return how much more of a measure an arm has than the baseline, or than another arm.

        Raises:
            LookupError: when the question does not ask that, or the runs are missing.
        """
        self._asks(arm, measure, cell, baseline)
        one, other = (finals(name, cell) for name in (arm, baseline or self.baseline))
        if not len(one) == len(other) == SEEDS:
            raise LookupError(f"{self.key}: {arm!r} has not been run with all seeds in {cell}")
        return paired(one, other, MEASURES[measure], self.among(cell))

    def answer(
        self, arm: str, measure: Name = "loss", cell: Cell = USUAL, baseline: str = ""
    ) -> tuple[Interval, str]:
        """Return the `difference`, in nats, and in words: level is who is within a point."""
        more = self.difference(arm, measure, cell, baseline)
        return more, lead(more, level=point(cell))

    def _asks(self, arm: str, measure: Name, cell: Cell, baseline: str) -> None:
        arms = self.ran(cell) if self.arms == "all" else self.arms
        for what, asked, known in (
            ("arm", arm, arms),
            ("measure", measure, self.measures),
            ("cell", cell, (*self.cells, *self.later)),
            ("arm", baseline or arm, arms),
        ):
            if asked not in known:
                listed = ", ".join(map(str, known))
                raise LookupError(f"the question {self.key!r} has no {what} {asked!r}: {listed}")

    def at_equal_improvement(self, arm: str, cell: Cell) -> Interval | None:
        """Return how much more an arm has forgotten at half of full fine-tuning's improvement.

        In nats; nothing where a run of either never gets there.
        """
        half = halfway(cell)
        ours, theirs = finals(arm, cell), finals(self.baseline, cell)
        pairs = [
            (forgetting_at(ours[s], half), forgetting_at(theirs[s], half))
            for s in ours.keys() & theirs.keys()
        ]
        both = [a - b for a, b in pairs if a is not None and b is not None]
        return interval(both, self.among(cell)) if len(both) == len(pairs) else None


@cache
def questions(root: Path = ROOT) -> dict[str, Question]:
    """Return all questions by their keys.

    Raises:
        CatalogError: when one is not as it should be; a line for each problem.
    """
    path = root / "docs/data/questions.yml"
    data = yaml.load(path.read_text("utf-8"), Loader=Loader)
    name = path.relative_to(root)
    return {key: validated(Question, {"key": key} | q, f"{name}: {key}") for key, q in data.items()}


def question(key: str) -> Question:
    """Return a question.

    Raises:
        LookupError: when there is none of this key.
    """
    known = questions()
    if key not in known:
        raise LookupError(f"there is no question {key!r} in docs/data/questions.yml: {_all(known)}")
    return known[key]


def _all(keys: Iterable[str]) -> str:
    return ", ".join(keys)
