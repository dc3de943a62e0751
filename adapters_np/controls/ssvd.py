"""Controls of SSVD, which believes in turning what a layer listens for in its own directions."""

from dataclasses import dataclass, replace

import numpy as np

from adapters_np.control import control, grown, orthonormal, stretches, symmetric
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.ssvd import SSVD


@dataclass(frozen=True, eq=False)
class StretchedSSVD(SSVD):
    """A stretching of the leading directions where SSVD turns them."""

    def rotation(self) -> Array:
        """Return I − 2S with a symmetric S, or what the Cayley map has for it, (k, k)."""
        S = symmetric(self.K, len(self.sigma))
        return stretches(-S) if self.constraint == "strict" else np.eye(len(S)) - 2 * S


@control("relocated")
def random_subspace(fresh: SSVD, W: Array, rng: np.random.Generator) -> SSVD:
    """Turn a subspace drawn at random, W standing on it as it does.

    Taken out: that the directions are leading singular vectors. Kept: orthonormal directions V that
    turn, unit directions U and lengths σ with U σ = W V, so the same rotation of W's own inputs (or
    outputs), and a shift for each length.
    """
    turned = W if fresh.side == "input" else W.T
    V = orthonormal(rng, turned.shape[1], len(fresh.sigma))
    there = turned @ V
    sigma = np.linalg.norm(there, axis=0)
    U = there / sigma
    if fresh.side == "output":
        U, V = V, U
    return replace(fresh, U=U, sigma=sigma, Vt=V.T)


@control("relaxed")
def symmetric_generators(fresh: SSVD, W: Array, rng: np.random.Generator) -> StretchedSSVD:
    """Put a symmetric generator with zero diagonal in the place of the skew one; nothing is drawn.

    Taken out: that the directions are only turned. Kept: the leading singular vectors, the shifts,
    the size of a first step.
    """
    if fresh.constraint == "none":
        raise KnobError("constraint", "none", "leaves no constraint to lift")
    return grown(StretchedSSVD, fresh)
