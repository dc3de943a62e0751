"""Run what other people's predictions say of symmetries: what is missing, on Dask; then the table.

    python3 scripts/dev.py study symmetries
    python3 scripts/dev.py study symmetries --only X.4

Copies of the experiment's base model that compute the same (copies.py) are trained like the base
model, with the arms of arms.py. Every run is one line of .study/symmetries.jsonl and then a row of
docs/data/symmetries.csv. docs/data/symmetries.yml says which runs there are and how they are
judged.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from math import log10
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait cost more than they bring

import jax.numpy as jnp

from adapters_np.core import arrays, load
from scripts.bootstrap import ROOT
from scripts.studies import grid, kept, runner, training
from scripts.studies.adapting import Method
from scripts.studies.arms import Armed, method
from scripts.studies.copies import copied
from scripts.studies.decoder import LAYERS, SQUARE
from scripts.studies.entries import reached
from scripts.studies.grid import Done
from scripts.studies.sweep import around, best, next_rates, reachable, tried
from scripts.survey.results import experiment
from scripts.survey.results.symmetries import REACHED, TABLE, Part, plan

RUNS = ROOT / ".study" / "symmetries.jsonl"
LARGEST = 40_000
"""Parameters up to which dimensions are counted; beyond, a derivative takes gigabytes."""

COLUMNS = (
    *("prediction", "arm", "copy", "draw", "rate", "seed", "phase", "parameters", "validation"),
    *("test", "start_test", "status", "seconds", "key"),
)


@dataclass(frozen=True)
class Run(training.Run):
    """A run in a copy of the base model."""

    copy: str = "plain"
    draw: int = 0


class Cell(NamedTuple):
    """An arm of a prediction in one kind of copy."""

    prediction: str
    name: str
    copy: str

    @property
    def task(self) -> str:
        """The task."""
        return plan().task

    @property
    def part(self) -> Part:
        """The part of the plan."""
        return plan().parts[self.prediction]

    def run(self, half_decades: int, seed: int, phase: str, draw: int = 0) -> Run:
        """Return one run of this cell."""
        trains, rate = method(self.name, self.part.place), round(10 ** (half_decades / 2), 9)
        drawn = draw if self.copy not in ("plain", "folded") else 0
        return Run(trains, self.task, rate, seed, phase, copy=self.copy, draw=drawn)


def cells() -> list[Cell]:
    """Return all cells, in the order of the plan."""
    return [
        Cell(prediction, name, copy)
        for prediction, part in plan().parts.items()
        for name in part.names()
        for copy in part.copies
    ]


def tuned(cell: Cell, done: Done) -> tuple[list[int], int | None]:
    """Return the rates that a cell's sweep still needs, in half decades, or else its rate."""
    if cell.name not in cell.part.swept:
        (rate, *_) = (run.rate for run in experiment.finals(cell.name).values())
        return [], round(2 * log10(rate))
    of, guess, seed = first(cell), cell.part.swept[cell.name], plan().sweep_seed
    found = tried(lambda k: of.run(k, seed, "sweep").key, reachable(guess), done)
    missing = next_rates(around(guess), found)
    return missing, None if missing else best(found)


def first(cell: Cell) -> Cell:
    """Return the cell whose sweep gives the rate."""
    return cell._replace(copy=next(iter(cell.part.copies)))


def due(cell: Cell, done: Done) -> list[Run]:
    """Return the runs of a cell that can be started now, given those that are done."""
    missing, rate = tuned(cell, done)
    if rate is None:
        runs = [first(cell).run(k, plan().sweep_seed, "sweep") for k in missing]
    else:
        pairs = cell.part.copies[cell.copy].pairs()
        runs = [cell.run(rate, seed, "final", draw) for draw, seed in pairs]
    return [run for run in runs if run.key not in done]


# Training -----------------------------------------------------------------------------------------


@cache
def compiled(trains: Method, task: str, steps: int) -> Any:
    """Return an arm's compiled training and judging, which serve all copies of the base model."""
    return training.compiled(Armed(trains, copied("plain", 0), task), steps)


