r"""LoRA believes that a task moves a weight along few directions: the change has low rank.

$$W' = W + s\,B A, \qquad s = \alpha / r \quad (\text{rsLoRA: } \alpha / \sqrt{r})$$

Source: hu2022lora, section 4.1; kalajdzievski2023rslora for the other scale.
Differs: A starts Kaiming-uniform as in the official code and in PEFT; the paper says Gaussian.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Absorbed, Alpha, Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, kaiming_uniform, low_rank_factors


@dataclass(frozen=True, eq=False)
class LoRA(WeightAdapter):
    """A rank-r change, the product of a wide and a tall matrix."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.15)]
    s: float

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 8,
        alpha: Alpha = 16.0,
        rank_stabilised: Annotated[bool, Absorbed] = False,
    ) -> Self:
        """Start at the identity: B is zero, A is random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A.
            rank: r, how many directions the change may use.
            alpha: The scale's numerator; the change is multiplied by alpha / r.
            rank_stabilised: Divide alpha by √r instead (rsLoRA), so that large ranks do not fade.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        s = alpha / (np.sqrt(rank) if rank_stabilised else rank)
        return cls(kaiming_uniform(rng, (rank, d_in)), np.zeros((d_out, rank)), float(s))

    def delta(self, W: Array) -> Array:
        """Return s B A, (d_out, d_in); W does not enter."""
        return self.s * self.B @ self.A

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the factors of the rank-r matrix nearest to a change, (d_out, d_in)."""
        B, A = low_rank_factors(change / self.s, len(self.A))
        return replace(self, A=A, B=B)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, without forming the change, (d_out, n)."""
        return W @ X + self.s * self.B @ (self.A @ X)
