"""Results of many runs: LoRA's curve, cut changes, reach beside results, rankings."""

from __future__ import annotations

from functools import cache
from math import log, log10
from statistics import fmean, median
from typing import NamedTuple

import numpy as np

from scripts.survey.facts.reader import records
from scripts.survey.facts.result import FULL
from scripts.survey.results.experiment import (
    RANKS,
    SEEDS,
    TABLE,
    Cell,
    Run,
    as_in_peft,
    at_rate,
    finals,
    fitted,
    improvement,
    methods,
    sweep,
)
from scripts.survey.statistics.intervals import Agreement, Interval, interval, kendall, spearman

ALIKE = 3 / 2
"""The ratio of parameters up to which two settings count as about as large."""

LEAST = 20
"""Over how many methods a ranking at one rate has to be to say anything."""


def as_lora(name: str, cell: Cell) -> float:
    """Return the improvement that LoRA's curve has at a method's number of parameters.

    Between ranks it is a line over the logarithm of the number.
    """
    ranks = [runs for r in RANKS if (runs := finals(f"lora {r}", cell))]
    sizes = [log(next(iter(runs.values())).parameters) for runs in ranks]
    shares = [fmean(map(improvement, runs.values())) for runs in ranks]
    own = log(next(iter(finals(name, cell).values())).parameters)
    return float(np.interp(own, sizes, shares))


@cache
def _kept(task: str) -> dict[int, dict[int, float]]:
    """Return what share of full fine-tuning's improvement is kept by directions and by seed."""
    rows = [r for r in records(TABLE.with_name("experiment_cut.csv")) if r["task"] == task]
    whole = {r["seed"]: float(r["test"]) for r in rows if r["directions"] == "64"}
    shares: dict[int, dict[int, float]] = {n: {} for n in RANKS}
    for r in rows:
        start = float(r["start_test"])
        share = (start - float(r["test"])) / (start - whole[r["seed"]])
        shares[int(r["directions"])][int(r["seed"])] = share
    return shares


def cut(task: str) -> dict[int, Interval]:
    return {n: interval(shares.values()) for n, shares in _kept(task).items()}


def above_the_cut(task: str, rank: int) -> Interval:
    """Return how many points LoRA of a rank is above full fine-tuning's ΔW cut to it, by seed."""
    cuts, ours = _kept(task)[rank], finals(f"lora {rank}", Cell(task))
    return interval(100 * (improvement(run) - cuts[seed]) for seed, run in ours.items())


# Reach --------------------------------------------------------------------------------------------


class Reached(NamedTuple):
    """A method's description of full fine-tuning's change, as in `Fitted`, and its runs."""

    name: str
    fitted: int
    """The number of parameters in the matrices that it was fitted to."""
    share: float
    kept: float
    runs: list[Run]

    @property
    def parameters(self) -> int:
        return self.runs[0].parameters

    @property
    def improvement(self) -> float:
        return fmean(map(improvement, self.runs))


def of_that_size(name: str, cell: Cell = Cell()) -> bool:  # noqa: B008
    """Return whether a method has about as many parameters as LoRA of rank 4."""
    ours, lora = (next(iter(finals(n, cell).values())).parameters for n in (name, "lora 4"))
    return 1 / ALIKE < ours / lora < ALIKE


def reached(*, alike: bool = False) -> list[Reached]:
    """Return what methods trained on code describe; `alike`: only those of about LoRA 4's size."""
    rows = [
        Reached(name, parameters, share, kept, runs)
        for name, parameters, share, kept, _ in fitted()
        if len(runs := list(finals(name).values())) == SEEDS
    ]
    return [r for r in rows if not alike or of_that_size(r.name)]


def reach_predicts(what: str, *, alike: bool = False) -> Agreement:
    return spearman([(getattr(r, what), r.improvement) for r in reached(alike=alike)])


# Rankings -----------------------------------------------------------------------------------------


class Ranked(NamedTuple):
    """Kendall's τ between two rankings, and over how many methods."""

    tau: float
    methods: int


def _compared(one: dict[str, float], other: dict[str, float]) -> Ranked:
    return Ranked(kendall(one, other), len(one.keys() & other.keys()))


def _tuned(cell: Cell) -> dict[str, float]:
    names = (name for name in methods(cell) if name != FULL)
    return {name: fmean(map(improvement, finals(name, cell).values())) for name in names}


def between_texts() -> Ranked:
    return _compared(_tuned(Cell("code")), _tuned(Cell("prose")))


def at_one_rate(cell: Cell) -> dict[float, Ranked]:
    """Return the agreement of the ranking at tuned rates with that at each common rate."""
    tuned = _tuned(cell)
    at: dict[float, dict[str, float]] = {}
    for name in tuned:
        for run in sweep(name, cell):
            at.setdefault(run.rate, {})[name] = improvement(run) if run.status == "done" else -9.0
    return {rate: _compared(tuned, at[rate]) for rate in sorted(at) if len(at[rate]) >= LEAST}


def in_peft(name: str) -> Run:
    lora = next(iter(finals("lora 4").values())).rate
    return at_rate(name, lora * 10 ** (as_in_peft()[name] / 2))


def as_peft_ranks() -> Ranked:
    tuned = {name: share for name, share in _tuned(Cell()).items() if name in as_in_peft()}
    return _compared(tuned, {name: improvement(in_peft(name)) for name in tuned})


class EqualSize(NamedTuple):
    """The learning rate against the choice of a method, over settings of about LoRA 4's size.

    Costs and distances are medians in points of full fine-tuning's improvement.
    """

    names: list[str]
    above: float  # what a rate half a decade above the best of the sweep costs
    below: float
    apart: float  # how far tuned settings are from LoRA
    taus: dict[float, Ranked]  # between the ranking at a common rate and that at tuned rates


@cache
def at_equal_size(cell: Cell = Cell(), fewest: int = 9) -> EqualSize:  # noqa: B008
    """Return what rates and methods of about LoRA 4's size make of each other.

    What diverged is worst in a ranking, and costs all that the best rate brings. A ranking has at
    least `fewest` settings.
    """
    names = [name for name in methods(cell) if name != FULL and of_that_size(name, cell)]
    swept = {name: {run.rate: run for run in sweep(name, cell)} for name in names}
    steps: dict[int, list[float]] = {1: [], -1: []}
    at: dict[float, dict[str, float]] = {}
    for name, runs in swept.items():
        shares = {r: improvement(run) if run.status == "done" else 0.0 for r, run in runs.items()}
        best = max(shares, key=lambda rate: shares[rate])
        places = {round(2 * log10(rate / best)): rate for rate in shares}
        for step, costs in steps.items():
            if step in places:
                costs.append(100 * (shares[best] - shares[places[step]]))
        for rate, run in runs.items():
            at.setdefault(rate, {})[name] = improvement(run) if run.status == "done" else -9.0
    tuned = {name: share for name, share in _tuned(cell).items() if name in names}
    return EqualSize(
        names,
        median(steps[1]),
        median(steps[-1]),
        median(100 * abs(v - tuned["lora 4"]) for name, v in tuned.items() if name != "lora 4"),
        {r: _compared(tuned, at[r]) for r in sorted(at) if len(at[r]) >= fewest},
    )
