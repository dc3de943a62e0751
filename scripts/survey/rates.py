"""Which learning rate: what the sweeps of the experiment say, beside LoRA's and full fine-tuning's.

A sweep goes in half decades with one seed, so a best rate is known to within a factor of about 1.8
either way, and a ratio of two to within about 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from scripts.survey import experiment
from scripts.survey.experiment import GOOD, Cell, gain, sweep
from scripts.survey.result import FULL

BESIDE = ("lora 1", "lora 4", "lora 16", FULL)
"""What a rate is set beside."""

CLOSE = 1e-9


class Rates(NamedTuple):
    """What a sweep says of a method in a cell."""

    method: str
    slug: str
    parameters: int
    cell: Cell
    best: float
    """The rate with the least validation loss."""
    tried: int
    low: float
    high: float
    """The ends of the range around the best rate within which a run comes near the best gain."""
    open_below: bool
    open_above: bool
    """Whether that range goes on beyond the rates that were tried."""

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


def rates(method: str, there: Cell = Cell()) -> Rates | None:  # noqa: B008
    """Return what a method's sweep says, or nothing where a cell has none of its own."""
    runs = [run for run in sweep(method, there) if run.gain is not None]
    done = [run for run in runs if run.status == "done"]
    if not done:
        return None
    best = min(done, key=lambda run: (run.validation, run.rate))
    most = max(map(gain, done))
    near = [run.status == "done" and gain(run) >= most - GOOD - CLOSE for run in runs]
    i = runs.index(best)
    first = last = i
    while first and near[first - 1]:
        first -= 1
    while last + 1 < len(runs) and near[last + 1]:
        last += 1
    return Rates(
        method, best.slug, best.parameters, there, best.rate, len(runs), runs[first].rate,
        runs[last].rate, first == 0 and near[0], last == len(runs) - 1 and near[-1],
    )  # fmt: skip


@cache
def table() -> tuple[Rates, ...]:
    """Return the rates of all methods in all cells that have sweeps, in the order of the runs."""
    found = (rates(method, there) for method, there in experiment.runs())
    return tuple(one for one in found if one)


def beside(found: Rates) -> Iterator[tuple[str, float]]:
    """Yield what a best rate is, in times that of LoRA of each rank and of full fine-tuning.

    Those that have no sweep in the cell are left out, and so is the method itself.
    """
    for name in BESIDE:
        other = rates(name, found.cell)
        if other and name != found.method:
            yield name, found.best / other.best
