"""Ask a real English model what the small decoder was asked: what is missing, on Dask; the table.

    python3 scripts/dev.py study english
    python3 scripts/dev.py study english --only "lora 4, reviews"
    python3 scripts/dev.py study english --scheduler tcp://10.0.0.1:8786
    python3 scripts/dev.py study english --table

The model is all-MiniLM-L6-v2, the tasks are labelled English, both out of pinned packages. Every
run is one line of .study/english.jsonl and then a row of docs/data/english.csv; one that is in
either is not made again. docs/english.md says what is asked and how it is judged,
docs/data/english.yml what there is to run. Changes of full fine-tuning stay in .study/english.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from math import log10
from pathlib import Path
from typing import Any, NamedTuple

from scripts.bootstrap import ROOT
from scripts.studies import english_tasks, kept, runner
from scripts.studies.adapting import Method
from scripts.studies.english_training import Run, base, run, untrained
from scripts.studies.grid import Done
from scripts.studies.sweep import around, best, next_rates, tried
from scripts.survey.results.english import TABLE, TASKS, hours, plan

RUNS = ROOT / ".study" / "english.jsonl"
START = tuple(f"{part}_{name}" for part in ("validation", "test") for name in ("loss", "accuracy"))
CAME_OUT = (*START, "forgetting")
COLUMNS = (
    *("entry", "slug", "knobs", "arm", "parameters", "task", "steps", "batch", "rate", "seed"),
    *("phase", *CAME_OUT, *(f"start_{name}" for name in START), "status", "seconds", "key"),
)
TRIED = range(-14, 3)
"""Rates that a sweep may come to, in half decades."""


class Cell(NamedTuple):
    """An entry on a task: a sweep, and then the seeds that count."""

    name: str
    task: str

    def run(self, half_decades: int, seed: int, phase: str) -> Run:
        """Return one run of this cell."""
        entry = plan().entries[self.name]
        method = Method(entry.slug, tuple(sorted(entry.knobs.items())), "all", entry.arm)
        return Run(method, self.task, round(10 ** (half_decades / 2), 9), seed, phase)


def cells() -> list[Cell]:
    """Return all cells in the order of the plan, the most telling ones first."""
    return [Cell(name, task) for name in plan().entries for task in plan().tasks]


def swept(cell: Cell, done: Done) -> dict[int, float]:
    """Return the validation loss at every rate of a sweep; a diverged one is infinite."""
    seed = plan().sweep_seed
    return tried(lambda k: cell.run(k, seed, "sweep").key, TRIED, done, "validation_loss")


def due(cell: Cell, done: Done) -> list[Run]:
    """Return the runs of a cell that can be started now, given those that are done."""
    guess, found = plan().entries[cell.name].guess, swept(cell, done)
    rates = next_rates(around(guess), found) if guess is not None else []
    if rates:
        runs = [cell.run(k, plan().sweep_seed, "sweep") for k in rates]
    else:
        rate = best(found) if found else 0
        runs = [cell.run(rate, seed, "final") for seed in plan().seeds]
    return [run for run in runs if run.key not in done]


# The tables ---------------------------------------------------------------------------------------


def again(row: Mapping[str, str]) -> Run:
    """Return the run that a row of the table tells of."""
    cell, half_decades = Cell(row["entry"], row["task"]), round(2 * log10(float(row["rate"])))
    return cell.run(half_decades, int(row["seed"]), row["phase"])


def taken(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a run as it was written down, from its row of the table."""
    return {
        **asdict(again(row)),
        **{name: float(row[name]) if row[name] else None for name in CAME_OUT},
        "start": {name: float(row[f"start_{name}"]) for name in START},
        "parameters": int(row["parameters"]),
        "status": row["status"], "seconds": float(row["seconds"]), "key": row["key"],
    }  # fmt: skip


def known(table: Path = TABLE, path: Path = RUNS) -> dict[str, dict[str, Any]]:
    """Return all runs by their keys, of the table those that the same settings still give."""

    def planned(row: Mapping[str, str]) -> Run | None:
        return again(row) if row["entry"] in plan().entries else None

    return kept.known(table, path, planned, taken)


def rows(done: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the table of all runs of the plan, in its order; what is no part of it is left out."""
    found = []
    for cell in cells():
        tried = [cell.run(k, plan().sweep_seed, "sweep") for k in TRIED]
        counted = [cell.run(k, seed, "final") for k in TRIED for seed in plan().seeds]
        found += [row(done[r.key], cell) for r in (*tried, *counted) if r.key in done]
    return found


def row(made: Mapping[str, Any], cell: Cell) -> dict[str, Any]:
    """Return one row of the table."""
    method = made["method"]
    told = {
        **made, **method, "entry": cell.name,
        "knobs": " ".join(f"{key}={value}" for key, value in method["knobs"]),
        **{f"start_{name}": value for name, value in made["start"].items()},
    }  # fmt: skip
    return {k: f"{told[k]:.6g}" if isinstance(told[k], float) else told[k] for k in COLUMNS}


def tasks() -> list[dict[str, Any]]:
    """Return what there is to say of each task: its parts, and how far frozen features go."""
    found = []
    for task in plan().tasks:
        about, frozen, start = english_tasks.task(task), base(task), untrained(task)
        test = about.parts["test"]
        counts = [int(n) for n in sorted((test.labels == c).sum() for c in range(about.classes))]
        sizes = {part: len(own.texts) for part, own in about.parts.items()}
        found.append(
            {
                "task": task, "found": about.found, "fitting": about.fitting,
                "classes": about.classes, **sizes, "majority": counts[-1] / len(test.texts),
                "penalty": frozen.penalty,
                **{f"probe_{key}": f"{value:.6g}" for key, value in start.items()},
                **{
                    name: f"{test.texts[i]} ({english_tasks.LABELS[task][test.labels[i]]})"
                    for i, name in enumerate(("first", "second"))
                },
            }
        )  # fmt: skip
    return found


def main() -> None:
    """Read the command line."""
    parser = runner.arguments(__doc__, only="cells whose entry or task have this")
    parser.add_argument("--tasks", action="store_true", help="only write the table of the tasks")
    parser.add_argument("--plan", action="store_true", help="only say what there is to run")
    chosen = parser.parse_args()
    these = [cell for cell in cells() if chosen.only in ", ".join(cell)]
    if chosen.plan:
        print(f"{len(these)} cells, about {hours():.1f} hours of one core for all")
        return
    if chosen.tasks:
        about = tasks()
        kept.write(TASKS, about)
        return
    failed = []
    if not chosen.table:
        each = plan().cost.rates + len(plan().seeds)
        with runner.connected(chosen.scheduler, chosen.workers) as client:
            total = round(each * len(these))
            failed = runner.advance(client, these, due, known(), run, RUNS, total)
    kept.write(TABLE, rows(known()), COLUMNS)
    runner.end(failed)


if __name__ == "__main__":
    main()
