"""Full fine-tuning's ΔW: shown in the widgets, cut to few directions, and described by methods.

    python3 scripts/dev.py study changes

It takes the rates of full fine-tuning from docs/data/experiment.csv, trains again (a run repeats to
the last bit), and writes

- demos/trained.npy: a weight of each kind and its change after seed 1 on each task, for widgets;
- docs/data/experiment_cut.csv: the test loss with each ΔW cut to its first singular directions, for
  question e of docs/experiment/protocol.md;
- docs/data/experiment_reach.csv: the share of ‖ΔW‖² that each method can describe at the setting at
  which it was trained on code, over `PLACES`, after seed 1, and the test loss with what it
  describes in the place of ΔW, beside that with nothing and with all of ΔW there, for question h.
  What is there is not made again.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait cost more than they bring

import numpy as np

from adapters_np.budget import explained
from adapters_np.core import WeightAdapter, load, parameters
from adapters_np.fit import fit
from adapters_np.linalg import Array
from demos.world import SIDE, TASKS, TRAINED
from scripts.bootstrap import ROOT
from scripts.studies import experiment, training
from scripts.studies.adapting import FULL
from scripts.studies.grid import METHODS
from scripts.studies.pretrain import base
from scripts.studies.training import Run

DATA = ROOT / "docs" / "data"
DIRECTIONS = (1, 2, 4, 8, 16, 32, 64)
PLACES = (("q", 0), ("k", 1), ("v", 2), ("o", 3))
SHOWN = 1
"""The layer whose weights the widgets have."""

SECONDS = 20.0
"""The seconds after which the fit of a matrix ends; the best so far counts then."""


def tuned() -> dict[str, list[Run]]:
    """Return the runs of full fine-tuning that count, by seed, of each task that has some.

    Raises:
        ValueError: when the table has none.
    """
    with experiment.TABLE.open(encoding="utf-8", newline="") as file:
        runs = [
            experiment.again(row)
            for row in csv.DictReader(file)
            if (row["method"], row["phase"], row["base"], row["width"])
            == (FULL, "final", "0", "64")
        ]
    plain = [run for run in runs if (run.steps, run.batch) == (Run.steps, Run.batch)]
    if not plain:
        raise ValueError(f"{experiment.TABLE.name} has no counted run of full tuning")
    found = {task: [run for run in plain if run.task == task] for task in TASKS}
    return {task: chosen for task, chosen in found.items() if chosen}


def cut(change: Array, directions: int) -> Array:
    """Return matrices of the same shape whose rank is at most `directions`, the nearest ones.

    >>> cut(np.diag([3.0, 2.0, 1.0]), 2).diagonal().round(9).tolist()
    [3.0, 2.0, 0.0]
    """
    U, s, Vt = np.linalg.svd(change, full_matrices=False)
    kept = np.where(np.arange(s.shape[-1]) < directions, s, 0)
    return np.asarray((U * kept[..., None, :]) @ Vt)


def cuts(run: Run, changes: dict[str, Array]) -> Iterator[dict[str, Any]]:
    """Yield the test loss with the whole change, and with each matrix of it cut."""
    p, _ = training.models(run.task, run.base, run.width)
    start = training.untrained(run.task, run.base, run.width)["test"]
    for directions in DIRECTIONS:
        weights = p | {kind: p[kind] + cut(changes[kind], directions) for kind in changes}
        test = training.test_loss(run, weights)
        yield {
            "task": run.task, "seed": run.seed, "directions": directions,
            "start_test": f"{start:.6g}", "test": f"{test:.6g}",
        }  # fmt: skip


class Described(NamedTuple):
    """A method's description of the changes at `PLACES`."""

    method: str
    share: float
    parameters: int
    stopped: int
    """The number of fits that were at the end of their time."""
    changes: list[Array]


def described(name: str, changes: list[Array]) -> Described:
    """Return what a method describes of the changes at `PLACES`."""
    method = METHODS[name]
    weights, cls, knobs = base()[0], load(method.slug), dict(method.knobs)
    found, left, count, stopped = list[Array](), 0.0, 0, 0
    for (kind, layer), target in zip(PLACES, changes, strict=True):
        W = np.asarray(weights[kind][layer], float)
        start = cls.init(W, np.random.default_rng(1), **knobs)
        clock = time.monotonic()
        for progress in fit(start, W, target):
            end = progress
            if time.monotonic() - clock > SECONDS:
                break
        assert isinstance(end.adapter, WeightAdapter)
        found.append(end.adapter.delta(W))
        stopped += not end.done
        left += float((target**2).sum()) * (1 - explained(end.error))
        count += parameters(cls, *W.shape, **knobs)
    share = 1 - left / sum(float((target**2).sum()) for target in changes)
    return Described(name, share, count, stopped, found)


def reach(run: Run, changes: dict[str, Array], path: Path) -> None:
    """Add to a table what each method describes of a run's changes, where it does not say so."""
    there = {r["method"] for r in rows(path)} if path.exists() else set()
    missing = [
        name
        for name, method in METHODS.items()
        if not (method.slug == FULL or method.arm or name in there)
        and method.place == "all" and issubclass(load(method.slug), WeightAdapter)
    ]  # fmt: skip
    p, _ = training.models(run.task, run.base, run.width)

    def test(at_places: list[Array]) -> float:
        weights = {kind: p[kind] + changes[kind] for kind in changes}
        for (kind, layer), change in zip(PLACES, at_places, strict=True):
            weights[kind] = weights[kind].at[layer].set(p[kind][layer] + change)
        return training.test_loss(run, p | weights)

    whole = [np.asarray(changes[kind][layer], float) for kind, layer in PLACES]
    ends = {"test_without": test([0 * change for change in whole]), "test_with": test(whole)}
    with get_context("spawn").Pool(2) as pool:
        for found in pool.imap(partial(described, changes=whole), missing):
            losses = ends | {"test": test(found.changes)}
            row = {
                "method": found.method, "share": f"{found.share:.5f}",
                "parameters": found.parameters, "stopped": found.stopped,
                **{what: f"{v:.6g}" for what, v in losses.items()},
            }  # fmt: skip
            write(path, [row], more=path.exists())
            print(f"{found.method} describes {found.share:.1%}", file=sys.stderr)


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, found: list[dict[str, Any]], *, more: bool = False) -> None:
    """Write a table, or more rows of it."""
    with path.open("a" if more else "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
        if not more:
            writer.writeheader()
        writer.writerows(found)


def show(path: Path, changes: dict[str, dict[str, Array]]) -> None:
    """Write the weights that widgets have, and their changes, in half precision.

    The array is (kinds, 1 + tasks, d, d): of the feed-forward matrices it has the first block.
    """
    stages = [base()[0], *(changes[task] for task in TASKS)]
    blocks = [[stage[kind][SHOWN, :SIDE, :SIDE] for stage in stages] for kind in TRAINED]
    np.save(path, np.array(blocks, np.float16))


def main() -> None:
    """Make all of them."""
    found, first = list[dict[str, Any]](), dict[str, tuple[Run, dict[str, Array]]]()
    for task, runs in tuned().items():
        for run in runs:
            changes = training.change(run)
            found += cuts(run, changes)
            if run.seed == 1:
                first[task] = run, changes
    write(DATA / "experiment_cut.csv", found)
    show(ROOT / "demos" / "trained.npy", {task: changes for task, (_, changes) in first.items()})
    reach(*first[TASKS[0]], DATA / "experiment_reach.csv")


if __name__ == "__main__":
    main()
