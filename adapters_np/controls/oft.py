"""Controls of OFT, which believes in the angles between neurons."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import InOrder, control, grown, stretches, symmetric
from adapters_np.linalg import Array
from adapters_np.methods.oft import OFT


@dataclass(frozen=True, eq=False)
class ShuffledOFT(InOrder, OFT):
    """Blocks of inputs that are no neighbours."""

    def rotation(self) -> Array:
        """Return R in the weight's own order, (d_in, d_in)."""
        back = np.argsort(self.in_order)
        return super().rotation()[back][:, back]


@dataclass(frozen=True, eq=False)
class StretchedOFT(OFT):
    """Blocks that stretch where those of OFT turn."""

    def _blocks(self) -> Array:
        """Return the stretches, (n_blocks, b, b)."""
        S = self._within(symmetric(self.Q, self.block_size))
        return np.broadcast_to(stretches(S), (self.n_blocks, *S.shape[1:]))

    def nearest(self, W: Array, change: Array) -> None:
        """Say that there is no closed form."""
        return None


@control("relocated")
def shuffled(fresh: OFT, W: Array, rng: np.random.Generator) -> ShuffledOFT:
    """Cut the blocks after the inputs have been put in an order drawn at random.

    Taken out: that neighbouring inputs turn together. Kept: every angle between neurons.
    """
    return grown(ShuffledOFT, fresh, in_order=rng.permutation(W.shape[1]))


@control("relaxed")
def symmetric_generators(fresh: OFT, W: Array, rng: np.random.Generator) -> StretchedOFT:
    """Put symmetric generators with zero diagonals in the place of skew ones; nothing is drawn.

    Taken out: that angles and lengths of neurons are kept. Kept: which inputs are mixed with which,
    the size of a first step, and, as the generators have no trace, nearly the volume.

    Source: the constraint is lifted in bini2024ether, too, by free blocks with more parameters.
    """
    return grown(StretchedOFT, fresh)
