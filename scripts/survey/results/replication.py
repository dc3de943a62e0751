"""The controls again, in base models that no run had used: the plan, and what came out."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from scripts.bootstrap import ROOT
from scripts.survey.facts.reader import rows
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.facts.result import FULL
from scripts.survey.results import controls, together

PLAN = ROOT / "docs" / "data" / "replication.yml"
TABLE = PLAN.with_suffix(".csv")


class Plan(Record):
    others: tuple[Text, ...]
    """Comparisons besides those of the kinds of claim."""
    seeds: tuple[int, ...]
    bases: tuple[int, ...]
    check_steps: tuple[int, ...]
    """Eighths of a decade from its rate at which an entry is run, too."""
    check: tuple[Text, ...]

    @property
    def check_seeds(self) -> tuple[int, ...]:
        return self.seeds[:2]

    def comparisons(self) -> list[str]:
        """Return all comparisons, method and control, those of the kinds first."""
        kinds = [name for kind in together.plan().kinds.values() for name in kind.plus + kind.minus]
        return [*kinds, *self.others]

    def entries(self) -> list[str]:
        """Return who is trained, full fine-tuning first, each method before its controls."""
        names = dict.fromkeys([FULL])
        for name in self.comparisons():
            names |= dict.fromkeys([name.split(":")[0], name])
        return [*names]


@cache
def plan(path: Path = PLAN) -> Plan:
    return read_yaml(Plan, path)


def runs(*, before: bool = False) -> controls.Runs:
    """Return the runs that count, with those of the first study if asked for.

    Raises:
        ValueError: when a run is missing: no word is computed before all are there.
    """
    by, own = controls.counted(TABLE), plan()
    for name in own.entries():
        method, _, control = name.partition(": ")
        for task in together.plan().tasks:
            for base in own.bases:
                missing = {*own.seeds} - by.get((method, control), {}).get((task, base), {}).keys()
                if missing:
                    raise ValueError(f"{name}, {task}, base {base}: no run of {sorted(missing)}")
    first = controls.runs() if before else {}
    return {whose: first.get(whose, {}) | cells for whose, cells in by.items()}


class Tried(NamedTuple):
    """A run at an entry's rate, or beside it."""

    method: str
    control: str
    task: str
    base: int
    rate: float
    seed: int
    validation: float
    test: float
    start_test: float


def costs() -> dict[str, float]:
    """Return what the rate that is pooled over base models costs an entry.

    That is the gain on the test at the rate, among three, of the least validation loss, less the
    gain at the pooled one: the mean over base models, in % of full fine-tuning's gain.
    """
    own, by = plan(), defaultdict[tuple[str, int], dict[float, list[Tried]]](dict)
    for run in rows(Tried, TABLE, task="code", control=""):
        if run.method in own.check and run.seed in own.check_seeds:
            by[run.method, run.base].setdefault(run.rate, []).append(run)

    def gain(some: list[Tried]) -> float:
        return fmean(run.start_test - run.test for run in some)

    lost = defaultdict[str, list[float]](list)
    for (method, base), rates in by.items():
        pooled = rates[sorted(rates)[1]]
        best = min(rates.values(), key=lambda some: fmean(run.validation for run in some))
        unit = gain(by[FULL, base][sorted(by[FULL, base])[1]])
        lost[method].append(100 * (gain(best) - gain(pooled)) / unit)
    return {method: fmean(of) for method, of in lost.items()}
