"""Controls of VB-LoRA, which believes that one bank of vectors serves a whole model."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import Order, control, grown, orthonormal
from adapters_np.core import Frozen
from adapters_np.linalg import Array
from adapters_np.methods.vblora import VBLoRA


@dataclass(frozen=True, eq=False)
class TurnedVBLoRA(VBLoRA):
    """Reads the bank through a rotation of its own."""

    turn: Annotated[Array, Frozen("vector_length, vector_length")]

    def pieces(self, logits: Array) -> Array:
        """Return the mixed vectors after the rotation, (…, b)."""
        return super().pieces(logits) @ self.turn


@dataclass(frozen=True, eq=False)
class ShuffledVBLoRA(VBLoRA):
    """Cuts its factors into pieces that are no neighbours."""

    out_order: Annotated[Order, Frozen("d_out")]
    in_order: Annotated[Order, Frozen("d_in")]

    def factors(self) -> tuple[Array, Array]:
        """Return B (d_out, r) and A (r, d_in), features in orders of their own."""
        B, A = super().factors()
        return B[self.out_order], A[:, self.in_order]


@control("relocated")
def shuffled(fresh: VBLoRA, W: Array, rng: np.random.Generator) -> ShuffledVBLoRA:
    """Cut the factors of each matrix into pieces after an order of features drawn at random.

    Taken out: that neighbouring features form a piece, at the same place in all matrices. Kept: the
    bank, pieces of the same length, the low rank.
    """
    out_order, in_order = (rng.permutation(side) for side in W.shape)
    return grown(ShuffledVBLoRA, fresh, out_order=out_order, in_order=in_order)


@control("relaxed")
def own_banks(fresh: VBLoRA, W: Array, rng: np.random.Generator) -> TurnedVBLoRA:
    """Let each matrix read the bank through a rotation of its own, drawn at random.

    Taken out: that the same vectors serve all matrices. Kept: the bank's size and its trained
    numbers, and all angles between its vectors. In a single matrix nothing is taken out.
    """
    return grown(TurnedVBLoRA, fresh, turn=orthonormal(rng, fresh.bank.shape[1]))
