"""Full fine-tuning's ΔW: shown in the widgets, cut to few directions, and described by methods.

    python3 scripts/dev.py study changes

It takes the rates of full fine-tuning from docs/data/experiment.csv, trains again (a run repeats to
the last bit), and writes

- demos/trained.npy: a weight of each kind and its change after seed 1 on each task, for widgets;
- docs/data/experiment_cut.csv: the test loss with each ΔW cut to its first singular directions, for
  question e of docs/how-it-was-done.md;
- docs/data/experiment_reach.csv: the share of ‖ΔW‖² that each method can describe at the setting at
  which it was trained on code, over `PLACES`, after seed 1, and the test loss with what it
  describes in the place of ΔW, beside that with nothing and with all of ΔW there, for question h.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from adapters_np.budget import explained
from adapters_np.core import WeightAdapter, load, parameters
from adapters_np.fit import fit
from adapters_np.linalg import Array
from demos.world import SIDE, TASKS, TRAINED
from scripts.bootstrap import ROOT
from scripts.studies import experiment, rows, training
from scripts.studies.adapting import FULL
from scripts.studies.experiment import METHODS
from scripts.studies.pretrain import base
from scripts.studies.training import Run

DATA = ROOT / "docs" / "data"
DIRECTIONS = (1, 2, 4, 8, 16, 32, 64)
PLACES = (("q", 0), ("k", 1), ("v", 2), ("o", 3))
SHOWN_IN, SHOWN = ROOT / "demos" / "trained.npy", 1
"""The file of the weights that widgets have, and their layer."""

SECONDS = 20.0
"""The seconds after which the fit of a matrix ends; the best so far counts then."""


changed = cache(training.change)


@cache
def tuned() -> dict[str, dict[int, Run]]:
    return {task: experiment.study().counted(experiment.where(FULL, task)) for task in TASKS}


def cut(change: Array, directions: int) -> Array:
    """Return matrices of the same shape whose rank is at most `directions`, the nearest ones.

    >>> cut(np.diag([3.0, 2.0, 1.0]), 2).diagonal().round(9).tolist()
    [3.0, 2.0, 0.0]
    """
    U, s, Vt = np.linalg.svd(change, full_matrices=False)
    kept = np.where(np.arange(s.shape[-1]) < directions, s, 0)
    return np.asarray((U * kept[..., None, :]) @ Vt)


def cuts(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the test loss with the whole change, and with each matrix of it cut."""
    p, changes = training.models(run.task, run.base, run.width)[0], changed(run)
    start = training.untrained(run.task, run.base, run.width)["test"]
    for directions in DIRECTIONS:
        weights = p | {kind: p[kind] + cut(changes[kind], directions) for kind in changes}
        test, _ = training.losses_of(run, weights)
        yield {
            "task": run.task, "seed": run.seed, "directions": directions,
            "start_test": f"{start:.6g}", "test": f"{test:.6g}",
        }  # fmt: skip


def test(run: Run, changes: dict[str, Array], at_places: list[Array]) -> float:
    p, _ = training.models(run.task, run.base, run.width)
    weights = {kind: p[kind] + changes[kind] for kind in changes}
    for (kind, layer), change in zip(PLACES, at_places, strict=True):
        weights[kind] = weights[kind].at[layer].set(p[kind][layer] + change)
    return training.losses_of(run, p | weights)[0]


def reach(name: str) -> Iterator[dict[str, Any]]:
    run, method = tuned()[TASKS[0]][1], METHODS[name]
    changes = changed(run)
    whole = [np.asarray(changes[kind][layer], float) for kind, layer in PLACES]
    weights, cls, knobs = base()[0], load(method.slug), dict(method.knobs)
    described, left, count, stopped = list[Array](), 0.0, 0, 0
    for (kind, layer), target in zip(PLACES, whole, strict=True):
        W = np.asarray(weights[kind][layer], float)
        start = cls.init(W, np.random.default_rng(1), **knobs)
        clock = time.monotonic()
        for progress in fit(start, W, target):
            end = progress
            if time.monotonic() - clock > SECONDS:
                break
        assert isinstance(end.adapter, WeightAdapter)
        described.append(end.adapter.delta(W))
        stopped += not end.done
        left += float((target**2).sum()) * (1 - explained(end.error))
        count += parameters(cls, *W.shape, **knobs)
    losses = {
        "test_without": test(run, changes, [0 * change for change in whole]),
        "test_with": test(run, changes, whole),
        "test": test(run, changes, described),
    }
    share = 1 - left / sum(float((target**2).sum()) for target in whole)
    yield {
        "method": name, "share": f"{share:.5f}", "parameters": count, "stopped": stopped,
        **{what: f"{v:.6g}" for what, v in losses.items()},
    }  # fmt: skip


def reaching(_: rows.Done) -> Iterator[tuple[rows.Where, rows.Make]]:
    for name, method in METHODS.items():
        if method.slug == FULL or method.arm or method.place != "all":
            continue
        if issubclass(load(method.slug), WeightAdapter):
            yield (name,), partial(reach, name)


def show() -> None:
    """Write the weights that widgets have, and their changes, in half precision.

    The array is (kinds, 1 + tasks, d, d): of the feed-forward matrices it has the first block.
    """
    stages = [base()[0], *(changed(tuned()[task][1]) for task in TASKS)]
    blocks = [[stage[kind][SHOWN, :SIDE, :SIDE] for stage in stages] for kind in TRAINED]
    np.save(SHOWN_IN, np.array(blocks, np.float16))


def cutting(_: rows.Done) -> Iterator[tuple[rows.Where, rows.Make]]:
    for task, runs in tuned().items():
        for seed, run in runs.items():
            yield (task, str(seed)), partial(cuts, run)


CUT = rows.Table(DATA / "experiment_cut.csv", ("task", "seed"), cutting)
REACH = rows.Table(DATA / "experiment_reach.csv", ("method",), reaching)


def main() -> None:
    rows.main(__doc__, CUT, REACH)
    if not SHOWN_IN.exists():
        show()
