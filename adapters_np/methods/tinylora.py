r"""TinyLoRA mixes a weight's leading singular directions by a matrix of few numbers.

$$W' = W + U_r S_r^{1/2}\, R\, S_r^{1/2} V_r^\top, \qquad
R = \sum_{i=1}^{u} v_i P_i \quad\text{or, in LoRA-XS, all of } R$$

Source: morris2026tinylora, its formula as PEFT implements it; balazy2024loraxs for a whole R;
peft2026benchmark for the runs.
Differs: LoRA-XS puts all of S on one side, which a whole R makes up for, and starts R near zero. v
may serve several layers at once, each with its own P.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Frozen, Learned, Portrait, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, thin_svd


@dataclass(frozen=True, eq=False)
class TinyLoRA(WeightAdapter):
    """A small matrix between frozen singular directions, whole or spanned by few numbers."""

    v: Annotated[Array, Learned("u if core == 'random' else rank**2", unit=0.15)]
    P: Annotated[Array, Frozen("u if core == 'random' else 0, rank, rank")]
    A: Annotated[Array, Frozen("rank, d_in")]
    B: Annotated[Array, Frozen("d_out, rank")]

    gauges = ("rank", "relative_norm", "singular_entries", "subspace_overlap", "parameters")
    pictures = ("core",)
    portrait = Portrait("corner", "A few numbers mix the strongest directions")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 16, letter="r")] = 4,
        u: Annotated[int, Range(1, 64)] = 8,
        core: Literal["random", "whole"] = "random",
    ) -> Self:
        """Start at the identity: v is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of P, not stored but drawn again from its seed.
            rank: r, how many of the largest singular directions are mixed.
            u: How many numbers there are, where they weigh random matrices.
            core: Weigh random matrices (TinyLoRA), or train the whole of R (LoRA-XS).

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U, sigma, Vt = thin_svd(W)
        root = np.sqrt(sigma[:rank])
        count = u if core == "random" else 0
        return cls(
            v=np.zeros(count or rank**2),
            P=rng.normal(0, 1 / np.sqrt(rank), (count, rank, rank)),
            A=root[:, None] * Vt[:rank],
            B=U[:, :rank] * root,
        )

    def mixing(self) -> Array:
        """Return R, (rank, rank)."""
        r = len(self.A)
        return np.tensordot(self.v, self.P, 1) if len(self.P) else self.v.reshape(r, r)

    def delta(self, W: Array) -> Array:
        """Return B R A, (d_out, d_in), with A and B from the SVD of the fresh W."""
        return self.B @ self.mixing() @ self.A

    def nearest(self, W: Array, change: Array) -> Self | None:
        """Return the best R for a change where all of it is trained; None otherwise."""
        if len(self.P):
            return None
        lengths = np.outer((self.B**2).sum(axis=0), (self.A**2).sum(axis=1))
        return replace(self, v=(self.B.T @ change @ self.A.T / lengths).ravel())

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, (d_out, n)."""
        return W @ X + self.B @ (self.mixing() @ (self.A @ X))
