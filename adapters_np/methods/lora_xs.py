r"""LoRA-XS trains how a weight's leading singular directions are mixed, and nothing else.

$$W' = W + U_r S_r R V_r^\top$$

Source: balazy2024loraxs, whose formula is taken from reports of others.
Differs: R starts at zero; the paper draws it small at random.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, thin_svd


@dataclass(frozen=True, eq=False)
class LoRAXS(WeightAdapter):
    """A small matrix between frozen singular directions, trained as a whole."""

    R: Annotated[Array, Learned("rank, rank", unit=0.15)]
    A: Annotated[Array, Frozen("rank, d_in")]
    B: Annotated[Array, Frozen("d_out, rank")]

    gauges = ("rank", "relative_norm", "singular_entries", "subspace_overlap", "parameters")
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 16, letter="r")] = 8,
    ) -> Self:
        """Start at the identity: R is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            rank: r, how many of the largest singular directions are mixed.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U, sigma, Vt = thin_svd(W)
        return cls(np.zeros((rank, rank)), Vt[:rank], U[:, :rank] * sigma[:rank])

    def delta(self, W: Array) -> Array:
        """Return B R A, (d_out, d_in), with A and B from the SVD of the fresh W."""
        return self.B @ self.R @ self.A

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the best R for a change: its corner, over the lengths of the directions."""
        lengths = np.outer((self.B**2).sum(axis=0), (self.A**2).sum(axis=1))
        return replace(self, R=self.B.T @ change @ self.A.T / lengths)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, (d_out, n)."""
        return W @ X + self.B @ (self.R @ (self.A @ X))
