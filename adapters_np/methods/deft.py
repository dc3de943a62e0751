r"""DEFT clears a few output directions of a weight and writes them anew.

$$W' = (I - Q\,\tilde Q^\top)\, W + s\, Q R, \qquad Q = \tilde Q = \mathrm{qr}(P)
\quad\text{or}\quad Q = P,\ \tilde Q = \mathrm{relu}(P)$$

Source: kumar2025deft, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: R starts where nothing changes, which is PEFT's default; PEFT's switch `init_weights` off
draws it at random. PEFT computes in 32 bits.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, thin_svd

Basis = Literal["qr", "relu"]


def directions(P: Array, basis: str) -> tuple[Array, Array]:
    """Return what is written along and what is cleared along, both (d_out, rank)."""
    if basis == "qr":
        Q = np.linalg.qr(P)[0]
        return Q, Q
    return P, np.maximum(P, 0)


@dataclass(frozen=True, eq=False)
class DEFT(WeightAdapter):
    """New rows for a few directions of the outputs, in the place of what was there."""

    P: Annotated[Array, Learned("d_out, rank", unit=0.01)]
    R: Annotated[Array, Learned("rank, d_in", unit=0.2)]
    s: float
    basis: str

    gauges = ("rank", "stable_rank", "relative_norm", "norm_change", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls, W: Array, rng: np.random.Generator, *, rank: Rank = 4, basis: Basis = "qr"
    ) -> Self:
        """Start at the identity: R is what the weight has along the directions.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of P.
            rank: r, how many directions are cleared.
            basis: Make the directions orthonormal, or clear along their positive part.

        Raises:
            ValueError: when rank exceeds d_out.
        """
        at_most("rank", rank, "d_out", len(W))
        P = rng.normal(0, 0.02, (len(W), rank))
        return cls(P, directions(P, basis)[1].T @ W, 1.0, basis)

    def delta(self, W: Array) -> Array:
        """Return Q (s R − Q̃ᵀ W), (d_out, d_in)."""
        Q, cleared = directions(self.P, self.basis)
        return Q @ (self.s * self.R - cleared.T @ W)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: directions, old and new rows."""
        Q, cleared = directions(self.P, self.basis)
        rows = {"old rows, Qᵀ W": cleared.T @ W, "new rows, R": self.s * self.R}
        return "ΔW = Q (new rows − old rows)", {"Q": Q} | rows

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the best directions and rows for a change: it is the best change of rank r."""
        P = thin_svd(change)[0][:, : self.P.shape[1]]
        Q, cleared = directions(P, self.basis)
        return replace(self, P=P, R=(Q.T @ change + cleared.T @ W) / self.s)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output without forming the change, (d_out, n)."""
        Q, cleared = directions(self.P, self.basis)
        Y = W @ X
        return Y + Q @ (self.s * self.R @ X - cleared.T @ Y)
