r"""Flat-LoRA believes that a weight generalises where the loss is flat around it on all sides.

$$\min_{A, B}\ \mathbb E_\varepsilon\, L(W + s\,B A + \varepsilon), \qquad
\varepsilon_{ij} \sim \mathcal N(0,\ \tfrac{\sigma^2}{d_\text{in}} \lVert W'_i \rVert^2)$$

W' = W + s B A is the merged weight, and W'_i is one of its rows. What is served has no noise.

Source: li2024flat, sections 3.2 and 3.3, in a translation; the authors' code has the same variance.
Differs: the noise is one draw here and a new one in every step there, where only its seed and the
lengths of rows are kept and σ grows along a cosine. Noise through the factors is a control and no
part of the method; the product of two noises is left out of it.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Alpha, Departs, Frozen, Learned, Range, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, kaiming_uniform, low_rank_factors, row_norms


@dataclass(frozen=True, eq=False)
class FlatLoRA(WeightAdapter):
    """LoRA, and the noise around the merged weight in which it is trained."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.15)]
    Z: Annotated[Array, Frozen("d_out, d_in")]
    s: float
    sigma: float
    through: str

    pictures = ("surroundings",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 8,
        noise: Annotated[Literal["weight", "factors"], Departs("factors")] = "weight",
        sigma: Annotated[float, Range(0, 0.5, 0.05, letter="σ"), Departs(0)] = 0.05,
        alpha: Alpha = 16.0,
    ) -> Self:
        """Start at the identity: B is zero, A is random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A, then of the noise.
            rank: r, how many directions the change may use.
            noise: Around the merged weight, or as large, but only as A and B can move it.
            sigma: σ, how large the noise is compared with the merged weight.
            alpha: The scale's numerator; the change is multiplied by alpha / r.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        A, B = kaiming_uniform(rng, (rank, d_in)), np.zeros((d_out, rank))
        return cls(A, B, rng.normal(size=W.shape), alpha / rank, sigma, noise)

    def delta(self, W: Array) -> Array:
        """Return s B A, (d_out, d_in), as it is served; W does not enter."""
        return self.s * self.B @ self.A

    def perturbation(self, W: Array) -> Array:
        """Return ε, (d_out, d_in): what a training step adds to the merged weight."""
        lengths = row_norms(W + self.delta(W))[:, None]
        free = self.sigma * lengths / np.sqrt(W.shape[1]) * self.Z
        if self.through == "weight":
            return free
        r = len(self.A)
        bound = self.B @ self.Z[:r] + self.Z[:, :r] @ self.A
        return bound * (np.linalg.norm(free) / np.linalg.norm(bound))

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return how much of ε the factors cannot reach, and |ε| along their directions first."""
        V, U = (np.linalg.svd(M)[2] for M in (self.A, self.B.T))
        noise, r = np.abs(U @ self.perturbation(W) @ V.T), len(self.A)
        beyond = (noise[r:, r:] ** 2).sum() / max((noise**2).sum(), np.finfo(float).tiny)
        return f"Noise, {100 * beyond:.0f} % of its energy beyond A and B", {"noise": noise}

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the factors of the rank-r matrix nearest to a change, (d_out, d_in)."""
        B, A = low_rank_factors(change / self.s, len(self.A))
        return replace(self, A=A, B=B)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, without forming the change, (d_out, n)."""
        return W @ X + self.s * self.B @ (self.A @ X)
