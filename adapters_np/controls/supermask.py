"""Controls of supermasks, which believe that a task needs less of a weight and nothing new."""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.control import control, grown
from adapters_np.core import Frozen
from adapters_np.linalg import Array
from adapters_np.methods.supermask import Supermask


@dataclass(frozen=True, eq=False)
class MaskOfAnotherWeight(Supermask):
    """(M − 1) ⊙ G, where G is not the weight."""

    G: Annotated[Array, Frozen("d_out, d_in")]

    def delta(self, W: Array) -> Array:
        """Return the change that the mask makes of G, (d_out, d_in)."""
        return super().delta(self.G)

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the mask of G whose change is nearest."""
        return super().nearest(self.G, change)


@control("relocated")
def entries_shuffled(fresh: Supermask, W: Array, rng: np.random.Generator) -> MaskOfAnotherWeight:
    """Take away the weight's entries in an order drawn at random.

    Taken out: that what is taken from an entry is the entry itself. Kept: the sizes that can be
    taken away, each once, and a score for each.
    """
    return grown(MaskOfAnotherWeight, fresh, G=rng.permutation(W.ravel()).reshape(W.shape))
