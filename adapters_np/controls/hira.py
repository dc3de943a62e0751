"""Controls of HiRA, which believes that weights change in proportion to what they are."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import control
from adapters_np.core import Frozen, Learned, WeightAdapter
from adapters_np.linalg import Array
from adapters_np.methods.hira import HiRA
from adapters_np.methods.lora import LoRA


@dataclass(frozen=True, eq=False)
class OfAnotherWeight(WeightAdapter):
    """G ⊙ (B A), where G is not the weight."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.5)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.5)]
    G: Annotated[Array, Frozen("d_out, d_in")]

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator) -> "OfAnotherWeight":
        """Start at the identity with rank 1; the control takes HiRA's own factors."""
        return cls(rng.normal(size=(1, W.shape[1])), np.zeros((len(W), 1)), shuffled(W, rng))

    def delta(self, W: Array) -> Array:
        """Return G ⊙ (B A), (d_out, d_in)."""
        return self.G * (self.B @ self.A)


def shuffled(W: Array, rng: np.random.Generator) -> Array:
    """Return the entries of a weight in an order drawn at random, (d_out, d_in)."""
    return rng.permutation(W.ravel()).reshape(W.shape)


@control("relocated")
def entries_shuffled(fresh: HiRA, W: Array, rng: np.random.Generator) -> OfAnotherWeight:
    """Multiply with the weight's entries in an order drawn at random.

    Taken out: that an entry changes in proportion to itself. Kept: a product with a full-rank
    matrix of the same entries, so ranks and the size of a step stay as they are.
    """
    return OfAnotherWeight(fresh.A, fresh.B, shuffled(W, rng))


@control("relaxed")
def lora_of_the_same_rank(fresh: HiRA, W: Array, rng: np.random.Generator) -> LoRA:
    """Add the pattern of factors as it is, as LoRA of scale 1; nothing is drawn.

    Taken out: the product with the weight, and with it ranks above r. Kept: both factors.
    """
    return LoRA(fresh.A, fresh.B, 1.0)
