"""Real changes: what fine-tuning did to two models, and which families can describe it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from demos.reach import FAMILIES
from scripts.macros import figures
from scripts.macros.lab import piece, stored
from scripts.macros.page import Part, catalog, macro, names
from scripts.survey import changes
from scripts.survey.changes import DESCENDED, MODELS, SAMPLED_RANK, Family, about, families
from scripts.survey.say import count, number
from scripts.survey.statistics import Interval

ENDS = (0.5, 16.0)  # of the figure, in times chance
TICKS = (0.5, 1, 2, 4, 8, 16, 32)
TWICE = 2  # times its control: what the figure's title counts


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
    title, methods = DESCENDED[name] if name in DESCENDED else FAMILIES[name][1:3]
    mark = "*" * family.sampled + "†" * (name in changes.SPECTRAL)
    numbers = count(family.parameters) if family.parameters else ""
    return Row(name, title, mark, tuple(methods), numbers, family.found)


ANOTHER = "hadamard"
"""A family that is another one at these budgets: two changes of rank 1 have a product of rank 1."""


def rows(rank: int = SAMPLED_RANK) -> list[Row]:
    """Return all families at a budget, those with most structure first."""
    return [shown(family) for family in families(rank) if family.name != ANOTHER]


def times(row: Row) -> str:
    """Return how many times chance a family explains in both models, and of the control."""
    (first, its), (second, other) = row.found
    controls = dict.fromkeys(number(control.mean, 1) for control in (its, other))
    found = " and ".join(number(change.mean, 1) for change in (first, second))
    return f"{found} times chance (control {' and '.join(controls)})"


LANES = [figures.Lane("first model"), figures.Lane("second model", "diamond")]
SAYS = (
    "How many times what a random subspace of as many parameters explains, with 95 % intervals"
    " over layers. The distance to the control is structure: it has the same singular values"
    " in random directions, or independent entries (†). *: 16 of the 72 matrices. Pairs of outputs"
    " have fewer dimensions than parameters, so that their control is below one"
)


def drawn(
    found: list[Row],
    called: dict[str, tuple[str, str]],
    lanes: Sequence[figures.Lane] = LANES,
    says: str = SAYS,
    ends: tuple[float, float] = ENDS,
) -> figures.Rows:
    """Return the figure of families.

    Args:
        found: The families.
        called: The name and page of every method.
        lanes: What each was measured on.
        says: What is shown.
        ends: Those of the axis, in times chance.
    """
    themes = {m.slug: m.theme for m in catalog().methods.values()}

    def one(row: Row) -> figures.Row:
        title = f"{row.title}{row.mark}: {', '.join(called[m][0] for m in row.methods)}"
        values = tuple(figures.Value(*change, control.mean) for change, control in row.found)
        return figures.Row(title, values, themes[called[row.methods[0]][1]])

    above = [all(c.mean >= TWICE * its.mean > 0 for c, its in row.found) for row in found]
    return figures.Rows(
        says,
        figures.Axis("times chance", *ends, True, tuple(t for t in TICKS if t <= ends[1])),
        1, ("← less", "more than chance →"), [one(row) for row in found],
        lanes,
        f"{sum(above)} of {len(found)} families explain twice what their control does, or more",
        broad=True,
    )  # fmt: skip


class RealChanges(Part):
    """The macros of the page about real changes."""

    @macro("table")
    def real_changes(self) -> str:
        """All families on both models, as a figure and a table."""
        called, found = names(), rows()
        for m in stored()["methods"]:
            called[m["slug"]] = (m["name"], called[m["slug"]][1])
        figure = self.page.figure(drawn(found, called))
        return self.page.style() + figure + piece(self.page, "real_changes", found, called)

    @macro("text")
    def real_times(self, name: str) -> str:
        """Return how many times chance a family explains in both models, and of the control."""
        (row,) = (row for row in rows() if row.name == name)
        return times(row)

    @macro("list")
    def real_facts(self) -> str:
        """List what is true of the changes as a whole."""
        return piece(self.page, "real_facts", {model: about(model) for model in MODELS})

    @macro("text")
    def real_budgets(self) -> str:
        """The same families at one and at four ranks."""
        found = {rank: {row.name: row for row in rows(rank)} for rank in (1, 2, 4)}
        return piece(self.page, "real_budgets", rows(), found)

    @macro("text")
    def real_versions(self) -> str:
        """List the versions that the study ran with."""
        comments = changes.read(changes.TABLE)[0] + changes.read(changes.DESCENTS)[0][1:]
        return "; ".join(comments)
