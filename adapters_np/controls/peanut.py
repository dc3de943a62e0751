"""Controls of PEANuT, whose change is a nonlinear function of the weight."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import control, grown
from adapters_np.core import Frozen
from adapters_np.linalg import Array
from adapters_np.methods.peanut import PEANuT


@dataclass(frozen=True, eq=False, kw_only=True)
class OfAnotherWeight(PEANuT):
    """A network that reads G, which is not the weight."""

    other: Annotated[Array, Frozen("d_out, d_in")]

    def features(self, W: Array) -> Array:
        """Return what the network sees in each column of G, (rank, d_in)."""
        return super().features(self.other)


@dataclass(frozen=True, eq=False)
class Straight(PEANuT):
    """The network without its rectifiers."""

    def features(self, W: Array) -> Array:
        """Return a linear map of each column of W, (rank, d_in)."""
        h, kept = self.A @ W, []
        for E in self.E:
            kept.append(h)
            h = E @ h
        for D in self.D:
            h = D @ h + kept.pop()
        return h


@control("relocated")
def entries_shuffled(fresh: PEANuT, W: Array, rng: np.random.Generator) -> OfAnotherWeight:
    """Let the network read the weight's entries in an order drawn at random.

    Taken out: that the change is computed from the weight. Kept: the network, its start, and a
    matrix of the same entries before it.
    """
    return grown(OfAnotherWeight, fresh, other=rng.permutation(W.ravel()).reshape(W.shape))


@control("relaxed")
def without_rectifiers(fresh: PEANuT, W: Array, rng: np.random.Generator) -> Straight:
    """Take the rectifiers out of the network; nothing is drawn.

    Taken out: that the change is no linear function of the weight. Kept: all factors, their start,
    and that the network reads the weight.
    """
    return grown(Straight, fresh)