def run(settings: Run) -> dict[str, Any]:
    """Train in a copy, and return what the run is and what came out."""
    began = time.monotonic()
    base = copied(settings.copy, settings.draw)
    with training.derivative(settings):
        made = training.followed(
            settings,
            {name: jnp.asarray(a) for name, a in base.items()},
            Armed(settings.method, base, settings.task),
            *compiled(settings.method, settings.task, settings.steps),
        )
        return training.told(settings, made, began)


# The table ----------------------------------------------------------------------------------------


def known(table: Path = TABLE, path: Path = RUNS) -> dict[str, dict[str, Any]]:
    """Return all runs by their keys, of the table those that the same settings still give."""
    return kept.known(table, path, again, taken)


def again(row: Mapping[str, str]) -> Run:
    """Return the run that a row of the table tells of."""
    cell = Cell(row["prediction"], row["arm"], row["copy"])
    half_decades = round(2 * log10(float(row["rate"])))
    return cell.run(half_decades, int(row["seed"]), row["phase"], int(row["draw"]))


def taken(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a run as it was written down, from its row of the table."""
    numbers = {name: float(row[name]) for name in ("validation", "test", "seconds")}
    return {
        **asdict(again(row)), **numbers, "start": {"test": float(row["start_test"])},
        "parameters": int(row["parameters"]), "status": row["status"], "key": row["key"],
    }  # fmt: skip


def rows(done: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the table of all runs of the plan, in its order; what is no part of it is left out."""
    found: dict[str, dict[str, Any]] = {}
    for cell in cells():
        of = [made for made in done.values() if place(made) == place(asdict(cell.run(0, 0, "")))]
        for made in sorted(
            of, key=lambda r: (r["phase"] == "final", r["rate"], r["draw"], r["seed"])
        ):
            told = {**made, **cell._asdict(), "arm": cell.name, "start_test": made["start"]["test"]}
            short = {k: f"{v:.7g}" if isinstance(v, float) else v for k, v in told.items()}
            found[made["key"]] = {column: short[column] for column in COLUMNS}
    return list(found.values())


def place(made: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what the runs of a cell share."""
    about = made["method"]
    knobs = tuple((name, value) for name, value in about["knobs"])
    return about["slug"], knobs, about["place"], about["arm"], made["copy"]


def whole(trains: Method) -> int | None:
    """Return how many dimensions of all matrices a method can move in, if they share nothing."""
    if any(field.shared and field.learned for field in arrays(load(trains.slug))):
        return None
    each = [reached(trains, kind) for kind in ("q", "up", "down")]
    if None in each:
        return None
    square, up, down = map(int, filter(None, each))
    return LAYERS * (len(SQUARE) * square + up + down)


def dimensions(path: Path = REACHED) -> None:
    """Write in how many dimensions each setting of the experiment can move, and its parameters.

    Settings are those that change all matrices on code, up to `LARGEST` parameters.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("method", "slug", "parameters", "dimension"))
        for name in sorted(experiment.methods(experiment.Cell())):
            trains = grid.METHODS[name]
            size = experiment.finals(name)[grid.SEEDS[0]].parameters
            usual = trains.place == "all" and not (trains.arm or trains.departs)
            if usual and size <= LARGEST and (dimension := whole(trains)):
                writer.writerow((name, trains.slug, size, dimension))


def tabulate(table: Path = TABLE, path: Path = RUNS) -> None:
    """Write the table of all runs."""
    kept.write(table, rows(known(table, path)), COLUMNS)


def expected(chosen: Iterable[Cell]) -> int:
    """Return about how many runs cells come to; a sweep takes four or so."""
    return sum(
        len(c.part.copies[c.copy].pairs()) + 4 * (c.name in c.part.swept and first(c) == c)
        for c in chosen
    )


def main() -> None:
    """Read the command line."""
    parser = runner.arguments(__doc__, only="cells whose prediction, arm or copy have this")
    parser.add_argument("--dimensions", action="store_true", help="only count dimensions, for X.10")
    chosen = parser.parse_args()
    if chosen.dimensions:
        return dimensions()
    these = [cell for cell in cells() if chosen.only in ", ".join(cell)]
    failed = []
    if not chosen.table:
        with runner.connected(chosen.scheduler, chosen.workers) as client:
            failed = runner.advance(client, these, due, known(), run, RUNS, expected(these))
    tabulate()
    runner.end(failed)


if __name__ == "__main__":
    main()
