"""LoRA, trained otherwise (docs/data/otherwise.yml): variants.py by the recipes of recipes.py.

The weights that they end at are searched for intruders (intruders.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapters_np.linalg import Array
from scripts.studies import decoder, intruders, tasks, training
from scripts.studies import study as engine
from scripts.studies.experiment import settled
from scripts.studies.study import Beyond, Cell, Study
from scripts.studies.training import Run, Trained
from scripts.studies.variants import method
from scripts.survey.results.otherwise import plan

COLUMNS = (
    *("arm", "rate", "seed", "phase", "parameters", "validation", "test", "held"),
    *("start_validation", "start_test", "start_held", "intruders", "scattered", "reduced_test"),
    *("reduced_held", "shrunk_test", "shrunk_held", "status", "seconds", "key"),
)


def train(settings: Run) -> dict[str, Any]:
    """Train, look for intruders, and return what came out."""
    began = time.monotonic()
    made = training.trained(settings)
    after = found(settings, made) if settings.phase == "final" else {}
    return training.told(settings, made, began) | after


def found(settings: Run, made: Trained) -> dict[str, Any]:
    """Return how many intruders there are, and what becomes of the losses without them.

    Returns:
        `intruders` and `scattered`, the same of a change in random directions, for each cosine of
        the plan; for arms whose intruders are made weaker, the test loss and that on the
        pretraining text at each factor of the plan: `reduced_test` and `reduced_held` for the
        intruders, `shrunk_test` and `shrunk_held` for the whole change.
    """
    p, _ = training.models(settings.task, settings.base, settings.width)
    weights, _ = made.adapted.apply(p, made.learned, made.frozen)
    before, after = (
        {kind: np.asarray(w[kind], float) for kind in decoder.KINDS} for w in (p, weights)
    )
    random = intruders.scattered(before, after, [89, settings.seed])
    told: dict[str, Any] = {}
    for name, some in (("intruders", after), ("scattered", random)):
        near = intruders.near(before, some, plan().leading)
        told[name] = [int((near < below).sum()) for below in plan().below]
    if settings.method not in [method(name, "all") for name in plan().reduced]:
        return told
    below = plan().below[0]

    def weaker(factor: float) -> intruders.Weights:
        return intruders.reduced(before, after, plan().leading, below, factor)

    def smaller(factor: float) -> intruders.Weights:
        return intruders.shrunk(before, after, factor)

    ways = {"reduced": (weaker, plan().factors), "shrunk": (smaller, plan().shrunk)}
    for name, (way, factors) in ways.items():
        ends = [losses(p, way(factor), settings.task) for factor in factors]
        told[f"{name}_test"], told[f"{name}_held"] = (
            list(part) for part in zip(*ends, strict=True)
        )
    return told


def losses(p: decoder.Weights, matrices: Mapping[str, Array], task: str) -> tuple[float, float]:
    """Return the test loss, and that on the pretraining text, of a model with other matrices."""
    weights = p | {kind: jnp.asarray(a, jnp.float32) for kind, a in matrices.items()}
    about = tasks.task(task)
    judge: Callable[[Any], float] = partial(training.judged, partial(surprise(), weights))
    return judge(about.test), judge(about.held)


@cache
def surprise() -> Any:
    """Return the compiled loss of a model on a text."""
    return jax.jit(lambda weights, text: tasks.surprise(weights, decoder.Hooks(), None, text))


# The study ----------------------------------------------------------------------------------------


def cells() -> list[Cell]:
    """Return all cells; what is at the rate of another one follows it."""
    own, found = plan(), list[Cell]()
    usual = [Beyond("transfer", seed, settled("lora 4")) for seed in own.seeds]
    for name in (*own.settled, *own.swept):
        found.append(
            Cell(
                (name,),
                own.seeds,
                guess=own.swept.get(name),
                settled=settled(name) if name in own.settled else None,
                beyond=tuple(usual) if name in own.ranks else (),
            )
        )
        alike = [other for other, of in own.alike.items() if of == name]
        found += [Cell((other,), own.seeds, like=(name,)) for other in alike]
    return found


def settings(run: engine.Run, rate: float) -> Run:
    return Run(method(run.where[0], "all"), plan().task, rate, run.seed, run.phase)


@cache
def study() -> Study:
    place = {cell.where: i for i, cell in enumerate(cells())}
    return Study(
        "otherwise",
        ("arm",),
        COLUMNS,
        cells(),
        settings,
        train,
        sweep_seeds=(plan().sweep_seed,),
        order=lambda run: (place[run.where], run.phase),
    )
