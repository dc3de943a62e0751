"""Controls of KRAdapter, which believes in rows that are products of two short ones."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import InOrder, OutOrder, control, grown
from adapters_np.linalg import Array
from adapters_np.methods.kradapter import KRAdapter


@dataclass(frozen=True, eq=False)
class ShuffledKRAdapter(OutOrder, InOrder, KRAdapter):
    """Rows that are folded after their entries are put in an order at random."""


@control("relocated", claim="level")
def shuffled(fresh: KRAdapter, W: Array, rng: np.random.Generator) -> ShuffledKRAdapter:
    """Fold rows after inputs and outputs are put in an order at random.

    Taken out: which entries of a row share a factor. Kept: that a folded row is one column times
    one row, and all ranks.
    """
    order = {"out_order": rng.permutation(len(W)), "in_order": rng.permutation(W.shape[1])}
    return grown(ShuffledKRAdapter, fresh, **order)
