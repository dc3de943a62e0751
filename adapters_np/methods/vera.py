r"""VeRA believes that random directions will do: a layer learns how much of each of them to use.

$$W' = W + \Lambda_b B \Lambda_d A$$

Source: kopiczko2024vera, section 3.1.
Differs: nothing for one layer. The paper shares A and B among all layers; where these differ in
shape, PEFT gives a smaller one the leading columns of A and rows of B.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, kaiming_uniform


@dataclass(frozen=True, eq=False)
class VeRA(WeightAdapter):
    """A gain for each of r random features and a gain for each output they add to."""

    lambda_d: Annotated[Array, Learned("rank", unit=0.1)]
    lambda_b: Annotated[Array, Learned("d_out", unit=2.0)]
    A: Annotated[Array, Frozen("rank, d_in")]
    B: Annotated[Array, Frozen("d_out, rank")]

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    pictures = ("trained",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 128, letter="r")] = 32,
        d_initial: Annotated[float, Range(0.05, 1, 0.05)] = 0.1,
    ) -> Self:
        """Start at the identity: λ_b is zero. A and B depend on the seed of `rng` alone.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A and B, which are not stored but drawn again from its seed.
            rank: r, the number of random features; it may exceed the sides of W.
            d_initial: The value at which every entry of λ_d starts.
        """
        d_out, d_in = W.shape
        gain = np.sqrt(6)  # Kaiming's bound for a rectifier is √(6 / fan_in)
        A, B = (gain * kaiming_uniform(rng, shape) for shape in ((rank, d_in), (d_out, rank)))
        return cls(np.full(rank, d_initial), np.zeros(d_out), A, B)

    def delta(self, W: Array) -> Array:
        """Return Λ_b B Λ_d A, (d_out, d_in); W does not enter."""
        return self.lambda_b[:, None] * self.B @ (self.lambda_d[:, None] * self.A)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, without forming the change, (d_out, n)."""
        hidden = self.lambda_d[:, None] * (self.A @ X)  # (r, n)
        return W @ X + self.lambda_b[:, None] * (self.B @ hidden)
