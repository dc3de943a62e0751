"""Controls of RoAd, which believes in turning pairs of outputs."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import OutOrder, control, grown
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.road import COSINES, RoAd

MIRROR = np.array([[0.0, 1.0], [1.0, 0.0]])


@dataclass(frozen=True, eq=False)
class ShuffledRoAd(OutOrder, RoAd):
    """Pairs of outputs that are no neighbours."""

    def rotation(self) -> Array:
        """Return R in the weight's own order, (d_out, d_out)."""
        back = np.argsort(self.out_order)
        return super().rotation()[back][:, back]


@dataclass(frozen=True, eq=False)
class MirroredRoAd(RoAd):
    """α (cos θ, sin θ; sin θ, cos θ) for each pair: it is stretched where RoAd turns it."""

    def _blocks(self) -> Array:
        """Return the blocks, (d_out / 2, 2, 2)."""
        return self.alpha * (np.cos(self.theta) * COSINES + np.sin(self.theta) * MIRROR)


@control("relocated")
def random_pairs(fresh: RoAd, W: Array, rng: np.random.Generator) -> ShuffledRoAd:
    """Draw at random which outputs are a pair.

    Taken out: that neighbours are a pair. Kept: an angle and a gain for each of as many pairs.
    """
    return grown(ShuffledRoAd, fresh, out_order=rng.permutation(len(W)))


@control("relaxed")
def mirrored_pairs(fresh: RoAd, W: Array, rng: np.random.Generator) -> MirroredRoAd:
    """Change the sign of one sine in each block; nothing is drawn.

    Taken out: that a pair is turned. Kept: the pairs, two parameters for each, the size of a first
    step.
    """
    if fresh.theta.shape[1] > 1:  # rows of a block are free then, whatever the sign
        variant = 2 * fresh.theta.shape[2]
        raise KnobError("variant", variant, "leaves no constraint to lift: a block is free in it")
    return grown(MirroredRoAd, fresh)
