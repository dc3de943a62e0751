"""Controls of LoKr, which believes in one pattern that repeats with a strength."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import InOrder, OutOrder, control, grown
from adapters_np.linalg import Array
from adapters_np.methods.lokr import LoKr


@dataclass(frozen=True, eq=False)
class ShuffledLoKr(OutOrder, InOrder, LoKr):
    """A Kronecker product of rows and columns in other orders."""


@control("relocated")
def shuffled(fresh: LoKr, W: Array, rng: np.random.Generator) -> ShuffledLoKr:
    """Put the rows and the columns of the change in orders drawn at random.

    Taken out: which entries are a block. Kept: one pattern for all blocks, a strength for each, all
    singular values.
    """
    out_order, in_order = (rng.permutation(side) for side in W.shape)
    return grown(ShuffledLoKr, fresh, out_order=out_order, in_order=in_order)
