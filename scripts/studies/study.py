"""Run a study: cells of a plan, in each a sweep of rates and then the seeds that count, on Dask.

    python3 scripts/dev.py study later
    python3 scripts/dev.py study later --only hira --scheduler tcp://10.0.0.1:8786
    python3 scripts/dev.py study later --plan
    python3 scripts/dev.py study later --again 21a35345

A run is a line of .study/NAME.jsonl and then a row of docs/data/NAME.csv, found again by the hash
of its settings: one that is in either is not made again, and a study that was broken off goes on
where it was. docs/data/NAME.yml says which runs there are. Rates lie on a grid of so many steps a
decade; a sweep ends when both neighbours of its best rate have been tried.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from itertools import zip_longest
from math import inf, log10
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import dask
import numpy as np
from distributed import Client, LocalCluster, as_completed

from scripts.bootstrap import ROOT
from scripts.studies.adapting import Settings
from scripts.studies.rows import Row, append, logged, read, short, write

GRID = range(-40, 13)
"""Steps to which a sweep may come."""

CLOSE = 2e-3
"""Round-off of another processor, carried through all steps, stays below."""

KEEP = {
    "MALLOC_ARENA_MAX": 1, "MALLOC_MMAP_MAX_": 0,
    "MALLOC_TRIM_THRESHOLD_": 2**34, "MALLOC_TOP_PAD_": 2**28,
}  # fmt: skip
"""What makes a process keep its memory, where Dask's own settings give it back at every step."""

Where = tuple[str, ...]


class Run(NamedTuple):
    """A run of a study: its cell, the step of its rate, its seed, its phase, and its copy."""

    where: Where
    step: int
    seed: int
    phase: str
    draw: int = 0


Done = Mapping[Run, Row]


@dataclass(frozen=True)
class Beyond:
    """A run of a cell at another rate than its best one, unless another phase has it."""

    phase: str
    seed: int
    step: int
    above: Where | None = None
    """The cell whose best rate the step is counted from."""


@dataclass(frozen=True)
class Cell:
    """Runs that differ in rate and seed: of a sweep, if it has one, and those that count."""

    where: Where
    """Its values in the columns that name a cell."""
    seeds: tuple[int, ...] = ()
    guess: int | None = None
    """Where its sweep begins."""
    settled: int | None = None
    """Its rate, if another study has found it."""
    like: Where | None = None
    """The cell whose sweep gives the rate."""
    near: Where | None = None
    """The cell around whose best rate its own sweep begins."""
    first: tuple[int, ...] = (-1, 0, 1)
    """The rates with which the sweep begins, from there."""
    draws: tuple[int, ...] = ()
    """The copy of the model in which each seed is run, if there are several."""
    beyond: tuple[Beyond, ...] = ()

    def finals(self, step: int) -> list[Run]:
        pairs = zip_longest(self.seeds, self.draws, fillvalue=0)
        return [Run(self.where, step, seed, "final", draw) for seed, draw in pairs]


def next_rates(first: Iterable[int], tried: Mapping[int, float], most: int) -> list[int]:
    """Return the rates that a sweep still needs, as steps of its grid.

    >>> next_rates((-2, 0, 2), {}, 15)
    [-2, 0, 2]
    >>> next_rates((-2, 0, 2), {-2: 3.0, 0: 1.0, 2: 2.0}, 15)
    [-1, 1]
    >>> next_rates((-2, 0, 2), {-2: 3.0, -1: 2.0, 0: 1.0, 1: 1.5, 2: 2.0}, 15)
    []
    """
    missing = [k for k in first if k not in tried]
    if missing or len(tried) >= most:
        return missing
    return [k for k in (best(tried) - 1, best(tried) + 1) if k not in tried]


def best(tried: Mapping[int, float]) -> int:
    return min(tried, key=lambda k: (tried[k], k))


