"""Predictions of others that a trained model decides (docs/data/symmetries.yml).

Copies of the experiment's base model that compute the same (copies.py) are trained like the base
model, with the arms of variants.py. `--also dimensions` counts dimensions, for X.10.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax.numpy as jnp

from adapters_np.core import arrays, load
from scripts.studies import rows, training
from scripts.studies import study as engine
from scripts.studies.adapting import Method
from scripts.studies.copies import copied
from scripts.studies.decoder import LAYERS, SQUARE
from scripts.studies.entries import reached
from scripts.studies.experiment import METHODS, settled
from scripts.studies.study import Cell, Study
from scripts.studies.variants import Armed, method
from scripts.survey.results import experiment
from scripts.survey.results.symmetries import REACHED, Part, plan

LARGEST = 40_000
"""Parameters up to which dimensions are counted; beyond, a derivative takes gigabytes."""

UNDRAWN = ("plain", "folded")
"""Copies of which there is one."""

COLUMNS = (
    *("prediction", "arm", "copy", "draw", "rate", "seed", "phase", "parameters", "validation"),
    *("test", "start_test", "status", "seconds", "key"),
)


@dataclass(frozen=True)
class Run(training.Run):
    copy: str = "plain"
    draw: int = 0


@cache
def compiled(trains: Method, task: str, steps: int) -> Any:
    return training.compiled(Armed(trains, copied("plain", 0), task), steps)


def train(settings: Run) -> dict[str, Any]:
    began = time.monotonic()
    base = copied(settings.copy, settings.draw)
    p = {name: jnp.asarray(a) for name, a in base.items()}
    adapted = Armed(settings.method, base, settings.task)
    steps = compiled(settings.method, settings.task, settings.steps)
    made = training.trained(settings, within=(p, adapted, *steps))
    return training.outcome(settings, made, began)


def whole(trains: Method) -> int | None:
    """Return how many dimensions of all matrices a method can move in, if they share nothing."""
    if any(field.shared and field.learned for field in arrays(load(trains.slug))):
        return None
    each = [reached(trains, kind) for kind in ("q", "up", "down")]
    if None in each:
        return None
    square, up, down = map(int, filter(None, each))
    return LAYERS * (len(SQUARE) * square + up + down)


def dimensions() -> None:
    """Write in how many dimensions each setting of the experiment can move, and its parameters.

    Settings are those that change all matrices on code, up to `LARGEST` parameters.
    """
    found = []
    for name in sorted(experiment.methods(experiment.Cell())):
        trains, first = METHODS[name], next(iter(experiment.finals(name).values()))
        usual = trains.place == "all" and not (trains.arm or trains.departs)
        if usual and first.parameters <= LARGEST and (dimension := whole(trains)):
            found.append(
                {
                    "method": name, "slug": trains.slug, "parameters": first.parameters,
                    "dimension": dimension,
                }
            )  # fmt: skip
    rows.write(REACHED, found)


# The study ----------------------------------------------------------------------------------------


def cells() -> Iterator[Cell]:
    for prediction, part in plan().parts.items():
        for name in part.names():
            yield from (cell(prediction, part, name, copy) for copy in part.copies)


def cell(prediction: str, part: Part, name: str, copy: str) -> Cell:
    first, pairs = next(iter(part.copies)), part.copies[copy].pairs()
    swept = name in part.swept
    return Cell(
        (prediction, name, copy),
        tuple(seed for _, seed in pairs),
        guess=part.swept.get(name),
        settled=None if swept else settled(name),
        like=(prediction, name, first) if swept and copy != first else None,
        draws=() if copy in UNDRAWN else tuple(draw for draw, _ in pairs),
    )


def settings(run: engine.Run, rate: float) -> Run:
    prediction, name, copy = run.where
    trains = method(name, plan().parts[prediction].place)
    return Run(trains, plan().task, rate, run.seed, run.phase, copy=copy, draw=run.draw)


@cache
def study() -> Study:
    return Study(
        "symmetries",
        ("prediction", "arm", "copy"),
        COLUMNS,
        list(cells()),
        settings,
        train,
        sweep_seeds=(plan().sweep_seed,),
        measured=("validation", "test"),
        shared=2,
        further={"dimensions": dimensions},
    )
