r"""LoHa multiplies two low-rank matrices entry by entry, and so their ranks as well.

$$W' = W + s\, (B_1 A_1) \odot (B_2 A_2), \qquad s = \alpha / r$$

Source: yeh2024lycoris, section 3.2, equation 3; hyeonwoo2022fedpara, section 2.2, for its rank.
Differs: nothing from LyCORIS. FedPara writes whole weights of networks trained from scratch in this
form. PEFT starts A₁, B₁ and B₂ Kaiming-uniform and A₂ at zero.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Alpha, Learned, Rank, WeightAdapter
from adapters_np.linalg import Array


@dataclass(frozen=True, eq=False)
class LoHa(WeightAdapter):
    """The entrywise product of two rank-r matrices."""

    A1: Annotated[Array, Learned("rank, d_in", unit=0.5)]
    B1: Annotated[Array, Learned("d_out, rank", unit=0.1)]
    A2: Annotated[Array, Learned("rank, d_in", unit=0.5)]
    B2: Annotated[Array, Learned("d_out, rank", unit=0.05)]
    s: float

    gauges = ("rank", "stable_rank", "effective_rank", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 4,
        alpha: Alpha = 16.0,
    ) -> Self:
        """Start at the identity: B₂ is zero; A₁ and A₂ are Gaussian, B₁ too, a tenth as large.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A₁, B₁ and A₂.
            rank: r of each of the two maps; their product has up to r² directions.
            alpha: The scale's numerator; the change is multiplied by alpha / r.
        """
        d_out, d_in = W.shape
        A1, A2 = rng.normal(size=(2, rank, d_in))
        B1 = rng.normal(0, 0.1, size=(d_out, rank))
        return cls(A1, B1, A2, np.zeros((d_out, rank)), alpha / rank)

    def delta(self, W: Array) -> Array:
        """Return s (B₁ A₁) ⊙ (B₂ A₂), (d_out, d_in); W does not enter."""
        return self.s * (self.B1 @ self.A1) * (self.B2 @ self.A2)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: both low-rank matrices."""
        pair: dict[str, Array] = {"B₁ A₁": self.B1 @ self.A1, "B₂ A₂": self.B2 @ self.A2}
        return "ΔW = s · B₁A₁ ∘ B₂A₂", pair

    def factors(self) -> tuple[Array, Array]:
        """Return B (d_out, r²) and A (r², d_in) with s B A the change: all products of columns.

        Column (i, j) of B is the i-th column of B₁ times the j-th of B₂, entry by entry; A likewise
        with rows.
        """
        B = (self.B1[:, :, None] * self.B2[:, None, :]).reshape(len(self.B1), -1)
        A = (self.A1[:, None, :] * self.A2[None, :, :]).reshape(-1, self.A1.shape[1])
        return B, A

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r² hidden features, (d_out, n)."""
        B, A = self.factors()
        return W @ X + self.s * B @ (A @ X)
