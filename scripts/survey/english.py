"""The study on a real English model as pages read it: the plan, and what came out so far.

Its runs are made by scripts/studies/english.py. Nothing here needs JAX.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import cache
from math import log10
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias, get_type_hints

from pydantic import Field

from scripts.bootstrap import ROOT
from scripts.survey.records import Record, Text, read_yaml
from scripts.survey.result import FULL
from scripts.survey.statistics import Interval, interval

PLAN = ROOT / "docs" / "data" / "english.yml"
TABLE = PLAN.with_suffix(".csv")
TASKS = PLAN.with_name("english_tasks.csv")
CHANGES, ALIKE, JOINT = (
    PLAN.with_name(f"english_{name}.csv") for name in ("changes", "alike", "joint")
)
QUANTISED = PLAN.with_name("english_quantised.csv")
HEAD = "head alone"
"""The entry without an adapter: it trains the head on frozen features, from the probe on."""


class Entry(Record):
    """An entry to train."""

    slug: Text
    knobs: dict[str, float | int | str] = Field(default_factory=dict)
    arm: str = ""
    guess: int | None = None
    """At its rate, in half decades; none where nothing has a rate of its own."""
    like: str = ""
    """Beside whom it is judged."""
    asks: str = ""
    """The question whose comparisons share a risk with this one."""


class Cost(Record):
    """The cost of a run in seconds of a core."""

    run: float
    final: float
    """On top, for the test."""
    rates: float
    """Rates that a sweep is expected to take."""


class Plan(Record):
    """The plan of the study."""

    sweep_seed: int
    seeds: Annotated[tuple[int, ...], Field(min_length=5)]
    tasks: Annotated[tuple[Text, ...], Field(min_length=2)]
    cost: Cost
    hours: float
    entries: dict[str, Entry]


@cache
def plan(path: Path = PLAN) -> Plan:
    """Return what the study consists of."""
    return read_yaml(Plan, path)


def hours(chosen: Plan | None = None) -> float:
    """Return about how many hours of one core the plan takes."""
    own = chosen or plan()
    seconds = 0.0
    for entry in own.entries.values():
        rates = own.cost.rates if entry.guess is not None else 0
        seconds += (rates + len(own.seeds)) * own.cost.run + len(own.seeds) * own.cost.final
    return len(own.tasks) * seconds / 3600


# Runs ---------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """One run; losses are in nats, accuracies in shares, what was not judged is nothing."""

    entry: str
    task: str
    parameters: int
    rate: float
    seed: int
    phase: str
    validation_loss: float
    validation_accuracy: float
    test_loss: float | None
    test_accuracy: float | None
    forgetting: float
    start_validation_accuracy: float
    start_test_loss: float
    start_test_accuracy: float
    status: str
    seconds: float


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, none while it is not there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def runs(path: Path = TABLE) -> tuple[Run, ...]:
    """Return all runs that have been made."""
    kinds = get_type_hints(Run)

    def typed(text: str, kind: Any) -> Any:
        if kind in (int, str):
            return kind(text)
        return float(text) if text else None

    return tuple(
        Run(**{name: typed(row[name], kind) for name, kind in kinds.items()}) for row in table(path)
    )


def finals(entry: str, task: str) -> dict[int, Run]:
    """Return the runs that count, by seed."""
    found = (run for run in runs() if (run.entry, run.task, run.phase) == (entry, task, "final"))
    return {run.seed: run for run in found}


def sweep(entry: str, task: str) -> list[Run]:
    """Return the runs at all rates that have been tried, the lowest rate first."""
    found = (run for run in runs() if (run.entry, run.task, run.phase) == (entry, task, "sweep"))
    return sorted(found, key=lambda run: run.rate)


def complete(entry: str, task: str) -> bool:
    """Say whether a cell has been run with all its seeds."""
    return finals(entry, task).keys() == set(plan().seeds)


def cells() -> list[tuple[str, str]]:
    """Return all cells of the plan that are complete."""
    own = plan()
    return [(name, task) for name in own.entries for task in own.tasks if complete(name, task)]


def spent() -> float:
    """Return how many hours of one core all runs took."""
    return sum(run.seconds for run in runs()) / 3600


# Measures -----------------------------------------------------------------------------------------

Measure: TypeAlias = Callable[[Run], float]


def accuracy(run: Run) -> float:
    """Return the share of the test that is named rightly, in per cent."""
    assert run.test_accuracy is not None
    return 100 * run.test_accuracy


def above_probe(run: Run) -> float:
    """Return the accuracy above that of the probe, in percentage points."""
    return accuracy(run) - 100 * run.start_test_accuracy


def fall(run: Run) -> float:
    """Return how far the test loss fell below the probe's, in nats."""
    assert run.test_loss is not None
    return run.start_test_loss - run.test_loss


