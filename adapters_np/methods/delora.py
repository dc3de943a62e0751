r"""DeLoRA learns directions of unit length and one number that says how far to go along them.

$$W' = W + \frac{\lambda}{r}\, B\, \Xi\, A\, D_w - \Delta_0, \qquad
\Xi_{ii} = \frac{1}{\lVert a_i \rVert\, \lVert b_i \rVert}, \qquad
(D_w)_{jj} = \lVert W_{:,j} \rVert$$

Source: bini2025delora, section 2.2 (equations 5, 8, 9 and 15).
Differs: the paper writes ‖W‖ for D_w; the official code and PEFT take the norms of W's columns.
Δ₀ is the first product at the start, so that the adapter starts at W. PEFT has none and starts
with B = 0 instead (the knob `zero_start`); as PEFT does, norms count as 1e-4 at least.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Frozen, Learned, Range, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, kaiming_uniform, row_norms

FLOOR = 1e-4


@dataclass(frozen=True, eq=False)
class DeLoRA(WeightAdapter):
    """r pieces of rank one, of equal length before w scales the inputs, and their one strength."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.15)]
    lambda_: Annotated[Array, Learned("1", unit=1.0)]
    w: Annotated[Array, Frozen("d_in")]
    start: Annotated[Array, Frozen("d_out, d_in")]

    gauges = ("rank", "stable_rank", "relative_norm", "bound_share", "parameters")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        strength: Annotated[float, Range(1, 16, 0.5, letter="λ")] = 8.0,
        rank: Rank = 8,
        zero_start: bool = False,
    ) -> Self:
        """Start at the identity: what A and B amount to is taken off, or B is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A and B.
            strength: λ at the start; it is trained too.
            rank: r, how many pieces of rank one are added up.
            zero_start: Start with B = 0 as PEFT does; any step then makes pieces of full length.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        A, B = kaiming_uniform(rng, (rank, d_in)), kaiming_uniform(rng, (d_out, rank))
        lambda_, w = np.array([strength]), row_norms(W.T)
        if zero_start:
            return cls(A, 0 * B, lambda_, w, np.zeros(W.shape))
        return cls(A, B, lambda_, w, cls(A, B, lambda_, w, np.zeros(W.shape)).delta(W))

    def delta(self, W: Array) -> Array:
        """Return (λ / r) B Ξ A D_w − Δ₀, (d_out, d_in)."""
        return self.B * self._scale() @ self.A * self.w - self.start

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, Δ₀ being taken off W, (d_out, n)."""
        hidden = self._scale()[:, None] * (self.A @ (self.w[:, None] * X))  # (r, n)
        return (W - self.start) @ X + self.B @ hidden

    def bound(self) -> float:
        """Return λ max w, the most that all pieces can add up to, with ‖Δ₀‖ on top."""
        return float(abs(self.lambda_[0]) * self.w.max() + np.linalg.norm(self.start))

    def _scale(self) -> Array:
        """Return λ / (r ‖a_i‖ ‖b_i‖) for every piece, (r,)."""
        lengths = row_norms(self.A, FLOOR) * row_norms(self.B.T, FLOOR)
        return self.lambda_ / (len(self.A) * lengths)
