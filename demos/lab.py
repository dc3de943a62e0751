"""Answers for the lab: the fit of a method, or of a reader's own, to a target.

All is on layers of 32 × 32, where a fit takes a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from adapters_np.budget import best, explained
from adapters_np.control import without
from adapters_np.core import Adapter, WeightAdapter, load, perturbed
from adapters_np.fit import fit, paced
from adapters_np.linalg import Array
from demos.world import toy
from demos.worlds import REAL, WORLDS, change

TARGETS = WORLDS | {name: REAL[name] for name in ("real", "control", "real_prose", "real_memory")}
"""Targets of the fits. The control is that of `real`."""


def weight(world: str = "") -> Array:
    """Return the weight that a world changes, (32, 32): the toy layer's, or the trained one's."""
    return toy(size="32x32", base="trained" if world in REAL else "power_law").W


def budget(rank: int) -> int:
    """Return the parameter budget that matches LoRA of a rank.

    It is 2 % more than LoRA has: a method of its size may have a parameter for each rank besides.

    >>> [budget(rank) for rank in (1, 2, 4)]
    [65, 130, 261]
    """
    return int(1.02 * rank * sum(weight().shape))


def goal(name: str, taught_by: dict[str, Any] | None = None) -> Array:
    """Return a ΔW*: that of a world, or what a method teaches at the settings that are given.

    Raises:
        ValueError: when there is no such world, or when the method has no ΔW.
    """
    if taught_by is None:
        return change(name, weight(name))
    rng = np.random.default_rng([0, *b"teacher"])
    teacher = perturbed(load(name).init(weight(), rng, **taught_by), rng, 0.5)
    if not isinstance(teacher, WeightAdapter):
        raise ValueError(f"{name} has no ΔW to teach")
    return teacher.delta(weight())


def examine(
    method: str,
    knobs: dict[str, Any],
    name: str,
    taught_by: dict[str, Any] | None = None,
    control: str = "",
) -> Iterator[dict[str, Any]]:
    """Yield the target, the fitted change and the residual, all on one scale, better and better.

    Args:
        method: Who is fitted.
        knobs: Its settings.
        name: Of a world or, with `taught_by`, of a method.
        taught_by: The settings at which that method teaches.
        control: The control that takes the method's hypothesis out, if any.

    Raises:
        ValueError: when a knob does not fit, or there is no such control.
    """
    W, D = weight(name), goal(name, taught_by)
    rng = np.random.default_rng(1)
    adapter = without(method, control, load(method).init(W, rng, **knobs), W, rng)
    for found in paced(fit(adapter, W, D)):
        fitted = found.adapter.delta(W) if isinstance(found.adapter, WeightAdapter) else D
        views = {"target": D, "fitted": fitted, "residual": D - fitted}
        yield {
            "views": {name: np.ascontiguousarray(view).ravel() for name, view in views.items()},
            "share": explained(found.error),
            "step": found.step,
            "more": not found.done,
            "sentence": "",
        }


def adapter_of(namespace: dict[str, Any], module: str) -> type[Adapter]:
    """Return the last adapter that a module defines.

    Raises:
        ValueError: when it defines none.
    """
    found = [
        value
        for value in namespace.values()
        if isinstance(value, type)
        and issubclass(value, WeightAdapter)
        and value.__module__ == module
    ]
    if not found:
        raise ValueError(
            "the code defines no adapter: write a class that derives from WeightAdapter and has "
            "init and delta, as the first version does"
        )
    return found[-1]


def reach(cls: type[Adapter], world: str, rank: int) -> dict[str, Any]:
    """Return what a class explains of a world with as many parameters as LoRA has at a rank.

    `share` is None where its smallest setting has more.
    """
    setting, end = best(cls, weight(world), goal(world), budget(rank))
    within_budget = setting.size <= budget(rank)
    return {
        "name": cls.__name__,
        "share": explained(end.error) if within_budget else None,
        "size": setting.size,
        "knobs": setting.knobs,
    }
