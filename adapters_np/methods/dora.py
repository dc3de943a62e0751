r"""DoRA learns how long each neuron is separately from where it points.

$$W' = \mathrm{diag}(m \oslash \lVert V \rVert_\text{row})\, V, \qquad V = W + s\,B A, \qquad
s = \alpha / r$$

Source: liu2024dora, section 4.1; section 4.3 for the constant norm.
Differs: the paper's layout has inputs as rows, so its column norms are our row norms: one length
for each output, as in the official code and in PEFT. Training holds the norm of V constant in the
backward pass; the function here is the same, its derivative has one term more.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Alpha, Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, kaiming_uniform, row_norms


@dataclass(frozen=True, eq=False)
class DoRA(WeightAdapter):
    """A low-rank change of every neuron's direction and a learned length for each."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.15)]
    m: Annotated[Array, Learned("d_out", unit=0.25)]
    s: float

    gauges = ("rank", "relative_norm", "norm_change", "angle_change", "parameters")
    pictures = ("dials", "gains")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 8,
        alpha: Alpha = 16.0,
    ) -> Self:
        """Start at the identity: B is zero, A is random, every length is that of the row of W.

        Args:
            W: The frozen weight, (d_out, d_in), without zero rows: they have no direction.
            rng: The source of A.
            rank: r, how many directions the change of V may use.
            alpha: The scale's numerator; that change is multiplied by alpha / r.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        A, B = kaiming_uniform(rng, (rank, d_in)), np.zeros((d_out, rank))
        return cls(A, B, row_norms(W), alpha / rank)

    def direction(self, W: Array) -> Array:
        """Return V = W + s B A, whose rows point where those of the new weight do."""
        return W + self.s * self.B @ self.A

    def delta(self, W: Array) -> Array:
        """Return diag(m / ‖V‖) V − W, (d_out, d_in), in general of full rank."""
        V = self.direction(W)
        return (self.m / row_norms(V))[:, None] * V - W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features; only V's row norms need the product BA."""
        gain = self.m / row_norms(self.direction(W))
        return gain[:, None] * (W @ X + self.s * self.B @ (self.A @ X))
