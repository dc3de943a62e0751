"""Controls of GOFT, which believes in a rotation made of planes."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import InOrder, control, grown
from adapters_np.linalg import Array, mix_pairs
from adapters_np.methods.goft import GOFT, ROUNDS


@dataclass(frozen=True, eq=False)
class ShuffledGOFT(InOrder, GOFT):
    """A tournament among inputs in another order."""

    def rotation(self) -> Array:
        """Return R in the weight's own order, (d_in, d_in)."""
        back = np.argsort(self.in_order)
        return super().rotation()[back][:, back]


@dataclass(frozen=True, eq=False)
class HyperbolicGOFT(GOFT):
    """Planes that are stretched along one diagonal and pressed along the other."""

    def _turn(self, W: Array) -> Array:
        return mix_pairs(W, ROUNDS[self.form](W.shape[1]), hyperbolic(self.theta))

    def shortcut(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return self.forward(W, X)


def hyperbolic(theta: Array) -> Array:
    """Return the matrices (cosh θ, sinh θ; sinh θ, cosh θ), (n, 2, 2)."""
    c, s = np.cosh(theta), np.sinh(theta)
    return np.stack([np.stack([c, s], -1), np.stack([s, c], -1)], -2)


@control("relocated")
def shuffled(fresh: GOFT, W: Array, rng: np.random.Generator) -> ShuffledGOFT:
    """Pair the inputs of the tournament in an order drawn at random.

    Taken out: which inputs share a plane. Kept: every angle between neurons, the tournament.
    """
    return grown(ShuffledGOFT, fresh, in_order=rng.permutation(W.shape[1]))


@control("relaxed")
def hyperbolic_planes(fresh: GOFT, W: Array, rng: np.random.Generator) -> HyperbolicGOFT:
    """Put (cosh, sinh) in the place of (cos, sin); nothing is drawn.

    Taken out: that angles and lengths of neurons are kept. Kept: the planes, their order, the size
    of a first step and the area of each plane.
    """
    return grown(HyperbolicGOFT, fresh)
