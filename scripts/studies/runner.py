"""Makes the runs of a study that are missing, on Dask, and writes each down when it is done.

A run is one line of a file, found again by the hash of its settings: none is made twice, and a
study that is broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import dask
from distributed import Client, LocalCluster, as_completed

from scripts.studies.kept import Row, Settings, append

KEEP = {
    "MALLOC_ARENA_MAX": 1, "MALLOC_MMAP_MAX_": 0,
    "MALLOC_TRIM_THRESHOLD_": 2**34, "MALLOC_TOP_PAD_": 2**28,
}  # fmt: skip
"""What makes a process keep its memory, where Dask's own settings give it back at every step."""


class Place(Protocol):
    """A cell of a study: a method on a task."""

    @property
    def name(self) -> str:
        """The method."""

    @property
    def task(self) -> str:
        """The task."""


AnyPlace = TypeVar("AnyPlace", bound=Place)
AnyRun = TypeVar("AnyRun", bound=Settings)
Due = Callable[[AnyPlace, Mapping[str, Mapping[str, Any]]], list[AnyRun]]


def advance(
    client: Client,
    chosen: Sequence[AnyPlace],
    due: Due[AnyPlace, AnyRun],
    done: dict[str, Row],
    run: Callable[[AnyRun], Row],
    path: Path,
    total: int,
) -> list[str]:
    """Make all missing runs of cells, those of the first ones first.

    The runs of a method prefer one worker, which has compiled them.

    Args:
        client: Of a Dask scheduler.
        chosen: The cells.
        due: Which runs of a cell can be started, given what is done; asked when none of it is under
            way, for a sweep that has not ended may have another best rate.
        done: The runs that there are, by key; new ones are added.
        run: Makes one.
        path: Where it is written down.
        total: About how many there will be in the end, for the report.

    Returns:
        What failed, a line for each run.
    """
    workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
    place = {cell: i for i, cell in enumerate(chosen)}
    names = dict.fromkeys(cell.name for cell in chosen)
    home = {name: workers[i % len(workers)] for i, name in enumerate(names)}
    pending: dict[str, AnyPlace] = {}
    failed = []

    def submit(some: Iterable[AnyPlace]) -> Iterator[Any]:
        busy = {cell for key, cell in pending.items() if key not in done}
        for cell in some:
            for settings in () if cell in busy else due(cell, done):
                if settings.key in pending:
                    continue
                pending[settings.key] = cell
                yield client.submit(
                    run,
                    settings,
                    key=settings.key,
                    workers=[home[cell.name]],
                    allow_other_workers=True,
                    priority=-place[cell],
                    retries=0,
                )

    queue, began = as_completed(list(submit(chosen))), time.monotonic()
    for made, future in enumerate(queue, 1):
        if future.status == "finished":
            row = future.result()
            done[row["key"]] = row
            append(row, path)
            of = pending[future.key]
            kin = [c for c in chosen if (c.name, c.task) == (of.name, of.task)]
            for new in submit(kin):
                queue.add(new)
        else:
            failed.append(f"{future.key}: {future.exception()!r}")
        future.release()
        left = (time.monotonic() - began) / made * max(0, total - len(done))
        print(f"\r{len(done)} of about {total} runs, {left / 3600:.1f} h left ", end="",
              file=sys.stderr, flush=True)  # fmt: skip
    print(file=sys.stderr)
    return failed


def end(failed: Sequence[str]) -> None:
    """End with what failed, if anything did."""
    if failed:
        head = f"{len(failed)} runs failed, the next start makes them again:"
        sys.exit("\n".join([head, *failed]))


def arguments(about: str | None, *, only: str) -> argparse.ArgumentParser:
    """Return what the command line of every study takes; `only` says which cells it chooses."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--scheduler", help="the address of a running Dask scheduler")
    parser.add_argument("--workers", type=int, default=2, help="processes on this machine")
    parser.add_argument("--only", default="", help=only)
    parser.add_argument("--table", action="store_true", help="only write the table")
    return parser


def connected(scheduler: str | None, workers: int) -> Client:
    """Return a client of a scheduler, or of single-threaded processes on this machine."""
    if scheduler:
        return Client(scheduler)
    with dask.config.set({"distributed.nanny.pre-spawn-environ": KEEP}):
        cluster = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0")
    return Client(cluster)
