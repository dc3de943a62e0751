"""Controls of BOFT, which believes in a dense rotation made of small ones."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import InOrder, control, grown, stretches, symmetric
from adapters_np.linalg import Array
from adapters_np.methods.boft import BOFT


@dataclass(frozen=True, eq=False)
class ShuffledBOFT(InOrder, BOFT):
    """A butterfly over inputs in another order."""

    def rotation(self) -> Array:
        """Return R in the weight's own order, (d_in, d_in)."""
        back = np.argsort(self.in_order)
        return super().rotation()[back][:, back]


@dataclass(frozen=True, eq=False)
class StretchedBOFT(BOFT):
    """Factors that stretch where those of BOFT turn."""

    def _blocks(self) -> Array:
        """Return the stretches of all factors, (factors, n_blocks, b, b)."""
        return stretches(symmetric(self.Q, self.block_size))


@control("relocated")
def shuffled(fresh: BOFT, W: Array, rng: np.random.Generator) -> ShuffledBOFT:
    """Lay the butterfly over inputs in an order drawn at random.

    Taken out: that neighbouring inputs turn first. Kept: every angle between neurons, the
    butterfly.
    """
    return grown(ShuffledBOFT, fresh, in_order=rng.permutation(W.shape[1]))


@control("relaxed")
def symmetric_generators(fresh: BOFT, W: Array, rng: np.random.Generator) -> StretchedBOFT:
    """Put symmetric generators with zero diagonals in the place of skew ones; nothing is drawn.

    Taken out: that angles and lengths of neurons are kept. Kept: the butterfly, so which inputs are
    mixed with which, and the size of a first step. Two factors that turn overlap; two that stretch
    do not, so the control reaches more dimensions with as many parameters.
    """
    return grown(StretchedBOFT, fresh)
