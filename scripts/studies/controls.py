"""Run every method and its own controls: what is missing, on Dask; then the table.

    python3 scripts/dev.py study controls
    python3 scripts/dev.py study controls --only code
    python3 scripts/dev.py study controls --scheduler tcp://10.0.0.1:8786
    python3 scripts/dev.py study controls --plan
    python3 scripts/dev.py study controls --again 20

Every run is one line of .study/controls.jsonl and then a row of docs/data/controls.csv, as in the
experiment, whose texts, model, training and settings these are. docs/controls.md says what is asked
and how it is judged, docs/data/controls.yml which cells there are; `--plan` writes who is trained
to docs/data/controls_entries.csv, `--again` makes runs of the table, drawn at random, once more. A
method and its control are two entries that are treated alike: each has its own sweep in each cell,
and then the same five seeds.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import cache, partial
from math import log10
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait cost more than they bring

import numpy as np

from adapters_np.control import controls
from scripts.bootstrap import ROOT
from scripts.studies import grid, kept, runner
from scripts.studies.adapting import Method
from scripts.studies.entries import Entry, entries, written
from scripts.studies.grid import Done
from scripts.studies.sweep import best, next_rates
from scripts.studies.training import Run, run
from scripts.survey.results import experiment
from scripts.survey.results.controls import AGAIN, BIAS, ENTRIES, TABLE, Plan, amount, plan, wanted

RUNS = ROOT / ".study" / "controls.jsonl"
COLUMNS = (
    *("method", "control", "kind", "slug", "knobs", "parameters", "task", "base", "steps", "rate"),
    *("seed", "phase", "validation", "test", "held", "start_validation", "start_test"),
    *("start_held", "status", "seconds", "key"),
)
MEASURED = ("validation", "test", "held")
"""Fields in which a run and its row are compared."""

CLOSE = 1e-4
"""Nats within which a run that is made again has to agree."""


# Runs ---------------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """An entry on a task in a base model: a sweep, and then fresh seeds."""

    name: str
    task: str
    base: int = 0
    steps: int = Run.steps

    def run(self, quarter_decades: int, seed: int, phase: str) -> Run:
        """Return one run of this cell."""
        rate = round(10 ** (quarter_decades / 4), 9)
        trains = entries()[self.name].trains
        return Run(trains, self.task, rate, seed, phase, self.base, steps=self.steps)

    @property
    def guess(self) -> int:
        """The method's rate in the experiment, on this task or else on code, in quarter decades.

        A control begins where its method does, a floor where the method of its kind does.
        """
        entry = entries()[self.name]
        like = {BIAS: "ia3"}.get(entry.method, entry.method)
        if like.startswith("entries"):
            like = "shira 0.094"
        for task in (self.task, "code"):
            done = experiment.finals(like, experiment.Cell(task))
            if done:
                return round(4 * log10(next(iter(done.values())).rate))
        return round(2 * grid.guess(like))


def cells(chosen: Plan | None = None) -> list[Cell]:
    """Return all cells, part by part; a method, its controls, then the next one.

    What an earlier part had already is not said again.
    """
    found = []
    for part in (chosen or plan()).parts:
        for entry in entries().values():
            if entry.control.endswith(AGAIN):
                here = entry.name.removesuffix(AGAIN) in part.again
            else:
                here = wanted(part, entry.method)
            if here:
                found += [Cell(entry.name, part.task, b, part.steps) for b in part.bases]
    return list(dict.fromkeys(found))


def swept(cell: Cell, done: Done) -> dict[int, float]:
    """Return the mean validation loss at each rate that all sweep seeds have been run at.

    One that diverged is infinite.
    """
    found = {}
    for k in range(-40, 13):
        rows = [done.get(cell.run(k, seed, "sweep").key) for seed in plan().sweep_seeds]
        there = [row for row in rows if row is not None]
        if len(there) == len(rows):
            good = all(row["status"] == "done" for row in there)
            found[k] = fmean(row["validation"] for row in there) if good else float("inf")
    return found


def tuned(cell: Cell, done: Done) -> tuple[list[int], int | None]:
    """Return the rates that a cell's sweep still needs, and, if it needs none, the best one."""
    if cell.base:
        missing, middle = tuned(cell._replace(base=0), done)
        if middle is None:
            return [], None
        first = tuple(middle + step for step in plan().further_first)
    else:
        first = tuple(cell.guess + step for step in plan().first)
    found = swept(cell, done)
    missing = next_rates(first, found, plan().most)
    return missing, None if missing else best(found)


def due(cell: Cell, done: Done) -> list[Run]:
    """Return the runs of a cell that can be started now, given those that are done."""
    rates, middle = tuned(cell, done)
    if middle is None:
        runs = [cell.run(k, seed, "sweep") for k in rates for seed in plan().sweep_seeds]
    else:
        runs = [cell.run(middle, seed, "final") for seed in plan().seeds]
    return [run for run in runs if run.key not in done]


# The table ----------------------------------------------------------------------------------------