def forgetting(run: Run) -> float:
    """Return the rise of the loss of the other task's probe, in nats."""
    return run.forgetting


def mean(entry: str, task: str, measure: Measure) -> Interval:
    """Return a measure's mean over the seeds that have been run, with its interval.

    Raises:
        LookupError: when none has.
    """
    found = finals(entry, task).values()
    if not found:
        raise LookupError(f"{entry!r} has no counted run on {task!r}")
    return interval(map(measure, found))


def improvement(entry: str, task: str) -> float:
    """Return the share of full fine-tuning's fall of the test loss."""
    return mean(entry, task, fall).mean / mean(FULL, task, fall).mean


def among(entry: str) -> int:
    """Return how many intervals share a risk: those of an entry's question, on all tasks."""
    own = plan()
    asked = own.entries[entry].asks
    return len(own.tasks) * sum(other.asks == asked for other in own.entries.values())


def difference(entry: str, task: str, measure: Measure = accuracy) -> Interval:
    """Return how much more of a measure an entry has than its baseline.

    Raises:
        LookupError: when it has no baseline, or one of the two is not complete.
    """
    like = plan().entries[entry].like
    if not like or not (complete(entry, task) and complete(like, task)):
        raise LookupError(f"{entry!r} or what it is judged beside is not complete on {task!r}")
    one, other = finals(entry, task), finals(like, task)
    return interval((measure(one[s]) - measure(other[s]) for s in plan().seeds), among(entry))


def beside(entry: str, measure: Measure = accuracy) -> dict[str, Interval]:
    """Return how an entry compares with its baseline on each task where both are complete."""
    own = plan()
    like = own.entries[entry].like
    there = [task for task in own.tasks if complete(entry, task) and complete(like, task)]
    return {task: difference(entry, task, measure) for task in there}


def beside_control(slug: str, control: str) -> dict[str, Interval]:
    """Return how far a method is ahead of a control of its own, on each task where both ran."""
    for name, entry in plan().entries.items():
        if control and (entry.slug, entry.arm) == (slug, control):
            behind = beside(name)
            return {task: Interval(-d.mean, -d.high, -d.low) for task, d in behind.items()}
    return {}


def off_best(steps: int) -> list[float]:
    """Return the points of validation accuracy that rates half a decade off cost.

    One value for each complete cell with a sweep, `steps` half decades above its best rate.
    """
    costs = []
    for entry, task in cells():
        found = {round(2 * log10(run.rate)): run for run in sweep(entry, task)}
        best = min(found, key=lambda k: found[k].validation_loss, default=0)
        if best + steps in found:
            lost = found[best].validation_accuracy - found[best + steps].validation_accuracy
            costs.append(100 * lost)
    return costs


# Tasks --------------------------------------------------------------------------------------------


class About(NamedTuple):
    """A task: among how many examples its parts were drawn, and how far one gets untrained."""

    task: str
    found: int
    fitting: int
    classes: int
    train: int
    validation: int
    test: int
    majority: float
    probe: float
    probe_loss: float
    first: str
    second: str


@cache
def tasks() -> tuple[About, ...]:
    """Return what the tasks are."""
    probe = {"probe": "probe_test_accuracy", "probe_loss": "probe_test_loss"}
    kinds = get_type_hints(About)
    found = []
    for row in table(TASKS):
        own: dict[str, Any] = {k: kind(row[probe.get(k, k)]) for k, kind in kinds.items()}
        found.append(About(**own))
    return tuple(found)
