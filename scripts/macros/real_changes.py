"""Real changes: what fine-tuning did to two models, and which families can describe it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demos.reach import FAMILIES
from scripts.macros.lab import ENDS, piece, stored
from scripts.macros.page import Part, macro, names
from scripts.studies.descents import DESCENTS
from scripts.survey import changes
from scripts.survey.changes import MODELS, SAMPLED_RANK, Family, about, families
from scripts.survey.say import count, number
from scripts.survey.statistics import Interval

LEFT, RIGHT = ENDS


class Row(NamedTuple):
    """A family as readers see it."""

    name: str
    title: str
    mark: str
    methods: tuple[str, ...]
    numbers: str
    found: list[tuple[Interval, Interval]]


def shown(family: Family) -> Row:
    """Return a family with its title, its methods, and the marks of its footnotes."""
    name = family.name
    title, methods = DESCENTS[name][:2] if name in DESCENTS else FAMILIES[name][1:3]
    mark = "*" * family.sampled + "†" * (name in changes.SPECTRAL)
    numbers = count(family.parameters) if family.parameters else ""
    return Row(name, title, mark, tuple(methods), numbers, family.found)


def rows(rank: int = SAMPLED_RANK) -> list[Row]:
    """Return all families at a budget, those with most structure first."""
    return [shown(family) for family in families(rank)]


def times(row: Row) -> str:
    """Return how many times chance a family explains in both models, and of the control."""
    (first, its), (second, other) = row.found
    controls = dict.fromkeys(number(control.mean, 1) for control in (its, other))
    found = " and ".join(number(change.mean, 1) for change in (first, second))
    return f"{found} times chance (control {' and '.join(controls)})"


def place(times: float) -> float:
    """Return where a value lies on the picture's scale, in per cent of its width.

    >>> place(LEFT), place(RIGHT)
    (0.0, 100.0)
    """
    share = np.log(min(max(times, LEFT), RIGHT) / LEFT) / np.log(RIGHT / LEFT)
    return round(100 * float(share), 1)


class RealChanges(Part):
    """The macros of the page about real changes."""

    @macro
    def real_changes(self) -> str:
        """All families on both models, as a picture in a table."""
        called = names()
        for m in stored()["methods"]:
            called[m["slug"]] = (m["name"], called[m["slug"]][1])
        return self.page.style() + piece(self.page, "real_changes", rows(), called, place)

    @macro
    def real_times(self, name: str) -> str:
        """How many times chance a family explains in both models, and of the control."""
        (row,) = (row for row in rows() if row.name == name)
        return times(row)

    @macro
    def real_facts(self) -> str:
        """What is true of the changes as a whole."""
        return piece(self.page, "real_facts", {model: about(model) for model in MODELS})

    @macro
    def real_budgets(self) -> str:
        """The same families at one and at four ranks."""
        found = {rank: {row.name: row for row in rows(rank)} for rank in (1, 2, 4)}
        return piece(self.page, "real_budgets", rows(), found)

    @macro
    def real_versions(self) -> str:
        """What the study ran with."""
        comments = changes.read(changes.TABLE)[0] + changes.read(changes.DESCENTS)[0][1:]
        return "; ".join(comments)
