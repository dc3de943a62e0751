"""Controls of MiSS, which believes that inputs in groups can share a column."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import InOrder, control, grown, orthonormal
from adapters_np.core import Frozen
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.miss import MiSS


@dataclass(frozen=True, eq=False)
class ShuffledMiSS(InOrder, MiSS):
    """Groups of inputs drawn at random."""


@dataclass(frozen=True, eq=False)
class ProjectedMiSS(MiSS):
    """D P with a random P where MiSS has the sums S."""

    P: Annotated[Array, Frozen("rank, d_in")]

    def delta(self, W: Array) -> Array:
        """Return D P, D repeated along the outputs as in MiSS, (d_out, d_in)."""
        return np.tile(self.D @ self.P, (len(W) // len(self.D), 1))

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, (d_out, n)."""
        return W @ X + np.tile(self.D @ (self.P @ X), (len(W) // len(self.D), 1))


@control("relocated")
def random_groups(fresh: MiSS, W: Array, rng: np.random.Generator) -> ShuffledMiSS:
    """Draw the groups of inputs at random.

    Taken out: which inputs are a group. Kept: groups that share a column, of the same sizes.
    """
    return grown(ShuffledMiSS, fresh, in_order=rng.permutation(W.shape[1]))


@control("relaxed")
def random_projection(fresh: MiSS, W: Array, rng: np.random.Generator) -> ProjectedMiSS:
    """Put a random projection with the singular values of S in the place of its sums.

    Taken out: that inputs are summed in groups, so that columns repeat. Kept: as many fixed
    directions of the inputs, as long and orthogonal; the size of any change.
    """
    if fresh.bat:
        raise KnobError("bat", True, "has no sums that a projection could take the place of")
    r, d_in = fresh.D.shape[1], W.shape[1]
    sizes = np.bincount(np.arange(d_in) % r, minlength=r)  # of the groups
    P = np.sqrt(sizes)[:, None] * orthonormal(rng, d_in, r).T
    return grown(ProjectedMiSS, fresh, P=P)
