"""The study of any causal model as pages read it: the plan, and what others' machines found.

Its runs are made by scripts/studies/causal.py. Nothing here needs torch.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_type_hints

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.facts.records import CatalogError, Record, Text, read_yaml
from scripts.survey.facts.result import FULL
from scripts.survey.statistics.intervals import Interval, interval

PLAN = ROOT / "docs" / "data" / "causal.yml"
TABLES = PLAN.with_suffix("")
"""A table for each model that has been asked, by whoever asked it."""

LOSSES = ("validation", "test", "held")


class Entry(Record):
    """An entry to train: everything, or what a configuration of PEFT adds."""

    slug: Text
    config: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    at: Literal["linear", "norms"] = "linear"
    frozen: tuple[Text, ...] = ()
    guess: int
    """At its rate, in half decades."""
    like: str = ""
    """Beside whom it is judged."""


class Texts(Record):
    """The texts of a task: one to learn, and one on which forgetting shows."""

    learn: Text
    held: Text


class Judged(Record):
    """The number of pieces of text in each part."""

    validation: int
    test: int
    held: int


class Plan(Record):
    """The plan of the study."""

    sweep_seed: int
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    tasks: dict[str, Texts]
    tokens: int
    batch: int
    steps: int
    judged: Judged
    entries: dict[str, Entry]


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the study consists of."""
    return read_yaml(Plan, path)


class Run(NamedTuple):
    """One row of a table; losses are in nats a token, of the start without an adapter."""

    model: str
    entry: str
    task: str
    parameters: int
    steps: int
    batch: int
    rate: float
    seed: int
    phase: str
    validation: float
    test: float
    held: float
    start_validation: float
    start_test: float
    start_held: float
    status: str
    seconds: float
    device: str
    versions: str
    key: str

    @property
    def fall(self) -> float:
        """The fall of the loss on the test, in nats a token."""
        return self.start_test - self.test

    @property
    def forgetting(self) -> float:
        """The rise of the loss on the other text, in nats a token."""
        return self.held - self.start_held


def read(path: Path) -> list[Run]:
    """Return the rows of a table.

    Raises:
        CatalogError: when a column is missing or unknown, or a value is none of its kind.
    """
    kinds = get_type_hints(Run)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != Run._fields:
            raise CatalogError(f"{path.name}: its columns are not {', '.join(Run._fields)}")
        rows = list(reader)
    found = []
    for line, row in enumerate(rows, 2):
        try:
            values = {name: kinds[name](text) for name, text in row.items()}
        except ValueError as error:
            raise CatalogError(f"{path.name}:{line}: {error}") from error
        if row["entry"] not in plan().entries:
            raise CatalogError(f"{path.name}:{line}: entry={row['entry']!r} is not in {PLAN.name}")
        found.append(Run(**values))
    return found


class Found(NamedTuple):
    """An entry's results on a task, over the seeds that count."""

    entry: str
    task: str
    parameters: int
    rate: float
    fall: Interval
    improvement: float | None
    """As a share of full fine-tuning's; None while that is not complete."""
    forgetting: float
    beside: Interval | None
    """The fall of the loss above its baseline's, in nats a token."""


def finals(runs: list[Run]) -> dict[tuple[str, str], dict[int, Run]]:
    """Return the runs that count of all cells that are complete, by seed."""
    found: dict[tuple[str, str], dict[int, Run]] = {}
    for run in runs:
        if run.phase == "final" and run.status == "done":
            found.setdefault((run.entry, run.task), {})[run.seed] = run
    return {cell: seeds for cell, seeds in found.items() if seeds.keys() >= set(plan().seeds)}


def results(runs: list[Run]) -> list[Found]:
    """Return what came out for one model, entry by entry as in the plan."""
    done, found = finals(runs), []
    for name, entry in plan().entries.items():
        among = sum(other.like == entry.like for other in plan().entries.values())
        tasks = [task for own, task in done if own == name]
        for task in tasks:
            own, like = done[name, task], done.get((entry.like, task))
            full, first = done.get((FULL, task)), next(iter(own.values()))
            fall = interval(run.fall for run in own.values())
            whole = interval(run.fall for run in full.values()).mean if full else None
            beside = (
                interval(
                    (own[s].fall - like[s].fall for s in plan().seeds),
                    among * len({t for _, t in done}),
                )
                if like
                else None
            )
            found.append(
                Found(
                    *(name, task, first.parameters, first.rate, fall),
                    fall.mean / whole if whole else None,
                    interval(run.forgetting for run in own.values()).mean,
                    beside,
                )
            )
    return found
