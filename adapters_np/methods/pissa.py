r"""PiSSA believes that what a task changes sits in a weight's strongest singular components.

$$W' = (W - s B_0 A_0) + s\,B A, \qquad
  s\,B_0 A_0 = U_r \Sigma_r V_r^\top, \qquad s = \alpha / r$$

Source: meng2024pissa, section 3; appendix F for the other components; appendix C for `as_lora`.
Differs: the paper writes Y = XW, so its A and B are ours transposed, and has s = 1; for another s
the factors start divided by √s, as in PEFT. The SVD is exact; the paper also has a randomised one.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Alpha, Departs, Frozen, Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, low_rank_factors, thin_svd


@dataclass(frozen=True, eq=False)
class PiSSA(WeightAdapter):
    """A pair of factors that starts as a part of W; what it leaves of W is frozen."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.1)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.1)]
    A_0: Annotated[Array, Frozen("rank, d_in")]
    B_0: Annotated[Array, Frozen("d_out, rank")]
    s: float

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 8,
        alpha: Alpha = 8.0,
        components: Annotated[
            Literal["principal", "medium", "minor"], Departs("medium", "minor")
        ] = "principal",
    ) -> Self:
        """Start at the identity: the factors are r singular components of W, shared evenly.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; the start is computed from W.
            rank: r, how many singular components are trained.
            alpha: The scale's numerator; alpha = rank, so s = 1, is the paper's choice.
            components: Which components of W, ordered by singular value; the paper's are the first.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U, sigma, Vt = thin_svd(W)
        rest = len(sigma) - rank
        first = {"principal": 0, "medium": rest // 2, "minor": rest}[components]
        block, s = slice(first, first + rank), alpha / rank
        root = np.sqrt(sigma[block] / s)
        A, B = root[:, None] * Vt[block], U[:, block] * root
        return cls(A, B, A, B, s)

    def residual(self, W: Array) -> Array:
        """Return W − s B₀A₀, the frozen part, (d_out, d_in)."""
        return W - self.s * self.B_0 @ self.A_0

    def delta(self, W: Array) -> Array:
        """Return s (B A − B₀A₀), (d_out, d_in), of rank at most 2r; W does not enter."""
        return self.s * (self.B @ self.A - self.B_0 @ self.A_0)

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the factors nearest to what they started as and a change, (d_out, d_in)."""
        B, A = low_rank_factors(self.B_0 @ self.A_0 + change / self.s, len(self.A))
        return replace(self, A=A, B=B)

    def as_lora(self) -> tuple[Array, Array]:
        """Return B̃ (d_out, 2r) and Ã (2r, d_in) with s B̃ Ã the change: a plain LoRA of rank 2r."""
        return np.hstack([self.B, self.B_0]), np.vstack([self.A, -self.A_0])

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of the 2r hidden features of that LoRA, (d_out, n)."""
        B, A = self.as_lora()
        return W @ X + self.s * B @ (A @ X)
