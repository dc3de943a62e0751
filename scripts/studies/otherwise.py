"""Run LoRA trained otherwise: what is missing, on Dask; then the table.

    python3 scripts/dev.py study otherwise
    python3 scripts/dev.py study otherwise --only lora+

The arms of arms.py are trained in the experiment's base model by the recipes of recipes.py, and the
weights that they end at are searched for intruders (intruders.py). Every run is one line of
.study/otherwise.jsonl and then a row of docs/data/otherwise.csv. docs/data/otherwise.yml says which
runs there are and how they are judged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cache, partial
from math import log10
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait cost more than they bring

import jax
import jax.numpy as jnp
import numpy as np

from adapters_np.linalg import Array
from scripts.bootstrap import ROOT
from scripts.studies import decoder, intruders, kept, runner, tasks, training
from scripts.studies.adapting import Method
from scripts.studies.arms import method
from scripts.studies.grid import Done
from scripts.studies.pretrain import base
from scripts.studies.recipes import Otherwise
from scripts.studies.sweep import around, best, next_rates, reachable, tried
from scripts.studies.training import Run, Trained
from scripts.survey.results import experiment
from scripts.survey.results.otherwise import TABLE, plan

RUNS = ROOT / ".study" / "otherwise.jsonl"
CURVES = ("reduced_test", "reduced_held", "shrunk_test", "shrunk_held")
COUNTS = ("intruders", "scattered")
COLUMNS = (
    *("arm", "rate", "seed", "phase", "parameters", "validation", "test", "held"),
    *("start_validation", "start_test", "start_held", *COUNTS, *CURVES, "status", "seconds", "key"),
)


class Cell(NamedTuple):
    """An arm: a sweep, and then fresh seeds."""

    name: str

    @property
    def task(self) -> str:
        """The task."""
        return plan().task

    def run(self, half_decades: int, seed: int, phase: str) -> Run:
        """Return one run of this cell."""
        return Run(
            method(self.name, "all"), self.task, round(10 ** (half_decades / 2), 9), seed, phase
        )

    @property
    def alike(self) -> list[Cell]:
        """The cells that have this one's rate, this one among them."""
        return [self, *(Cell(name) for name, of in plan().alike.items() if of == self.name)]


def cells() -> list[Cell]:
    """Return the cells that have rates of their own, in the order of the plan."""
    return [Cell(name) for name in (*plan().settled, *plan().swept)]


def settled(name: str) -> int:
    """Return the rate of a setting in the experiment, in half decades."""
    return round(2 * log10(next(iter(experiment.finals(name).values())).rate))


def tuned(cell: Cell, done: Done) -> tuple[list[int], int | None]:
    """Return the rates that a cell's sweep still needs, in half decades, or else its rate."""
    if cell.name in plan().settled:
        return [], settled(cell.name)
    guess, seed = plan().swept[cell.name], plan().sweep_seed
    found = tried(lambda k: cell.run(k, seed, "sweep").key, reachable(guess), done)
    missing = next_rates(around(guess), found)
    return missing, None if missing else best(found)


def due(cell: Cell, done: Done) -> list[Run]:
    """Return the runs of a cell that can be started now, given those that are done."""
    missing, rate = tuned(cell, done)
    if rate is None:
        runs = [cell.run(k, plan().sweep_seed, "sweep") for k in missing]
    else:
        runs = [each.run(rate, seed, "final") for each in cell.alike for seed in plan().seeds]
        other = settled("lora 4")
        if cell.name in plan().ranks and rate != other:
            runs += [cell.run(other, seed, "transfer") for seed in plan().seeds]
    return [run for run in runs if run.key not in done]


# Training -----------------------------------------------------------------------------------------


@cache
def prepared(trains: Method, steps: int) -> Any:
    """Return an arm in the base model, and its compiled training and judging."""
    adapted = Otherwise(trains, base()[0])
    return adapted, *training.compiled(adapted, steps, adapted.recipe)


def run(settings: Run) -> dict[str, Any]:
    """Train, look for intruders, and return what the run is and what came out."""
    began = time.monotonic()
    p, _ = training.models(settings.task, settings.base, settings.width)
    made = training.followed(settings, p, *prepared(settings.method, settings.steps))
    after = found(settings, made, p) if settings.phase == "final" else {}
    return training.told(settings, made, began) | after


