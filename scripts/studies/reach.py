"""Each method's fit to full fine-tuning's changes, beside its controls' fits.

Question b of docs/how-it-was-done.md. Full fine-tuning is trained once more in each base model, at
the rate and with the first seed of the experiment (a run repeats to the last bit); what it did to
`MATRICES` is kept in docs/data/controls_changes.npz, in half precision. Every method that has a ΔW
and controls is fitted to these as the lab fits, and so is each of its controls, drawn anew for each
matrix. All fits, the rows of docs/data/controls_reach.csv, take about half an hour of one core.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapters_np.budget import explained
from adapters_np.control import controls, without
from adapters_np.core import WeightAdapter, flatten, load
from adapters_np.fit import fit, last
from adapters_np.linalg import Array
from scripts.studies import experiment, rows, training
from scripts.studies.adapting import FULL
from scripts.studies.entries import Entry, entries
from scripts.studies.pretrain import base
from scripts.survey.results.controls import AGAIN, REACH, floor

CHANGES = REACH.with_name("controls_changes.npz")
TASKS, BASES, SEED = ("code",), (0, 1, 2), 1
MATRICES = (("q", 0), ("o", 3))
"""One that reads, in the first layer, and one that writes, in the last."""


class Place(NamedTuple):
    task: str
    base: int
    kind: str
    layer: int

    @property
    def key(self) -> str:
        return f"{self.task} {self.base} {self.kind} {self.layer}"

    @property
    def weight(self) -> Array:
        return np.asarray(base(self.base)[0][self.kind][self.layer], float)

    @property
    def change(self) -> Array:
        return changes()[self.key].astype(float)


def places() -> list[Place]:
    return [Place(task, b, *m) for task in TASKS for b in BASES for m in MATRICES]


def trained() -> Iterator[tuple[Place, Array]]:
    for task in TASKS:
        for b in BASES:
            run = experiment.study().counted(experiment.where(FULL, task, base=b))[SEED]
            found = training.change(run)
            for kind, layer in MATRICES:
                yield Place(task, b, kind, layer), found[kind][layer]


@cache
def changes(path: Path = CHANGES) -> dict[str, Array]:
    if not path.exists():
        half: Any = {place.key: change.astype(np.float16) for place, change in trained()}
        np.savez_compressed(path, **half)
    with np.load(path) as file:
        return dict(file)


def fitted() -> list[Entry]:
    return [
        e
        for e in entries().values()
        if controls(e.trains.slug) and not e.control.endswith(AGAIN)
        and not floor(e.method)
        and issubclass(load(e.trains.slug), WeightAdapter)
    ]  # fmt: skip


def described(entry: Entry, place: Place) -> Iterator[dict[str, Any]]:
    made, W = entry.trains, place.weight
    rng = np.random.default_rng([SEED, *map(ord, place.key)])
    fresh = load(made.slug).init(W, rng, **dict(made.knobs))
    start, clock = without(made.slug, entry.control, fresh, W, rng), time.process_time()
    end = last(fit(start, W, place.change))
    seconds = time.process_time() - clock
    yield {
        **place._asdict(), "method": entry.method, "control": entry.control,
        "parameters": flatten(start).size, "share": f"{explained(end.error):.5f}",
        "steps": end.step, "starts": len(end.starts), "seconds": f"{seconds:.1f}",
    }  # fmt: skip


def due(_: rows.Done) -> Iterator[tuple[rows.Where, rows.Make]]:
    for place in places():
        for entry in fitted():
            where = (*map(str, place), entry.method, entry.control)
            yield where, partial(described, entry, place)


TABLE = rows.Table(REACH, (*Place._fields, "method", "control"), due)
main = partial(rows.main, __doc__, TABLE)
