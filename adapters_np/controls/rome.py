"""Controls of ROME, which believes that a fact is read along the direction of its key."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array
from adapters_np.methods.rome import ROME


@control("relocated")
def random_directions(fresh: ROME, W: Array, rng: np.random.Generator) -> ROME:
    """Read along directions that are turned by a basis drawn at random.

    Taken out: that the direction read is a key, which other inputs hardly contain. Kept: how many
    directions there are, their lengths and the angles between them.
    """
    return replace(fresh, reads=fresh.reads @ orthonormal(rng, W.shape[1]))
