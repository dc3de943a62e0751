r"""PaRa takes a few output directions away from a weight, and adds nothing.

$$W' = (I - Q\,\tilde Q^\top)\, W, \qquad Q = \tilde Q = \mathrm{qr}(P)
\quad\text{or}\quad Q = P,\ \tilde Q = \mathrm{relu}(P)$$

Source: chen2025para, its formula as PEFT implements it under DEFT; peft2026benchmark for the runs.
Differs: with relu, PEFT's default, P is drawn ten times as large as PEFT's, so that a fresh one
shows. PEFT computes in 32 bits.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most
from adapters_np.methods.deft import Basis, directions


@dataclass(frozen=True, eq=False)
class PaRa(WeightAdapter):
    """A projection of the outputs onto the complement of a few directions."""

    P: Annotated[Array, Learned("d_out, rank", unit=0.02)]
    basis: str

    starts_at_identity = False  # Some direction is gone as soon as there is a P.
    gauges = ("rank", "relative_norm", "norm_change", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls, W: Array, rng: np.random.Generator, *, rank: Rank = 4, basis: Basis = "qr"
    ) -> Self:
        """Start with directions drawn at random, which are away at once.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of P.
            rank: r, how many directions are taken away.
            basis: Make the directions orthonormal, or clear along their positive part.

        Raises:
            ValueError: when rank exceeds d_out.
        """
        at_most("rank", rank, "d_out", len(W))
        return cls(rng.normal(0, 0.02 if basis == "qr" else 0.2, (len(W), rank)), basis)

    def delta(self, W: Array) -> Array:
        """Return −Q Q̃ᵀ W, (d_out, d_in)."""
        Q, cleared = directions(self.P, self.basis)
        return -Q @ (cleared.T @ W)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: directions, and what goes."""
        Q, cleared = directions(self.P, self.basis)
        return "ΔW = −Q Qᵀ W", {"Q": Q, "Qᵀ W, cleared": cleared.T @ W}

    def nearest(self, W: Array, change: Array) -> Self | None:
        """Return the best directions for a change, if they are orthonormal.

        ‖ΔW* + QQᵀW‖² is least for eigenvectors with the smallest eigenvalues.
        """
        if self.basis != "qr":
            return None
        both = change @ W.T
        vectors = np.linalg.eigh(both + both.T + W @ W.T)[1]
        return replace(self, P=vectors[:, : self.P.shape[1]])

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output without forming the change, (d_out, n)."""
        Q, cleared = directions(self.P, self.basis)
        Y = W @ X
        return Y - Q @ (cleared.T @ Y)
