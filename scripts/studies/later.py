"""Train methods beyond the survey as the experiment trains the others: what is missing; the table.

    python3 scripts/dev.py study later
    python3 scripts/dev.py study later --only hira
    python3 scripts/dev.py study later --table

Every run is one line of .study/later.jsonl and then a row of docs/data/later.csv, which has the
columns of the experiment's. docs/data/later.yml says which runs there are, and how they are judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log10
from typing import Any, NamedTuple

from scripts.bootstrap import ROOT
from scripts.studies import experiment, kept, runner
from scripts.studies.adapting import Method
from scripts.studies.grid import Done
from scripts.studies.sweep import around, best, next_rates, reachable, tried
from scripts.studies.training import Run, run
from scripts.survey.results.later import TABLE, plan, point

RUNS = ROOT / ".study" / "later.jsonl"
EXPECTED = 4  # rates that a sweep takes


class Cell(NamedTuple):
    """An entry of the plan: a sweep, and then five seeds."""

    name: str

    @property
    def task(self) -> str:
        """The task."""
        return plan().task

    def run(self, half_decades: int, seed: int, phase: str) -> Run:
        """Return one run of this entry."""
        entry = plan().entries[self.name]
        method = Method(entry.slug, tuple(sorted(entry.knobs.items())), "all", entry.arm)
        return Run(method, plan().task, round(10 ** (half_decades / 2), 9), seed, phase)

    def rates(self) -> range:
        """Return the rates that its sweep may come to, in half decades."""
        return reachable(plan().entries[self.name].guess)


def cells() -> list[Cell]:
    """Return all entries in the order of the plan."""
    return [Cell(name) for name in plan().entries]


def due(cell: Cell, done: Done) -> list[Run]:
    """Return the runs of an entry that can be started now, given those that are done."""
    seed = plan().sweep_seed
    found = tried(lambda k: cell.run(k, seed, "sweep").key, cell.rates(), done)
    rates = next_rates(around(plan().entries[cell.name].guess), found)
    runs = [cell.run(k, seed, "sweep") for k in rates]
    if not rates:
        runs = [cell.run(best(found), seed, "final") for seed in plan().seeds]
    return [run for run in runs if run.key not in done]


# The table ----------------------------------------------------------------------------------------


def known() -> dict[str, dict[str, Any]]:
    """Return all runs by their keys, of the table those that the same settings still give."""

    def again(row: Mapping[str, str]) -> Run | None:
        half_decades = round(2 * log10(float(row["rate"])))
        there = row["method"] in plan().entries
        return (
            Cell(row["method"]).run(half_decades, int(row["seed"]), row["phase"]) if there else None
        )

    def taken(row: Mapping[str, str]) -> dict[str, Any]:
        settings = again(row)
        assert settings
        return experiment.written(row, settings)

    return kept.known(TABLE, RUNS, again, taken)


def rows(done: Done) -> list[dict[str, Any]]:
    """Return the table of all runs of the plan, in its order; what is no part of it is left out."""
    found = []
    for cell in cells():
        settings = [cell.run(k, plan().sweep_seed, "sweep") for k in cell.rates()]
        settings += [cell.run(k, seed, "final") for k in cell.rates() for seed in plan().seeds]
        made = [done[run.key] for run in settings if run.key in done]
        found += [experiment.row(one, cell.name, 100 * point()) for one in made]
    return found


def main() -> None:
    """Read the command line."""
    chosen = runner.arguments(__doc__, only="entries whose name has this").parse_args()
    these = [cell for cell in cells() if chosen.only in cell.name]
    failed = []
    if not chosen.table:
        total = (EXPECTED + len(plan().seeds)) * len(these)
        with runner.connected(chosen.scheduler, chosen.workers) as client:
            failed = runner.advance(client, these, due, known(), run, RUNS, total)
    kept.write(TABLE, rows(known()), experiment.COLUMNS)
    runner.end(failed)


if __name__ == "__main__":
    main()
