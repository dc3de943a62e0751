"""Learning rates in the experiment's sweeps, beside LoRA's and full fine-tuning's.

A sweep goes in half decades with one seed, so a best rate is known to within a factor of about 1.8
either way, and a ratio of two to within about 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import log
from typing import NamedTuple

from scripts.survey.facts.result import FULL
from scripts.survey.results import experiment
from scripts.survey.results.experiment import GOOD, Cell, improvement, sweep

BESIDE = ("lora 1", "lora 4", "lora 16", FULL)
"""Settings whose rates a rate is set beside."""

CLOSE = 1e-9


class Rates(NamedTuple):
    """A sweep's result for a method in a cell."""

    method: str
    slug: str
    parameters: int
    cell: Cell
    best: float
    """The rate with the least validation loss."""
    tried: int
    low: float
    high: float
    """The ends of the range around the best rate within which a run comes near the best."""
    open_below: bool
    open_above: bool
    """True if that range goes on beyond the rates that were tried."""

    @property
    def good(self) -> str:
        """The range as a reader wants it.

        >>> Rates("x", "x", 1, Cell(), 0.01, 5, 0.00316227766, 0.1, True, False).good
        '≤ 0.003 to 0.1'
        """
        ends = f"{self.low:.1g}", f"{self.high:.1g}"
        low, high = (f"≤ {ends[0]}" if self.open_below else ends[0],
                     f"≥ {ends[1]}" if self.open_above else ends[1])  # fmt: skip
        return low if self.low == self.high and low == high else f"{low} to {high}"


POINT = 0.01
"""Of full fine-tuning's improvement: what a rate may cost and still be as good as the best one."""


def rates(method: str, cell: Cell = Cell(), near: float = GOOD) -> Rates | None:  # noqa: B008
    """Return a method's sweep, or nothing where a cell has none of its own.

    Good rates are this `near` the best, as a share of full fine-tuning's improvement.
    """
    runs = [run for run in sweep(method, cell) if run.improvement is not None]
    done = [run for run in runs if run.status == "done"]
    if not done:
        return None
    best = min(done, key=lambda run: (run.validation, run.rate))
    most = max(map(improvement, done))
    good = [run.status == "done" and improvement(run) >= most - near - CLOSE for run in runs]
    i = runs.index(best)
    first = last = i
    while first and good[first - 1]:
        first -= 1
    while last + 1 < len(runs) and good[last + 1]:
        last += 1
    return Rates(
        method, best.slug, best.parameters, cell, best.rate, len(runs), runs[first].rate,
        runs[last].rate, first == 0 and good[0], last == len(runs) - 1 and good[-1],
    )  # fmt: skip


def nearest(own: Rates) -> str:
    """Return which of LoRA's ranks 1, 4 and 16 is nearest in size."""
    ranks = [one for name in BESIDE if name != FULL and (one := rates(name))]
    return min(ranks, key=lambda one: abs(log(one.parameters / own.parameters))).method


def plain(cell: Cell = Cell()) -> list[Rates]:  # noqa: B008
    """Return the methods that have a sweep in a cell, as they are: no arms of a question."""
    swept = (one for one in table() if one.cell == cell)
    return [one for one in swept if "," not in one.method]


def moved() -> list[tuple[str, list[Cell]]]:
    """Return who has a sweep with another batch, length or width, and in which cells."""
    usual = Cell()
    by: dict[str, list[Cell]] = {}
    for one in table():
        if "," not in one.method and one.cell.task == usual.task:
            by.setdefault(one.method, []).append(one.cell)
    return [(name, cells) for name, cells in by.items() if len(cells) > 1]


@cache
def table() -> tuple[Rates, ...]:
    """Return the rates of all methods in all cells that have sweeps, in the order of the runs."""
    swept = (rates(method, cell) for method, cell in experiment.runs())
    return tuple(one for one in swept if one)


def beside(own: Rates) -> Iterator[tuple[str, float]]:
    """Yield what a best rate is, in times that of LoRA of each rank and of full fine-tuning.

    Those that have no sweep in the cell are left out, and so is the method itself.
    """
    for name in BESIDE:
        other = rates(name, own.cell)
        if other and name != own.method:
            yield name, own.best / other.best
