"""Learning rates: the best one of every sweep, beside LoRA's and full fine-tuning's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from scripts.macros.experiment import place, usual
from scripts.macros.page import Part, link, macro, shown
from scripts.survey.facts import say
from scripts.survey.facts.result import FULL
from scripts.survey.results import rates as survey
from scripts.survey.results.experiment import TASKS, TEACHERS, Cell
from scripts.survey.results.rates import POINT, Rates, beside, nearest, rates

FILE = "rates.html"
TEXTS = tuple(task for task in TASKS if task not in TEACHERS)


class Swept(NamedTuple):
    """A method in the table: its rates on each task, and the LoRA that it is compared with."""

    name: str
    link: str
    on_code: Rates
    narrow: str
    rank: str
    times: dict[str, float]
    elsewhere: list[Rates | None]


class Moved(NamedTuple):
    """A method that was swept with other settings: its rate in each cell, where it has one."""

    name: str
    link: str
    found: list[Rates | None]


def times(ratio: float) -> str:
    """Return a ratio of rates.

    >>> times(1.0), times(3.16228), times(0.316228)
    ('1 ×', '3.2 ×', '0.32 ×')
    """
    return f"{say.figures(round(ratio, 2))} ×"


def swept(one: Rates) -> Swept:
    """Return a row of the table."""
    point, rank = rates(one.method, one.cell, POINT), nearest(one)
    elsewhere = [rates(one.method, Cell(task)) for task in TEXTS[1:]]
    return Swept(
        shown(one.method), link(one.method), one, point.good if point else "",
        rank.partition(" ")[2], dict(beside(one)) | {one.method: 1.0}, elsewhere,
    )  # fmt: skip


def own_rates(modules: Iterable[str]) -> str:
    """Return the best rate of a method beside LoRA's; of several methods the first one's alone.

    >>> own_rates(["oft"]), own_rates(["xlora"])
    ('0.01, 1 × LoRA’s at rank 4', '')
    """
    found = [one for slug in modules if (one := survey.typical(slug))]
    if not found:
        return ""
    best, rank = say.figures(found[0].best), nearest(found[0])
    ratio = dict(beside(found[0])).get(rank)
    if len(found) > 1 or ratio is None:
        return best
    return f"{best}, {times(ratio)} LoRA’s at rank {rank.split()[1]}"


class RatesTable(Part):
    """The macros of the page on rates."""

    @macro("table")
    def rates_table(self) -> str:
        """Every method's best rate on code, beside LoRA's and full fine-tuning's, and elsewhere."""
        rows = [swept(one) for one in survey.plain()]
        rows.sort(key=lambda row: (row.on_code.best, row.name.lower()))
        given = {"times": times, "full": FULL}
        return self.page.style() + self.page.draw(
            "table", rows, TEXTS[1:], file=FILE, kind="ah lab", given=given
        )

    @macro("text")
    def rates_moved(self) -> str:
        """Describe how best rates move with batch, length and width, where that was swept."""
        found = survey.moved()
        cells = sorted({there for _, own in found for there in own}, key=usual)
        rows = [
            Moved(shown(name), link(name), [rates(name, there) for there in cells])
            for name, _ in found
        ]
        heads = [place(there) for there in cells]
        return self.page.draw("moved", rows, heads, file=FILE, kind="ah lab")
