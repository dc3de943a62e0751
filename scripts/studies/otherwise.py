"""LoRA, trained otherwise (docs/data/otherwise.yml): variants.py by the recipes of recipes.py.

The weights that they end at are searched for intruders (intruders.py).
"""

from __future__ import annotations

import time
from functools import cache, partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from scripts.studies import decoder, intruders, training
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
    began = time.monotonic()
    made = training.trained(settings)
    after = searched(settings, made) if settings.phase == "final" else {}
    return training.outcome(settings, made, began) | after


def searched(settings: Run, made: Trained) -> dict[str, Any]:
    """Return how many intruders there are, and what becomes of the losses without them.

    They are counted for each cosine of the plan, and `scattered` are those of a change in random
    directions. Losses are at each factor of the plan: `reduced` if the intruders are made weaker,
    `shrunk` if the whole change is.
    """
    p, _ = training.models(settings.task, settings.base, settings.width)
    weights, _ = made.adapted.apply(p, made.learned, made.frozen)
    before, after = (
        {kind: np.asarray(w[kind], float) for kind in decoder.KINDS} for w in (p, weights)
    )
    random = intruders.scattered(before, after, [89, settings.seed])
    counts: dict[str, Any] = {}
    for name, some in (("intruders", after), ("scattered", random)):
        near = intruders.near(before, some, plan().leading)
        counts[name] = [int((near < below).sum()) for below in plan().below]
    if settings.method not in [method(name, "all") for name in plan().reduced]:
        return counts
    weaker = partial(intruders.reduced, before, after, plan().leading, plan().below[0])
    smaller = partial(intruders.shrunk, before, after)
    for name, way, factors in (
        ("reduced", weaker, plan().factors),
        ("shrunk", smaller, plan().shrunk),
    ):
        changed = ({k: jnp.asarray(a, jnp.float32) for k, a in way(f).items()} for f in factors)
        ends = [training.losses_of(settings, p | own) for own in changed]
        counts[f"{name}_test"], counts[f"{name}_held"] = map(list, zip(*ends, strict=True))
    return counts


# The study ----------------------------------------------------------------------------------------


def cells() -> list[Cell]:
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
