"""Runs of the experiment: its plan, docs/data/experiment.yml, and the search for rates.

docs/experiment/protocol.md says the same in words, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from scripts.bootstrap import ROOT
from scripts.studies.adapting import Method
from scripts.studies.sweep import around, best, next_rates, reachable, tried
from scripts.studies.training import Run
from scripts.survey.facts.records import Record, Text, read_yaml
from scripts.survey.results.experiment import as_in_peft

PLAN = ROOT / "docs" / "data" / "experiment.yml"


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
    """The plan of the experiment."""

    seeds: tuple[int, ...]
    settings: dict[str, Setting]
    short: tuple[Text, ...]
    cells: tuple[Cells, ...]
    steady: Steady

    @model_validator(mode="after")
    def _known(self) -> Plan:
        run = {name for some in self.cells for name in some.methods}
        for name in (*run, *self.short, *self.steady.methods):
            if name not in self.settings:
                raise ValueError(f"{name!r} is none of `settings`")
        if unused := self.settings.keys() - run:
            raise ValueError(f"no cell has {min(unused)!r}")
        return self


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the experiment consists of.

    Raises:
        CatalogError: when a field is missing, unknown or wrong.
    """
    return read_yaml(Plan, path)


def method(slug: str, *, place: str = "all", arm: str = "", **knobs: Any) -> Method:
    """Return a method at these knobs."""
    return Method(slug, tuple(sorted(knobs.items())), place, arm)


METHODS = {
    name: method(name.replace(",", "").split()[0], place=said.place, arm=said.arm, **said.knobs)
    for name, said in plan().settings.items()
}
SEEDS = plan().seeds


class Cell(NamedTuple):
    """A method on a task in a base model: a sweep, and then five fresh seeds."""

    name: str
    task: str
    base: int = 0
    width: int = 64
    batch: int = 4
    steps: int = 400

    def run(self, half_decades: int, seed: int, phase: str) -> Run:
        """Return one run of this cell."""
        rate = round(10 ** (half_decades / 2), 9)
        return Run(
            METHODS[self.name], self.task, rate, seed, phase, self.base, self.width,
            self.steps, self.batch,
        )  # fmt: skip

    @property
    def tuned_on(self) -> Cell:
        """The cell whose sweep gives the rate: another base model has no sweep of its own."""
        return self._replace(base=0)


def cells() -> list[Cell]:
    """Return all cells, in the order in which they are run."""
    return [
        Cell(name, task, base, some.width, batch, some.steps)
        for some in plan().cells
        for base in some.bases
        for batch in some.batches
        for task in some.tasks
        for name in some.methods
    ]


def guess(name: str) -> int:
    """Return the guess at the rate of a setting, in half decades."""
    return plan().settings[name].guess


Done = Mapping[str, Mapping[str, Any]]


def swept(cell: Cell, done: Done) -> dict[int, float]:
    """Return the validation loss at every rate of a cell's sweep; a diverged one is infinite."""
    steps = reachable(guess(cell.name))
    return tried(lambda k: cell.run(k, 0, "sweep").key, steps, done)


def in_peft(cell: Cell, done: Done) -> list[int]:
    """Return the rate that stands to LoRA's as in PEFT's benchmark, if the method is in it."""
    lora = Cell("lora 4", "code")
    found = swept(lora, done)
    if cell.name not in as_in_peft() or next_rates(around(guess(lora.name)), found):
        return []
    return [best(found) + as_in_peft()[cell.name]]


def due(cell: Cell, done: Done) -> list[Run]:
    """Return the runs of a cell that can be started now, given those that are done."""
    tuned = cell.tuned_on
    found = swept(tuned, done)
    rates = next_rates(around(guess(cell.name)), found)
    if rates:
        runs = [tuned.run(k, 0, "sweep") for k in rates]
    else:
        runs = [cell.run(best(found), seed, "final") for seed in SEEDS]
        if cell == Cell(cell.name, "code"):
            steady = plan().steady
            if cell.name in steady.methods:
                runs += [cell.run(k, 0, "width") for k in steady.rates if k not in found]
            runs += [cell.run(k, 0, "benchmark") for k in in_peft(cell, done) if k not in found]
    return [run for run in runs if run.key not in done]
