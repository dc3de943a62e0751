"""Every method and its own controls, two entries that are treated alike (docs/data/controls.yml).

Texts, model and training are the experiment's. Each entry has a sweep of its own in each cell, and
then the same five seeds. docs/how-it-was-done.md says what is asked and how it is judged.
`--also entries` writes who is trained.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import log10
from typing import Any

from adapters_np.control import controls
from scripts.studies import experiment, rows, training
from scripts.studies.adapting import Method
from scripts.studies.entries import Entry, entries, written
from scripts.studies.study import Cell, Run, Study
from scripts.survey.results import experiment as results
from scripts.survey.results.controls import AGAIN, BIAS, ENTRIES, Part, plan, wanted

COLUMNS = (
    *("method", "control", "kind", "slug", "knobs", "parameters", "task", "base", "steps", "rate"),
    *("seed", "phase", "validation", "test", "held", "start_validation", "start_test"),
    *("start_held", "status", "seconds", "key"),
)


@cache
def guess(method: str, task: str) -> int:
    """Return a method's rate in the experiment, on this task or else on code, in quarter decades.

    A control begins where its method does, a floor where the method of its kind does.
    """
    like = "shira 0.094" if method.startswith("entries") else {BIAS: "ia3"}.get(method, method)
    for where in (task, "code"):
        for run in results.finals(like, results.Cell(where)).values():
            return round(4 * log10(run.rate))
    return 2 * experiment.plan().settings[like].guess


def cell(entry: Entry, part: Part, base: int) -> Cell:
    def where(base: int) -> tuple[str, ...]:
        return entry.method, entry.control, part.task, str(base), str(part.steps)

    return Cell(
        where(base),
        plan().seeds,
        guess=guess(entry.method, part.task),
        near=where(0) if base else None,
        first=plan().further_first if base else plan().first,
    )


def cells() -> Iterator[Cell]:
    """Yield all cells, part by part; a method, its controls, then the next one."""
    for part in plan().parts:
        for entry in entries().values():
            if entry.control.endswith(AGAIN):
                here = entry.name.removesuffix(AGAIN) in part.again
            else:
                here = wanted(part, entry.method)
            if here:
                yield from (cell(entry, part, base) for base in part.bases)


def settings(run: Run, rate: float) -> training.Run:
    method, control, task, base, steps = run.where
    trains = entries()[Entry(method, control, Method("")).name].trains
    return training.Run(trains, task, rate, run.seed, run.phase, base=int(base), steps=int(steps))


def train(run: training.Run) -> dict[str, Any]:
    of = controls(run.method.slug)[run.method.arm.removesuffix(AGAIN)] if run.method.arm else None
    return training.run(run, curve=False) | {"kind": of.kind if of else ""}


@cache
def study() -> Study:
    """Return the study; what an earlier part has already is not said again."""
    return Study(
        "controls",
        ("method", "control", "task", "base", "steps"),
        COLUMNS,
        list(dict.fromkeys(cells())),
        settings,
        train,
        sweep_seeds=plan().sweep_seeds,
        per_decade=4,
        most=plan().most,
        shared=2,
        further={"entries": lambda: rows.write(ENTRIES, list(written()))},
    )
