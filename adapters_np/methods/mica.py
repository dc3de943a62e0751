r"""MiCA writes along the output directions that a weight uses least, and learns what to read.

$$W' = W + s\, U_\text{minor} A, \qquad s = \alpha / r$$

Source: rudiger2026mica, its formula as PEFT implements it; peft2026benchmark for the run.
Differs: nothing from PEFT, where it is a start of LoRA that freezes B.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Alpha, Frozen, Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, thin_svd


@dataclass(frozen=True, eq=False)
class MiCA(WeightAdapter):
    """LoRA whose B is frozen at the last left singular vectors of the weight."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.1)]
    B: Annotated[Array, Frozen("d_out, rank")]
    s: float

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    pictures = ("core",)

    @classmethod
    def init(
        cls, W: Array, rng: np.random.Generator, *, rank: Rank = 8, alpha: Alpha = 16.0
    ) -> Self:
        """Start at the identity: A is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; the directions are computed from W.
            rank: r, along how many of the weakest output directions is written.
            alpha: The scale's numerator; the change is multiplied by alpha / r.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U = thin_svd(W)[0]
        return cls(np.zeros((rank, W.shape[1])), U[:, U.shape[1] - rank :], alpha / rank)

    def delta(self, W: Array) -> Array:
        """Return s B A, (d_out, d_in), with B from the SVD of the fresh W."""
        return self.s * self.B @ self.A

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the best A for a change: what the change has along the directions."""
        return replace(self, A=self.B.T @ change / self.s)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, (d_out, n)."""
        return W @ X + self.s * self.B @ (self.A @ X)
