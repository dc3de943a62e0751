"""One gain for each row of W, and a change of rank r besides."""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, Rank, WeightAdapter
from adapters_np.linalg import Array


@dataclass(frozen=True, eq=False)
class GainsAndRank(WeightAdapter):
    """It reaches what DoRA does: a gain on W + B A is a gain on W and another B."""

    g: Annotated[Array, Learned("d_out")]
    A: Annotated[Array, Learned("rank, d_in")]
    B: Annotated[Array, Learned("d_out, rank")]

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, rank: Rank = 1) -> Self:
        """Start at no change."""
        d_out, d_in = W.shape
        A, B = rng.normal(size=(rank, d_in)), np.zeros((d_out, rank))
        return cls(np.zeros(d_out), A, B)

    def delta(self, W: Array) -> Array:
        """Return the change."""
        return self.g[:, None] * W + self.B @ self.A
