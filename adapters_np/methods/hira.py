r"""HiRA scales every entry of a weight, by factors that follow a low-rank pattern.

$$W' = W \odot (1 + B A) = W + \sum_{k=1}^{r} \mathrm{diag}(b_k)\, W\, \mathrm{diag}(a_k)$$

Source: huang2025hira, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: nothing from PEFT. There is no scale beside the factors.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, kaiming_uniform


@dataclass(frozen=True, eq=False)
class HiRA(WeightAdapter):
    """The entrywise product of the weight and a rank-r matrix."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.5)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.5)]

    gauges = ("rank", "stable_rank", "effective_rank", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, rank: Rank = 8) -> Self:
        """Start at the identity: B is zero, A is random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A.
            rank: r, the rank of the pattern of factors; that of the change may be any.
        """
        d_out, d_in = W.shape
        return cls(kaiming_uniform(rng, (rank, d_in)), np.zeros((d_out, rank)))

    def delta(self, W: Array) -> Array:
        """Return W ⊙ (B A), (d_out, d_in)."""
        return W * (self.B @ self.A)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: the pattern and its factors."""
        return "ΔW = W ∘ B A", {"B": self.B, "A": self.A, "B A": self.B @ self.A}
