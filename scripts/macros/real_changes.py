"""Real changes: what fine-tuning did to models, and which families can describe it."""

from __future__ import annotations

from collections.abc import Iterable

from demos.reach import FAMILIES
from scripts.macros import figures
from scripts.macros.page import Part, catalog, macro, names
from scripts.survey.results import changes
from scripts.survey.results.changes import ANOTHER, DESCENDED, Family

TICKS = (0.5, 1, 2, 4, 8, 16, 32)
TWICE = 2  # times its control: what the figure's title counts


def titled(name: str) -> tuple[str, tuple[str, ...]]:
    return DESCENDED[name] if name in DESCENDED else FAMILIES[name][1:3]


def families() -> list[Family]:
    return [family for family in changes.families() if family.name != ANOTHER]


def drawn(some: list[Family], lanes: Iterable[str], says: str) -> figures.Rows:
    called, themes = names(), {m.slug: m.theme for m in catalog().methods.values()}

    def row(family: Family) -> figures.Row:
        title, methods = titled(family.name)
        mark = "*" * family.sampled + "†" * (family.name in changes.SPECTRAL)
        title = f"{title}{mark}: {', '.join(called[m][0] for m in methods)}"
        values = tuple(figures.Value(*change, control.mean) for change, control in family.pairs)
        return figures.Row(title, values, themes[called[methods[0]][1]])

    above = [all(c.mean >= TWICE * its.mean > 0 for c, its in f.pairs) for f in some]
    most = max(change.high for f in some for change, _ in f.pairs)
    marks = [figures.Lane(lane, "diamond" if i else "circle") for i, lane in enumerate(lanes)]
    return figures.Rows(
        f"How many times what a random subspace of as many parameters explains, with 95 % intervals"
        f" over layers. The distance to the control is structure: {says}. Pairs of outputs have"
        f" fewer dimensions than parameters, so that their control is below one",
        figures.Axis("times chance", 0.5, most, True, tuple(t for t in TICKS if t <= most)),
        1, ("← less", "more than chance →"), [*map(row, some)], marks,
        f"{sum(above)} of {len(some)} families explain twice what their control does, or more",
    )  # fmt: skip


class RealChanges(Part):
    @macro("figure")
    def families(self, *lanes: str, says: str, of: str = changes.SOURCE) -> str:
        """All families, in the BERTs or in the English model, whose two lanes are called so."""
        some = families() if of == changes.SOURCE else changes.english_families()
        return self.page.figure(drawn(some, lanes, says))