def known(table: Path = TABLE, path: Path = RUNS) -> dict[str, dict[str, Any]]:
    """Return all runs by their keys, of the table those that the same settings still give."""
    return kept.known(table, path, again, taken)


def again(row: Mapping[str, str]) -> Run:
    """Return the run that a row of the table tells of."""
    name = Entry(row["method"], row["control"], Method("")).name
    cell = Cell(name, row["task"], int(row["base"]), int(row["steps"]))
    return cell.run(round(4 * log10(float(row["rate"]))), int(row["seed"]), row["phase"])


def taken(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a run as it was written down, from its row of the table."""
    losses = {part: float(row[part]) for part in ("validation", "test", "held", "seconds")}
    start = {part: float(row[f"start_{part}"]) for part in ("validation", "test", "held")}
    return {
        **asdict(again(row)), **losses, "start": start, "parameters": int(row["parameters"]),
        "status": row["status"], "key": row["key"],
    }  # fmt: skip


def row(made: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """Return one row of the table."""
    method = entry.trains
    kinds = controls(method.slug) if entry.control else {}
    found = {
        **made,
        "method": entry.method,
        "control": entry.control,
        "kind": kinds[entry.control.removesuffix(AGAIN)].kind if entry.control else "",
        "slug": method.slug,
        "knobs": " ".join(f"{key}={value}" for key, value in method.knobs),
        **{f"start_{part}": made["start"][part] for part in ("validation", "test", "held")},
    }
    rounded = {k: f"{v:.7g}" if isinstance(v, float) else v for k, v in found.items()}
    return {column: rounded[column] for column in COLUMNS}


def rows(done: Done) -> list[dict[str, Any]]:
    """Return the table of all runs of the plan, in its order; what is no part of it is left out.

    A rate at which seeds were run before its sweep had ended, and that is not the best, is none.
    """
    place = {cell: i for i, cell in enumerate(cells())}
    middle = {cell: tuned(cell, done)[1] for cell in place}
    found = []
    for made in done.values():
        cell = whose(made)
        if cell not in place:
            continue
        k = middle[cell]
        if made["phase"] == "sweep" or k is None or made["rate"] == cell.run(k, 0, "").rate:
            order = (place[cell], made["phase"] == "final", made["rate"], made["seed"])
            found.append((order, row(made, entries()[cell.name])))
    return [told for _, told in sorted(found, key=lambda one: one[0])]


def whose(made: Mapping[str, Any]) -> Cell:
    """Return the cell of a run; one that no entry trains has no name."""
    trains = made["method"]
    knobs = tuple((name, value) for name, value in trains["knobs"])
    name = names().get(Method(trains["slug"], knobs, trains["place"], trains["arm"]), "")
    return Cell(name, made["task"], made["base"], made["steps"])


@cache
def names() -> dict[Method, str]:
    """Return the name of each entry by what it trains."""
    return {entry.trains: entry.name for entry in entries().values()}


def tabulate(table: Path = TABLE, path: Path = RUNS) -> None:
    """Write the table of all runs."""
    kept.write(table, rows(known(table, path)), COLUMNS)


def repeat(count: int, train: Callable[[Run], kept.Row], table: Path = TABLE) -> Iterator[str]:
    """Make runs of the table again, drawn at random; yield what came out.

    How many rows there are is the seed of the draw, so nobody chose it.

    Raises:
        SystemExit: when a number comes out as another.
    """
    with table.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    for i in np.random.default_rng(len(found)).choice(len(found), count, replace=False):
        lines = kept.compared(train(again(found[i])), found[i], MEASURED, CLOSE)
        yield f"{found[i]['key']}: {'; '.join(lines)}"


def expected(chosen: Iterable[Cell]) -> float:
    """Return about how many runs cells come to."""
    own, cost = plan(), plan().cost
    rates = [cost.further_rates if cell.base else cost.rates for cell in chosen]
    return sum(len(own.seeds) + len(own.sweep_seeds) * count for count in rates)


def main() -> None:
    """Read the command line."""
    made = partial(run, curve=False)
    parser = runner.arguments(__doc__, only="cells whose entry, task or base have this")
    parser.add_argument("--plan", action="store_true", help="only say what there is to run")
    parser.add_argument("--again", type=int, help="only make this many runs of the table again")
    chosen = parser.parse_args()
    if chosen.again is not None:
        for line in repeat(chosen.again, made):
            print(line, flush=True)
        return
    these = [c for c in cells() if chosen.only in f"{c.name}, {c.task}, base {c.base}"]
    if chosen.plan:
        kept.write(ENTRIES, list(written()))
        for part in plan().parts:
            _, count, runs, hours = amount(part)
            print(f"{part.task}, {part.steps} steps: {count} cells, about {runs:.0f} runs, "
                  f"{hours:.0f} core-hours")  # fmt: skip
        return
    failed = []
    if not chosen.table:
        with runner.connected(chosen.scheduler, chosen.workers) as client:
            done = known()
            others = sum(whose(one) not in these for one in done.values())
            total = others + round(expected(these))
            failed = runner.advance(client, these, due, done, made, RUNS, total)
    tabulate()
    runner.end(failed)


if __name__ == "__main__":
    main()
