r"""TinyLoRA mixes a weight's leading singular directions, in ways that a few parameters weigh.

$$W' = W + U_r S_r^{1/2}\, R\, S_r^{1/2} V_r^\top, \qquad R = \sum_{i=1}^{u} v_i P_i$$

Source: morris2026tinylora, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: nothing from PEFT for one layer. The paper, by reports of others, has S_r on the left
alone. v may serve several layers at once, each with its own P.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, thin_svd


@dataclass(frozen=True, eq=False)
class TinyLoRA(WeightAdapter):
    """A small matrix between frozen singular directions, spanned by few parameters."""

    v: Annotated[Array, Learned("u", unit=0.15)]
    P: Annotated[Array, Frozen("u, rank, rank")]
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
        rank: Annotated[int, Range(1, 16, letter="r")] = 4,
        u: Annotated[int, Range(1, 64)] = 8,
    ) -> Self:
        """Start at the identity: v is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of P, which PEFT stores unless `save_projection` is off.
            rank: r, how many of the largest singular directions are mixed.
            u: How many parameters there are, each of which weighs a random matrix.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U, sigma, Vt = thin_svd(W)
        root = np.sqrt(sigma[:rank])
        return cls(
            v=np.zeros(u),
            P=rng.normal(0, 1 / np.sqrt(rank), (u, rank, rank)),
            A=root[:, None] * Vt[:rank],
            B=U[:, :rank] * root,
        )

    def mixing(self) -> Array:
        """Return R, (rank, rank)."""
        return np.tensordot(self.v, self.P, 1)

    def delta(self, W: Array) -> Array:
        """Return B R A, (d_out, d_in), with A and B from the SVD of the fresh W."""
        return self.B @ self.mixing() @ self.A

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, (d_out, n)."""
        return W @ X + self.B @ (self.mixing() @ (self.A @ X))
