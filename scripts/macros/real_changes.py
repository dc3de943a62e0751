"""Real changes: what fine-tuning did to models, and which families can describe it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from demos.reach import FAMILIES
from scripts.macros import figures
from scripts.macros.page import Part, catalog, macro, names
from scripts.survey.facts.say import listed
from scripts.survey.results import changes
from scripts.survey.results.changes import ANOTHER, DESCENDED, Family
from scripts.survey.statistics.intervals import Interval

TICKS = (0.5, 1, 2, 4, 8, 16, 32)
TWICE = 2  # times its control: what the figure's title counts


class Row(NamedTuple):
    name: str
    title: str
    mark: str
    methods: tuple[str, ...]
    pairs: list[tuple[Interval, Interval]]
    says: str


def shown(family: Family) -> Row:
    title, methods = titled(family.name)
    mark = "*" * family.sampled + "†" * (family.name in changes.SPECTRAL)
    return Row(family.name, title, mark, tuple(methods), family.pairs, family.says)


def titled(name: str) -> tuple[str, tuple[str, ...]]:
    return DESCENDED[name] if name in DESCENDED else FAMILIES[name][1:3]


def rows() -> list[Row]:
    return [shown(family) for family in changes.families() if family.name != ANOTHER]


def drawn(families: list[Row], lanes: Iterable[str], says: str) -> figures.Rows:
    called, themes = names(), {m.slug: m.theme for m in catalog().methods.values()}

    def one(row: Row) -> figures.Row:
        title = f"{row.title}{row.mark}: {', '.join(called[m][0] for m in row.methods)}"
        values = tuple(figures.Value(*change, control.mean) for change, control in row.pairs)
        return figures.Row(title, values, themes[called[row.methods[0]][1]])

    above = [all(c.mean >= TWICE * its.mean > 0 for c, its in row.pairs) for row in families]
    most = max(change.high for row in families for change, _ in row.pairs)
    marks = [figures.Lane(lane, "diamond" if i else "circle") for i, lane in enumerate(lanes)]
    return figures.Rows(
        f"How many times what a random subspace of as many parameters explains, with 95 % intervals"
        f" over layers. The distance to the control is structure: {says}. Pairs of outputs have"
        f" fewer dimensions than parameters, so that their control is below one",
        figures.Axis("times chance", 0.5, most, True, tuple(t for t in TICKS if t <= most)),
        1, ("← less", "more than chance →"), [one(row) for row in families], marks,
        f"{sum(above)} of {len(families)} families explain twice what their control does, or more",
    )  # fmt: skip


class RealChanges(Part):
    @macro("figure")
    def families(self, *lanes: str, says: str, of: str = changes.SOURCE) -> str:
        """All families, in the BERTs or in the English model, whose two lanes are called so."""
        families = rows() if of == changes.SOURCE else [*map(shown, changes.english_families())]
        return self.page.figure(drawn(families, lanes, says))

    @macro("text")
    def families_missing(self) -> str:
        """List the families that have no member in the English model, or a bad one."""
        there = {family.name for family in changes.english_families()}
        return listed([f.title for f in FAMILIES.values() if f.name not in there])
