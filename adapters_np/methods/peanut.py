r"""PEANuT lets a small network read the weight and say how each of its columns should change.

$$W' = W + s\,B\,f(W), \qquad f(W) = \rho(A W), \qquad \rho(h) = \max(h, 0)$$

Deeper forms put m layers that keep what they saw and m that add it again between ρ(A W) and B.

Source: zhong2024peanut, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: ρ is the rectifier, PEFT's default, unless the field says otherwise, as in PEFT.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Alpha, Learned, Range, Rank, WeightAdapter
from adapters_np.linalg import Array, kaiming_uniform


@dataclass(frozen=True, eq=False)
class PEANuT(WeightAdapter):
    """A network from a column of the weight to that column's change."""

    A: Annotated[Array, Learned("rank, d_out", unit=0.2)]
    E: Annotated[Array, Learned("depth, rank, rank", unit=0.2)]
    D: Annotated[Array, Learned("depth, rank, rank", unit=0.2)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.2)]
    s: float
    rho: Callable[[Array], Array] | None = None

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 8,
        depth: Annotated[int, Range(0, 3, letter="m")] = 0,
        scale: Alpha = 1.0,
    ) -> Self:
        """Start at the identity: B is zero, all else is random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A, E and D.
            rank: r, how many features of a column the network has.
            depth: m, how many pairs of further layers there are.
            scale: s, which multiplies the change.
        """
        d_out = len(W)
        E, D = (kaiming_uniform(rng, (depth, rank, rank)) for _ in range(2))
        return cls(kaiming_uniform(rng, (rank, d_out)), E, D, np.zeros((d_out, rank)), scale)

    def features(self, W: Array) -> Array:
        """Return what the network sees in each column of W, (rank, d_in)."""
        h, kept = self._bent(self.A @ W), []
        for E in self.E:
            kept.append(h)
            h = self._bent(E @ h)
        for D in self.D:
            h = self._bent(D @ h) + kept.pop()
        return h

    def _bent(self, h: Array) -> Array:
        """Return ρ(h), of the same shape."""
        return np.maximum(h, 0) if self.rho is None else self.rho(h)

    def delta(self, W: Array) -> Array:
        """Return s B f(W), (d_out, d_in), of rank at most r."""
        return self.s * self.B @ self.features(W)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: what is read off W, and written."""
        return "ΔW = s · B h(W)", {"W": W, "h(W), read off W": self.features(W), "B": self.B}

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, without forming the change, (d_out, n)."""
        return W @ X + self.s * self.B @ (self.features(W) @ X)
