"""The share of a weight's change that a method explains, in a line: for notebooks.

>>> rng = np.random.default_rng(0)
>>> W = rng.normal(size=(24, 16))
>>> change = np.outer(rng.normal(size=24), rng.normal(size=16))
>>> found = explained("lora", W, change, parameters=40)
>>> f"{found.share:.3f} by {found.size} parameters, rank {found.knobs['rank']}"
'1.000 by 40 parameters, rank 1'
>>> found  # doctest: +ELLIPSIS
Explained(share=1.000, chance=0.104, low_rank=1.000, size=40, knobs={'rank': 1, ...LoRA(…))
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from adapters_np.budget import best, best_of_rank, chance
from adapters_np.budget import explained as share_of
from adapters_np.core import Adapter, WeightAdapter, load
from adapters_np.linalg import Array


class Explained(NamedTuple):
    """A method's best fit to a change.

    With `size` trained parameters at these `knobs` it explains `share` of ‖change‖². A random
    subspace of that many parameters explains `chance` on average. The best change of the rank that
    they buy explains `low_rank`. The fitted adapter is `adapter`.
    """

    share: float
    size: int
    knobs: dict[str, Any]
    chance: float
    low_rank: float
    adapter: Adapter

    def __repr__(self) -> str:
        """Return a line without the arrays of the adapter."""
        shares = f"share={self.share:.3f}, chance={self.chance:.3f}, low_rank={self.low_rank:.3f}"
        name = type(self.adapter).__name__
        return f"Explained({shares}, size={self.size}, knobs={self.knobs}, adapter={name}(…))"


def explained(method: str, W: Array, change: Array, parameters: int | None = None) -> Explained:
    """Return how much of a change of W a method explains within a number of parameters.

    Args:
        method: A module of adapters_np.methods, such as "oft".
        W: The weight before, (d_out, d_in).
        change: What was added to it, of the same shape.
        parameters: How many may be trained; as many as LoRA of rank 4 has if none is given.

    Raises:
        ValueError: When the method is unknown or changes no weight, or when parameters is below 1.
            Also when W is no matrix, shapes differ, an entry is not finite or the change is zero.
    """
    W, change = np.asarray(W, dtype=float), np.asarray(change, dtype=float)
    cls = load(method)
    if not issubclass(cls, WeightAdapter):
        raise ValueError(f"{method} changes no weight, so no change of one can be explained by it")
    if W.ndim != 2 or W.shape != change.shape:
        raise ValueError(
            f"W has the shape {W.shape} and the change {change.shape}, and both are (d_out, d_in)"
        )
    for name, array in (("W", W), ("change", change)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has an entry that is not finite")
    if not change.any():
        raise ValueError("the change is zero, so there is nothing to explain")
    sides = sum(W.shape)
    most = 4 * sides if parameters is None else parameters
    if most < 1:
        raise ValueError(f"parameters={most} is not a whole number from 1 up")
    setting, fitted = best(cls, W, change, most)
    return Explained(
        share_of(fitted.error),
        setting.size,
        setting.knobs,
        chance(setting.size, W.size),
        float(best_of_rank(change)[min(setting.size // sides, min(W.shape))]),
        fitted.adapter,
    )