def found(settings: Run, made: Trained, p: decoder.Weights) -> dict[str, Any]:
    """Return how many intruders there are, and what becomes of the losses without them.

    Returns:
        `intruders` and `scattered`, the same of a change in random directions, for each cosine of
        the plan; for arms whose intruders are made weaker, the test loss and that on the
        pretraining text at each factor of the plan: `reduced_test` and `reduced_held` for the
        intruders, `shrunk_test` and `shrunk_held` for the whole change.
    """
    weights, _ = made.adapted.apply(p, made.learned, made.frozen)
    before, after = (
        {kind: np.asarray(w[kind], float) for kind in decoder.KINDS} for w in (p, weights)
    )
    random = intruders.scattered(before, after, [89, settings.seed])
    told: dict[str, Any] = {}
    for name, some in (("intruders", after), ("scattered", random)):
        near = intruders.near(before, some, plan().leading)
        told[name] = [int((near < below).sum()) for below in plan().below]
    if settings.method not in [method(name, "all") for name in plan().reduced]:
        return told
    below = plan().below[0]

    def weaker(factor: float) -> intruders.Weights:
        return intruders.everywhere(before, after, plan().leading, below, factor)

    def smaller(factor: float) -> intruders.Weights:
        return intruders.shrunk(before, after, factor)

    ways = {"reduced": (weaker, plan().factors), "shrunk": (smaller, plan().shrunk)}
    for name, (way, factors) in ways.items():
        ends = [losses(p, way(factor), settings.task) for factor in factors]
        told[f"{name}_test"], told[f"{name}_held"] = (
            list(part) for part in zip(*ends, strict=True)
        )
    return told


def losses(p: decoder.Weights, matrices: Mapping[str, Array], task: str) -> tuple[float, float]:
    """Return the test loss, and that on the pretraining text, of a model with other matrices."""
    weights = p | {kind: jnp.asarray(a, jnp.float32) for kind, a in matrices.items()}
    about = tasks.task(task)
    judge: Callable[[Any], float] = partial(training.judged, partial(surprise(), weights))
    return judge(about.test), judge(about.held)


@cache
def surprise() -> Any:
    """Return the compiled loss of a model on a text."""
    return jax.jit(lambda weights, text: tasks.surprise(weights, decoder.Hooks(), None, text))


# The table ----------------------------------------------------------------------------------------


def known(table: Path = TABLE, path: Path = RUNS) -> dict[str, dict[str, Any]]:
    """Return all runs by their keys, of the table those that the same settings still give."""
    return kept.known(table, path, again, taken)


def again(row: Mapping[str, str]) -> Run:
    """Return the run that a row of the table tells of."""
    half_decades = round(2 * log10(float(row["rate"])))
    return Cell(row["arm"]).run(half_decades, int(row["seed"]), row["phase"])


def taken(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a run as it was written down, from its row of the table."""
    lists = {name: list(map(float, row[name].split())) for name in CURVES if row[name]}
    lists |= {name: list(map(int, row[name].split())) for name in COUNTS if row[name]}
    return {
        **asdict(again(row)),
        **{name: float(row[name]) for name in ("validation", "test", "held", "seconds")},
        **lists,
        "start": {name: float(row[f"start_{name}"]) for name in ("validation", "test", "held")},
        "parameters": int(row["parameters"]), "status": row["status"], "key": row["key"],
    }  # fmt: skip


def short(value: Any) -> Any:
    """Return a value as the table has it: numbers in seven digits, lists with spaces."""
    if isinstance(value, list):
        return " ".join(str(short(one)) for one in value)
    return f"{value:.7g}" if isinstance(value, float) else value


def rows(done: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the table of all runs of the plan, in its order; what is no part of it is left out."""
    found = []
    for arm in [each for cell in cells() for each in cell.alike]:
        own = asdict(arm.run(0, 0, ""))["method"]
        of = [made for made in done.values() if same(made["method"], own)]
        for made in sorted(of, key=lambda r: (r["phase"], r["rate"], r["seed"])):
            start = {f"start_{name}": loss for name, loss in made["start"].items()}
            told = {**made, **start, "arm": arm.name}
            found.append({column: short(told.get(column, "")) for column in COLUMNS})
    return found


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two methods are one: knobs are lists where a run was written down."""
    first, second = ({**about, "knobs": list(map(list, about["knobs"]))} for about in (one, other))
    return first == second


def tabulate(table: Path = TABLE, path: Path = RUNS) -> None:
    """Write the table of all runs."""
    kept.write(table, rows(known(table, path)), COLUMNS)


def expected(chosen: Iterable[Cell]) -> int:
    """Return about how many runs cells come to; a sweep takes four or so."""
    seeds = len(plan().seeds)
    return sum(
        seeds * (len(cell.alike) + (cell.name in plan().ranks)) + 4 * (cell.name in plan().swept)
        for cell in chosen
    )


def main() -> None:
    """Read the command line."""
    chosen = runner.arguments(__doc__, only="cells whose arm has this").parse_args()
    these = [cell for cell in cells() if chosen.only in cell.name]
    failed = []
    if not chosen.table:
        with runner.connected(chosen.scheduler, chosen.workers) as client:
            failed = runner.advance(client, these, due, known(), run, RUNS, expected(these))
    tabulate()
    runner.end(failed)


if __name__ == "__main__":
    main()
