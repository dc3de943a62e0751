"""Settings within a number of trained parameters, and the share that chance would explain.

Method names do not occur here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from adapters_np.core import Adapter, arrays, knobs, parameters
from adapters_np.fit import Progress, fit, last
from adapters_np.knobs import Knob
from adapters_np.linalg import Array

MOST = 20
"""Most settings that are fitted for one number: the best of more would owe much to chance."""


class Setting(NamedTuple):
    """Values of an adapter's knobs, and how many parameters it then trains."""

    size: int
    knobs: dict[str, Any]


def choose(cls: type[Adapter], W: Array, budget: int) -> list[Setting]:
    """Return the settings of an adapter worth a try within a number of trained parameters.

    More parameters may explain less, since another block size or form makes another family. So all
    forms (switches, words) and all numbers out of a list are tried; of numbers in a range, the
    settings of which none can grow; those that do not change the count keep their default. A value
    that departs from the method's hypothesis is not tried. First
    come the forms that are the default, then more parameters. Where these are more than MOST, forms
    leave their default one at a time. If the budget is below the smallest setting, that one comes
    alone.

    Raises:
        ValueError: when W is too small for every setting.
    """
    grows = [knob.name for knob in knobs(cls).values() if _ranged(knob) and _counts(cls, knob)]
    every = _settings(cls, *W.shape)
    kept: dict[tuple[Any, ...], list[Setting]] = {}
    for setting in every:  # the largest first
        values = setting.knobs
        family = kept.setdefault(tuple(v for n, v in values.items() if n not in grows), [])
        outgrown = any(all(other.knobs[n] >= values[n] for n in grows) for other in family)
        if setting.size <= budget and not outgrown and _allowed(cls, W, setting):
            if len(grows) == 1 and family and family[-1].size == setting.size:
                family.pop()  # its number has only grown: it counts in steps, as of whole rows
            family.append(setting)
    found = [setting for family in kept.values() for setting in family]
    if not found:
        found = [setting for setting in every if _allowed(cls, W, setting)][-1:]
    if not found:
        raise ValueError(f"{cls.__name__} has no setting for a weight of shape {W.shape}")

    def order(setting: Setting) -> tuple[int, int, int]:
        moved = [k for k in knobs(cls).values() if setting.knobs[k.name] != k.default]
        forms = sum(isinstance(k.default, bool | str) for k in moved)
        return forms, -setting.size, len(moved)

    ranked = sorted(found, key=order)
    return ranked if len(ranked) <= MOST else [s for s in ranked if order(s)[0] <= 1]


def _ranged(knob: Knob) -> bool:
    return knob.kind in ("int", "float")


def _counts(cls: type[Adapter], knob: Knob) -> bool:
    """Say whether the declared shape of a trained array names the knob."""
    return any(f.learned and re.search(rf"\b{knob.name}\b", f.shape) for f in arrays(cls))


@lru_cache(maxsize=64)
def _settings(cls: type[Adapter], d_out: int, d_in: int) -> list[Setting]:
    """Return the settings that keep a method's hypothesis, for a weight's shape, largest first."""
    offered = {
        knob.name: (knob.default,)
        if _ranged(knob) and not _counts(cls, knob)
        else tuple(value for value in knob.values() if value not in knob.departs)
        for knob in knobs(cls).values()
    }
    sizes = {
        values: parameters(cls, d_out, d_in, **dict(zip(offered, values, strict=True)))
        for values in product(*offered.values())
    }
    ranged = [(i, k.default) for i, k in enumerate(knobs(cls).values()) if _ranged(k)]

    def idle(values: tuple[Any, ...]) -> bool:
        """Say whether a number has left its default and, in this form, counts for nothing."""
        return any(
            values[i] != default
            and sizes.get((*values[:i], default, *values[i + 1 :])) == sizes[values]
            for i, default in ranged
        )

    found = [
        Setting(size, dict(zip(offered, values, strict=True)))
        for values, size in sizes.items()
        if not idle(values)
    ]
    return sorted(found, key=lambda setting: -setting.size)


def _allowed(cls: type[Adapter], W: Array, setting: Setting) -> bool:
    """Say whether `init` takes the setting for this weight."""
    try:
        cls.init(W, np.random.default_rng(0), **setting.knobs)
    except ValueError:
        return False
    return True


def best(cls: type[Adapter], W: Array, change: Array, budget: int) -> tuple[Setting, Progress]:
    """Return the setting within a budget that explains most of a target, and its fit.

    All settings are fitted for four steps from one start. The nearest is then fitted to the end,
    and the second too, unless it is far behind.
    """

    def fitted(setting: Setting, steps: int = 60, starts: int = 3) -> Progress:
        adapter = cls.init(W, np.random.default_rng(1), **setting.knobs)
        return last(fit(adapter, W, change, steps=steps, starts=starts))

    tried = [(fitted(setting, 4, 1).error, setting) for setting in choose(cls, W, budget)]
    tried.sort(key=lambda pair: pair[0])
    near = [setting for error, setting in tried[:2] if error <= 1.1 * tried[0][0]]
    return min(((s, fitted(s)) for s in near), key=lambda end: end[1].error)


def explained(error: float) -> float:
    """Return the share of ‖ΔW*‖² that is explained when ‖ΔW − ΔW*‖ / ‖ΔW*‖ is the error.

    >>> round(explained(0.6), 9)
    0.64
    """
    return 1 - error**2


def chance(count: int, entries: int) -> float:
    """Return the share of a change with so many entries that a random subspace explains on average.

    >>> chance(128, 32 * 32)
    0.125
    """
    return min(1.0, count / entries)


def best_of_rank(change: Array) -> Array:
    """Return the shares that the best change of rank 0, 1, … explains (Eckart and Young, 1936).

    >>> best_of_rank(np.diag([2.0, 1.0, 0.0])).tolist()
    [0.0, 0.8, 1.0, 1.0]
    """
    return ranked(np.linalg.svd(change, compute_uv=False))


def ranked(sigma: Array) -> Array:
    """Return the shares of `best_of_rank` for a change with these singular values, descending."""
    energy = sigma**2
    return np.concatenate([[0.0], np.cumsum(energy) / energy.sum()])
