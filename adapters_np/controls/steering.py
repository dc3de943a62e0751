"""Controls of steering, which believes that a difference of means is a behaviour."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array
from adapters_np.methods.steering import Steering


@control("relocated")
def random_direction(fresh: Steering, W: Array, rng: np.random.Generator) -> Steering:
    """Turn the recorded states by a basis drawn at random, and so their difference.

    Taken out: that the direction is the one in which the two groups differ. Kept: how far it leads,
    and its strength.
    """
    return replace(fresh, states=orthonormal(rng, len(W)) @ fresh.states)
