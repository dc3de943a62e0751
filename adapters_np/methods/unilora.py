r"""Uni-LoRA fills both factors of LoRA from one short vector, each place with an entry at random.

$$\mathrm{vec}(A, B) = P\,\theta, \qquad W' = W + B A$$

P has one entry in each row, at a column drawn at random, and $P^\top P = I$: a parameter
that is used m times counts $1/\sqrt m$ in each place.

Source: li2025unilora, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: θ serves all layers of a model at once; for the one layer here it is spread over this layer
alone. As in PEFT it starts in U(−0.02, 0.02), which suits sides of some thousands.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Frozen, Learned, Range, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class UniLoRA(WeightAdapter):
    """One vector of parameters, and the places of both factors in which each of them stands."""

    starts_at_identity = False  # θ fills both factors, so neither may start at zero.

    theta: Annotated[Array, Learned("length", unit=0.6, shared=True)]
    at_a: Annotated[Places, Frozen("rank, d_in")]
    at_b: Annotated[Places, Frozen("d_out, rank")]
    share: Annotated[Array, Frozen("length")]

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    pictures = ("trained",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 4,
        length: Annotated[int, Range(1, 256)] = 64,
    ) -> Self:
        """Start near the identity: θ is small and random, and every place gets one of its entries.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of places and of θ.
            rank: r of the two factors.
            length: How many parameters fill them.

        Raises:
            ValueError: when there are more parameters than places.
        """
        d_out, d_in = W.shape
        places = rank * (d_out + d_in)
        at_most("length", length, "rank·(d_out + d_in)", places)
        used = rng.permutation(np.arange(places) % length)
        return cls(
            theta=rng.uniform(-0.02, 0.02, length),
            at_a=used[: rank * d_in].reshape(rank, d_in),
            at_b=used[rank * d_in :].reshape(d_out, rank),
            share=1 / np.sqrt(np.bincount(used, minlength=length)),
        )

    def factors(self) -> tuple[Array, Array]:
        """Return B (d_out, rank) and A (rank, d_in)."""
        spread = self.theta * self.share
        return spread[self.at_b], spread[self.at_a]

    def delta(self, W: Array) -> Array:
        """Return B A, (d_out, d_in); W does not enter."""
        B, A = self.factors()
        return B @ A

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, (d_out, n)."""
        B, A = self.factors()
        return W @ X + B @ (A @ X)
