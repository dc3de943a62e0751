"""Controls of MoRA, which believes that a square between fixed maps is what to train."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import InOrder, OutOrder, control, grown, orthonormal
from adapters_np.core import Frozen
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.mora import SIDE, MoRA


@dataclass(frozen=True, eq=False)
class ShuffledMoRA(OutOrder, InOrder, MoRA):
    """A square whose pieces are made of inputs and outputs drawn at random."""


@dataclass(frozen=True, eq=False)
class ProjectedMoRA(MoRA):
    """Q M P with random Q and P where MoRA has copies and sums."""

    Q: Annotated[Array, Frozen(f"d_out, {SIDE}")]
    P: Annotated[Array, Frozen(f"{SIDE}, d_in")]

    def delta(self, W: Array) -> Array:
        """Return Q M P, (d_out, d_in)."""
        return self.Q @ self.M @ self.P

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of s hidden features, (d_out, n)."""
        return W @ X + self.Q @ (self.M @ (self.P @ X))


@control("relocated", claim="level")
def shuffled(fresh: MoRA, W: Array, rng: np.random.Generator) -> ShuffledMoRA:
    """Lay the square out after inputs and outputs are put in an order at random.

    Taken out: which inputs are read together, and which outputs are written alike. Kept: the
    square, the maps, and all ranks.
    """
    order = {"out_order": rng.permutation(len(W)), "in_order": rng.permutation(W.shape[1])}
    return grown(ShuffledMoRA, fresh, **order)


@control("relaxed", claim="level")
def random_maps(fresh: MoRA, W: Array, rng: np.random.Generator) -> ProjectedMoRA:
    """Put random maps of orthogonal directions in the place of copies and sums.

    Taken out: that inputs are summed and outputs repeated. Kept: the square between fixed maps, its
    rank, and the size of a change.
    """
    if fresh.maps == "rotated":
        raise KnobError("maps", fresh.maps, "has a square for each piece and no two maps around it")
    (d_out, d_in), s = W.shape, len(fresh.M)
    Q, P = (np.sqrt(d / s) * orthonormal(rng, d, s) for d in (d_out, d_in))
    return grown(ProjectedMoRA, fresh, Q=Q, P=P.T)