@dataclass(frozen=True)
class Study:
    """A plan, what makes settings of its runs, and what trains by them."""

    name: str
    where: tuple[str, ...]
    """The columns that name a cell."""
    columns: tuple[str, ...]
    cells: Sequence[Cell]
    settings: Callable[[Run, float], Settings]
    """What a run is trained by, given its rate."""
    train: Callable[[Any], Mapping[str, Any]]
    """What came out, by column."""
    sweep_seeds: tuple[int, ...] = (0,)
    per_decade: int = 2
    most: int = 11
    """Rates in a sweep."""
    loss: str = "validation"
    measured: tuple[str, ...] = ("validation", "test", "held")
    """Columns in which a run that is made again is compared."""
    digits: int = 7
    shared: int = 1
    """Of how many columns of a cell share compiled code: its runs prefer one worker."""
    order: Callable[[Run], tuple[Any, ...]] | None = None
    """What the table is sorted by before rates and seeds; else by the plan, sweeps first."""
    complete: Callable[[list[Row]], None] | None = None
    """What adds columns that follow from several rows."""
    further: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    """What writes further tables, by name."""
    folder: Path = ROOT / "docs" / "data"
    logs: Path = ROOT / ".study"

    @property
    def table(self) -> Path:
        return self.folder / f"{self.name}.csv"

    @property
    def log(self) -> Path:
        return self.logs / f"{self.name}.jsonl"

    @cached_property
    def at(self) -> dict[Where, Cell]:
        return {cell.where: cell for cell in self.cells}

    # Rows

    def of(self, run: Run) -> Settings:
        return self.settings(run, round(10 ** (run.step / self.per_decade), 9))

    def run(self, row: Row) -> Run | None:
        """Return the run that a row tells of, if the study still has it with these settings."""
        step = round(self.per_decade * log10(float(row["rate"])))
        where = tuple(row[column] for column in self.where)
        run = Run(where, step, int(row["seed"]), row["phase"], int(row.get("draw", 0)))
        return run if where in self.at and self.of(run).key == row["key"] else None

    def row(self, run: Run, made: Mapping[str, Any]) -> Row:
        settings = self.of(run)
        knobs = " ".join(f"{name}={value}" for name, value in settings.method.knobs)
        about = vars(settings.method) | vars(settings) | {"knobs": knobs, "key": settings.key}
        about |= dict(zip(self.where, run.where, strict=True)) | dict(made)
        return {column: short(about.get(column), self.digits) for column in self.columns}

    def done(self) -> dict[Run, Row]:
        """Return all runs of the plan that have been made, here or by others."""
        rows = (*read(self.table), *logged(self.log))
        return {run: row for row in rows if (run := self.run(row))}

    def counted(self, where: Where) -> dict[int, Any]:
        """Return the settings of a cell's runs that count and have been made, by seed."""
        found = (run for run in self.done() if (run.where, run.phase) == (where, "final"))
        return {run.seed: self.of(run) for run in found}

    def tabulate(self) -> None:
        """Write the table; seeds at a rate that a sweep has left behind are no part of it."""
        done = self.done()
        place = {where: i for i, where in enumerate(self.at)}

        def order(run: Run) -> tuple[Any, ...]:
            own = self.order(run) if self.order else (place[run.where], run.phase != "sweep")
            return *own, run.step, run.draw, run.seed

        rates = {cell.where: self.rate(cell, done)[1] for cell in self.cells}
        runs = (r for r in done if r.phase != "final" or rates[r.where] in (None, r.step))
        rows = [done[run] for run in sorted(runs, key=order)]
        if self.complete:
            self.complete(rows)
        write(self.table, rows, self.columns)

    # What is missing

    def swept(self, cell: Cell, done: Done) -> dict[int, float]:
        """Return the mean validation loss at each rate that all sweep seeds have been run at.

        One that diverged is infinite.
        """
        tried = {}
        for step in GRID:
            runs = [Run(cell.where, step, seed, "sweep") for seed in self.sweep_seeds]
            rows = [done[run] for run in runs if run in done]
            if len(rows) == len(runs):
                good = all(row["status"] == "done" for row in rows)
                tried[step] = fmean(float(row[self.loss]) for row in rows) if good else inf
        return tried

    def rate(self, cell: Cell, done: Done) -> tuple[list[int], int | None]:
        if cell.like:
            return self.rate(self.at[cell.like], done)
        if cell.settled is not None:
            return [], cell.settled
        start = self.rate(self.at[cell.near], done)[1] if cell.near else cell.guess
        if start is None:
            return [], None
        tried = self.swept(cell, done)
        missing = next_rates([start + k for k in cell.first], tried, self.most)
        return missing, None if missing else best(tried)

    def due(self, cell: Cell, done: Done) -> list[Run]:
        missing, rate = self.rate(cell, done)
        if rate is None:
            where = cell.like or cell.where
            runs = [Run(where, k, seed, "sweep") for k in missing for seed in self.sweep_seeds]
        else:
            runs = cell.finals(rate)
            runs += self.beyond(cell, {(run.step, run.seed) for run in runs}, done)
        return [run for run in runs if run not in done]

    def beyond(self, cell: Cell, ran: set[tuple[int, int]], done: Done) -> Iterator[Run]:
        """Yield the runs of a cell at further rates, given rates and seeds of those that count."""
        ran = ran | {(k, seed) for k in self.swept(cell, done) for seed in self.sweep_seeds}
        for one in cell.beyond:
            start = self.rate(self.at[one.above], done)[1] if one.above else 0
            if start is not None and (start + one.step, one.seed) not in ran:
                yield Run(cell.where, start + one.step, one.seed, one.phase)

    # Running

    def advance(self, client: Client, cells: Sequence[Cell]) -> list[str]:
        """Make all missing runs of cells, those of the first ones first.

        What is due is asked of a cell when none of its runs is under way, nor of the cell whose
        rate it takes: a sweep that has not ended may have another best rate.

        Returns:
            What failed, a line for each run.
        """
        workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
        names = dict.fromkeys(cell.where[: self.shared] for cell in cells)
        home = {name: workers[i % len(workers)] for i, name in enumerate(names)}
        done, pending, failed = self.done(), dict[str, Run](), list[str]()

        def submit() -> Iterator[Any]:
            busy = {run.where for run in pending.values() if run not in done}
            for place, cell in enumerate(cells):
                if not busy.isdisjoint((cell.where, cell.like, cell.near)):
                    continue
                for run in self.due(cell, done):
                    settings = self.of(run)
                    if settings.key in pending:
                        continue
                    pending[settings.key] = run
                    yield client.submit(
                        self.train,
                        settings,
                        key=settings.key,
                        workers=[home[cell.where[: self.shared]]],
                        allow_other_workers=True,
                        priority=-place,
                        retries=0,
                    )

        queue = as_completed(list(submit()))
        for future in queue:
            if future.status == "finished":
                run = pending[future.key]
                done[run] = self.row(run, future.result())
                append(done[run], self.log)
                for new in submit():
                    queue.add(new)
            else:
                failed.append(f"{future.key}: {future.exception()!r}")
            future.release()
            print(f"\r{len(done)} runs are made ", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        return failed

    def again(self, key: str) -> str:
        """Make one run of the table again, and say what came out.

        Args:
            key: Its key, or how that begins.

        Raises:
            SystemExit: when no run, or more than one, begins so, or a number comes out as another.
        """
        rows = [row for row in read(self.table) if key and row["key"].startswith(key)]
        if len(rows) != 1:
            raise SystemExit(
                f"{len(rows)} rows of {self.table.name} have a key that begins with {key!r}"
            )
        (row,) = rows
        run = self.run(row)
        if run is None:
            raise SystemExit(f"{row['key']}: the plan has no such run any more")
        made = self.row(run, self.train(self.of(run)))
        names = [name for name in self.measured if row.get(name)]
        lines = [f"{name}: {made[name]}, in the table {row[name]}" for name in names]
        other = [name for name in names if not abs(float(made[name]) - float(row[name])) < CLOSE]
        if other:
            raise SystemExit("\n".join((*lines, f"Not the same: {', '.join(other)}")))
        return f"{row['key']}: {'; '.join(lines)}"

    def drawn(self, count: int) -> list[str]:
        rows = read(self.table)
        draw = np.random.default_rng(len(rows)).choice(len(rows), count, replace=False)
        return [rows[i]["key"] for i in draw]

    def main(self) -> None:
        raw = argparse.RawDescriptionHelpFormatter
        parser = argparse.ArgumentParser(
            prog=f"study {self.name}", description=__doc__, formatter_class=raw
        )
        only = f"cells whose {', '.join(self.where)} have this"
        parser.add_argument("--only", default="", help=only)
        parser.add_argument("--plan", action="store_true", help="only say what is missing")
        parser.add_argument("--again", metavar="KEY", help="make one run of the table again")
        parser.add_argument("--draw", type=int, help="make so many, drawn at random, again")
        if self.further:
            parser.add_argument("--also", choices=self.further, help="only write a further table")
        parser.add_argument("--scheduler", help="the address of a running Dask scheduler")
        parser.add_argument("--workers", type=int, default=2, help="processes on this machine")
        chosen = parser.parse_args()
        if self.further and chosen.also:
            return self.further[chosen.also]()
        if chosen.again or chosen.draw:
            for key in [chosen.again] if chosen.again else self.drawn(chosen.draw):
                print(self.again(key), flush=True)
            return None
        cells = [cell for cell in self.cells if chosen.only in ", ".join(filter(None, cell.where))]
        if not cells:
            raise SystemExit(f"--only={chosen.only!r}: no cell has this")
        if chosen.plan:
            done = self.done()
            due = {run for cell in cells for run in self.due(cell, done)}
            made = sum(run.where in {cell.where for cell in cells} for run in done)
            return print(f"{len(cells)} cells: {made} runs are made, {len(due)} can be started")
        with connected(chosen.scheduler, chosen.workers) as client:
            failed = self.advance(client, cells)
        self.tabulate()
        if failed:
            head = f"{len(failed)} runs failed, the next start makes them again:"
            sys.exit("\n".join([head, *failed]))
        return None


def connected(scheduler: str | None, workers: int) -> Client:
    if scheduler:
        return Client(scheduler)
    with dask.config.set({"distributed.nanny.pre-spawn-environ": KEEP}):
        cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0")
    return Client(cluster)


if __name__ == "__main__":
    module: Any = import_module(f"scripts.studies.{sys.argv.pop(1)}")
    module.study().main() if hasattr(module, "study") else module.main()
