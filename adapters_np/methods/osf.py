r"""OSF keeps what a weight does along its strong directions, and trains what lies outside of them.

$$W' = W + U S V^\top - U_0 S_0 V_0^\top, \qquad
U = P_\text{out} \tilde U,\quad V = P_\text{in} \tilde V$$

The factors start at the r weakest singular components of W; the projections P take out of them
what lies along the strong ones.

Source: nayak2026osf, its formula as PEFT implements it; peft2026benchmark for the run.
Differs: the projections stand in the formula here. PEFT projects the gradients of U and V instead,
which comes to the same for plain gradient steps. PEFT counts the components kept, r those trained.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Frozen, Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, thin_svd


@dataclass(frozen=True, eq=False)
class OSF(WeightAdapter):
    """The weak singular components of a weight, trained in the room that the strong ones leave."""

    U: Annotated[Array, Learned("d_out, rank", unit=0.2)]
    S: Annotated[Array, Learned("rank", unit=0.1)]
    Vt: Annotated[Array, Learned("rank, d_in", unit=0.2)]
    start: Annotated[Array, Frozen("d_out, d_in")]
    strong_out: Annotated[Array, Frozen("d_out, min(d_out, d_in) - rank")]
    strong_in: Annotated[Array, Frozen("min(d_out, d_in) - rank, d_in")]

    gauges = ("rank", "stable_rank", "relative_norm", "singular_entries", "parameters")
    pictures = ("core",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, rank: Rank = 8) -> Self:
        """Start at the identity: the factors are the weakest singular components of W.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; the start is computed from W.
            rank: r, how many components are trained; all others are kept.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U, sigma, Vt = thin_svd(W)
        kept = len(sigma) - rank
        low = U[:, kept:], sigma[kept:], Vt[kept:]
        return cls(*low, (low[0] * low[1]) @ low[2], U[:, :kept], Vt[:kept])

    def delta(self, W: Array) -> Array:
        """Return P U S V P − U₀ S₀ V₀, (d_out, d_in); W does not enter."""
        U = self.U - self.strong_out @ (self.strong_out.T @ self.U)
        Vt = self.Vt - (self.Vt @ self.strong_in.T) @ self.strong_in
        return (U * self.S) @ Vt - self.start
