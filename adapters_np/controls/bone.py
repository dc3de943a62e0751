"""Controls of Bone, which believes that a weight's tiles guide their own change."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import InOrder, OutOrder, control, grown
from adapters_np.core import Frozen
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.bone import Bone


@dataclass(frozen=True, eq=False)
class ShuffledBone(OutOrder, InOrder, Bone):
    """Tiles of rows and columns that are no neighbours."""


@dataclass(frozen=True, eq=False)
class GuidedBone(Bone):
    """Tiles of a fixed random matrix guide the change."""

    guide: Annotated[Array, Frozen("d_out, d_in")]

    def delta(self, W: Array) -> Array:
        """Return the change that Bone makes of the guide, (d_out, d_in)."""
        return super().delta(self.guide)


@control("relocated")
def random_tiles(fresh: Bone, W: Array, rng: np.random.Generator) -> ShuffledBone:
    """Cut the tiles after rows and columns have been put in orders drawn at random.

    Taken out: which entries are a tile. Kept: the map from a tile of W to its change, shared by a
    band.
    """
    out_order, in_order = (rng.permutation(side) for side in W.shape)
    return grown(ShuffledBone, fresh, out_order=out_order, in_order=in_order)


@control("relaxed")
def random_guide(fresh: Bone, W: Array, rng: np.random.Generator) -> GuidedBone:
    """Let the tiles of a random matrix with W's norm guide the change.

    Taken out: that the weight guides its own change. Kept: the map from a tile to its change,
    shared by a band.
    """
    if fresh.form == "additive":
        raise KnobError("form", "additive", "has no weight in it that could be taken out")
    G = rng.normal(size=W.shape)
    return grown(GuidedBone, fresh, guide=G * (np.linalg.norm(W) / np.linalg.norm(G)))
