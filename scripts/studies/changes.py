"""What full tuning changed: kept for the site, cut to few directions, and described by each method.

    python3 scripts/dev.py study changes

It takes the rates of full tuning from docs/data/experiment.csv, trains again (a run repeats to the
last bit), and writes beside that table

- changes/TASK.npz: ΔW of every matrix after seed 1, in half precision, and of one of them demos/
  trained.npy, the weight and its change for the widgets;
- experiment_cut.csv: the test loss with each ΔW cut to its first singular directions, for questions
  d and e of docs/experiment.md;
- experiment_reach.csv: the share of ‖ΔW‖² that each method can describe at the setting at which it
  was trained, over `PLACES`, after seed 1, for question h. What is there is not made again.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads that wait cost more than they bring

import numpy as np

from adapters_np.core import WeightAdapter, load, parameters
from adapters_np.linalg import Array
from demos.budget import explained
from demos.fit import fit, last, within
from scripts.bootstrap import ROOT
from scripts.studies import experiment, training
from scripts.studies.adapting import FULL, Method
from scripts.studies.grid import METHODS
from scripts.studies.pretrain import base
from scripts.studies.training import Run

DATA = ROOT / "docs" / "data"
TASKS = ("code", "prose", "memory")
DIRECTIONS = (1, 2, 4, 8, 16, 32, 64)
PLACES = (("q", 0), ("k", 1), ("v", 2), ("o", 3))
SHOWN = ("v", 1)
SECONDS = 60.0
"""How long one matrix is fitted; the best so far counts then."""


def tuned() -> dict[str, list[Run]]:
    """Return the runs of full tuning that count, by seed, of each task that has some.

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


def described(method: Method, changes: dict[str, Array]) -> tuple[float, int]:
    """Return the share of ‖ΔW‖² that a method describes over `PLACES`, and its numbers there."""
    weights, cls, knobs = base()[0], load(method.slug), dict(method.knobs)
    left = whole = 0.0
    count = 0
    for kind, layer in PLACES:
        W, target = (np.asarray(a[kind][layer], float) for a in (weights, changes))
        adapter = cls.init(W, np.random.default_rng(1), **knobs)
        steps = fit(adapter, W, target)
        end = last(within(steps, time.perf_counter() + SECONDS))
        energy = float((target**2).sum())
        left, whole = left + energy * (1 - explained(end.error)), whole + energy
        count += parameters(cls, *W.shape, **knobs)
    return 1 - left / whole, count


def reach(task: str, changes: dict[str, Array], path: Path) -> None:
    """Add to a table what each method describes of a task's changes, where it does not say so."""
    there = {(r["method"], r["task"]) for r in rows(path)} if path.exists() else set()
    for name, (method, _) in METHODS.items():
        has_change = method.slug != FULL and issubclass(load(method.slug), WeightAdapter)
        if not has_change or method.arm or method.place != "all" or (name, task) in there:
            continue
        share, count = described(method, changes)
        row = {"method": name, "task": task, "share": f"{share:.5f}", "numbers": count}
        write(path, [row], more=path.exists())
        print(f"{task}: {name} describes {share:.1%}", file=sys.stderr)


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


def keep(path: Path, changes: dict[str, Array]) -> None:
    """Write changes in half precision, the same bytes each time.

    Raises:
        ValueError: when an entry does not fit into half precision.
    """
    small: dict[str, Any] = {kind: change.astype(np.float16) for kind, change in changes.items()}
    if not all(np.isfinite(change).all() for change in small.values()):
        raise ValueError(f"{path.name}: a change is too large for half precision")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **small)


def show(path: Path, changes: dict[str, Array]) -> None:
    """Write the weight that widgets have, and its change, (2, d, d) in half precision."""
    kind, layer = SHOWN
    np.save(path, np.stack([base()[0][kind][layer], changes[kind][layer]]).astype(np.float16))


def main() -> None:
    """Make all of them."""
    found = list[dict[str, Any]]()
    for task, runs in tuned().items():
        for run in runs:
            changes = training.change(run)
            found += cuts(run, changes)
            if run.seed == 1:
                keep(DATA / "changes" / f"{task}.npz", changes)
                if task == TASKS[0]:
                    show(ROOT / "demos" / "trained.npy", changes)
                reach(task, changes, DATA / "experiment_reach.csv")
    write(DATA / "experiment_cut.csv", found)


if __name__ == "__main__":
    main()
