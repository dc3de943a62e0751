"""Controls of POET, which believes in the singular values of the weight."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import control, grown, stretches, symmetric
from adapters_np.linalg import Array
from adapters_np.methods.poet import POET


@dataclass(frozen=True, eq=False)
class StretchedPOET(POET):
    """Blocks that stretch where those of POET turn."""

    def turn(self, Q: Array) -> Array:
        """Return the stretches, (n, b, b)."""
        return stretches(symmetric(Q, self.block_size))


@control("relaxed")
def symmetric_generators(fresh: POET, W: Array, rng: np.random.Generator) -> StretchedPOET:
    """Put symmetric generators with zero diagonals in the place of skew ones; nothing is drawn.

    Taken out: that singular values are kept. Kept: which inputs and which outputs are mixed with
    which, and the size of a first step.
    """
    return grown(StretchedPOET, fresh)
