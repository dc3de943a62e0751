"""The experiment: docs/data/experiment.yml says which runs there are, study.py makes them.

docs/how-it-was-done.md says the same in words, and why.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from math import log10
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import Field

from scripts.studies import training
from scripts.studies.adapting import FULL, Method
from scripts.studies.rows import Row, short
from scripts.studies.study import Beyond, Cell, Run, Study, Where
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.results.experiment import TABLE, TEACHERS, as_in_peft, finals

PLAN = TABLE.with_suffix(".yml")
COLUMNS = (
    *("method", "slug", "knobs", "place", "arm", "parameters", "task", "base", "width"),
    *("batch", "steps", "rate", "seed", "phase", "validation", "test", "sibling", "held"),
    *("start_validation", "start_test", "start_held", "improvement", "forgetting"),
    *("curve_validation", "curve_held", "status", "key"),
)


class Setting(Record):
    """A setting of a method, whose name is the first word of its own."""

    knobs: dict[str, bool | int | float | str] = Field(default_factory=dict)
    place: str = "all"
    arm: str = ""
    guess: int
    """At its rate, in half decades."""


class Cells(Record):
    """Cells that differ in the method, the task, the base model or the batch."""

    tasks: tuple[Text, ...]
    methods: tuple[Text, ...]
    bases: tuple[int, ...] = (0,)
    batches: tuple[int, ...] = (4,)
    width: int = 64
    steps: int = 400


class Steady(Record):
    """Settings that are run at rates beyond their sweep, in half decades."""

    methods: tuple[Text, ...]
    rates: tuple[int, ...]


class Plan(Record):
    seeds: tuple[int, ...]
    settings: dict[str, Setting]
    short: tuple[Text, ...]
    cells: tuple[Cells, ...]
    steady: Steady


@cache
def plan(path: Path = PLAN) -> Plan:
    return read_yaml(Plan, path)


METHODS = {
    name: Method.of(name.replace(",", "").split()[0], said.place, said.arm, said.knobs)
    for name, said in plan().settings.items()
}


def settled(name: str) -> int:
    return round(2 * log10(next(iter(finals(name).values())).rate))


def where(name: str, task: str = "code", **other: int) -> Where:
    """Return what names a cell: by default base model 0, width 64, batches of 4 and 400 steps."""
    usual = {"base": 0, "width": 64, "batch": 4, "steps": 400}
    return name, task, *map(str, (usual | other).values())


def beyond(name: str) -> tuple[Beyond, ...]:
    steady = plan().steady
    found = [Beyond("width", 0, k) for k in steady.rates if name in steady.methods]
    if name in as_in_peft():
        found.append(Beyond("benchmark", 0, as_in_peft()[name], where("lora 4")))
    return tuple(found)


def cell(name: str, task: str, base: int, batch: int, some: Cells) -> Cell:
    own = where(name, task, base=base, width=some.width, batch=batch, steps=some.steps)
    first = where(name, task, width=some.width, batch=batch, steps=some.steps)
    return Cell(
        own,
        plan().seeds,
        guess=plan().settings[name].guess,
        like=first if base else None,
        beyond=beyond(name) if own == where(name) else (),
    )


def settings(run: Run, rate: float) -> training.Run:
    name, task, *numbers = run.where
    base, width, batch, steps = map(int, numbers)
    return training.Run(METHODS[name], task, rate, run.seed, run.phase, base, width, steps, batch)


def order(run: Run) -> tuple[Any, ...]:
    name, task, base, width, batch, _ = run.where
    return task, int(base), int(width), name, run.phase, int(batch)


def complete(rows: list[Row]) -> None:
    """Add each improvement, a share of full fine-tuning's mean fall of the loss, and forgetting."""
    falls = defaultdict(list)

    def fall(row: Row) -> float:
        return float(row["start_test"]) - float(row["test"])

    def beside(row: Row) -> tuple[str, ...]:
        return tuple(row[name] for name in ("task", "base", "width", "batch", "steps"))

    for row in rows:
        if (row["method"], row["phase"]) == (FULL, "final"):
            falls[beside(row)].append(fall(row))
    for row in rows:
        if beside(row) in falls:
            row["improvement"] = short(fall(row) / fmean(falls[beside(row)]), 6)
        if row["task"] not in TEACHERS:
            row["forgetting"] = short(float(row["held"]) - float(row["start_held"]), 6)


@cache
def study() -> Study:
    return Study(
        "experiment",
        ("method", "task", "base", "width", "batch", "steps"),
        COLUMNS,
        [
            cell(name, task, base, batch, some)
            for some in plan().cells
            for base in some.bases
            for batch in some.batches
            for task in some.tasks
            for name in some.methods
        ],
        settings,
        training.run,
        measured=("validation", "test", "held", "sibling"),
        digits=6,
        order=order,
        complete=complete,
    )
