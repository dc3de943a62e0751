r"""GraLoRA cuts a weight into a grid of blocks, each of which changes in few directions of its own.

$$\Delta W_{jn} = s\, B_{jn} A_{jn}, \qquad s = \frac{\alpha}{r + r_0}, \qquad j, n = 1, \dots, k$$

for the k × k blocks of W, each of rank r / k. The hybrid form adds a LoRA of rank r₀.

Source: jung2025gralora, equation 5 and section 3.5, as PEFT implements them; peft2026benchmark
for the runs.
Differs: nothing from PEFT, which keeps both factors transposed. The paper names neither a start
nor the hybrid form's scale; both are PEFT's.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Alpha, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, divide, kaiming_uniform, low_rank_factors


@dataclass(frozen=True, eq=False)
class GraLoRA(WeightAdapter):
    """A LoRA of rank r / k for every block, and one of rank r₀ for the whole weight."""

    A: Annotated[Array, Learned("blocks, rank, d_in // blocks", unit=0.15)]
    B: Annotated[Array, Learned("blocks, d_out // blocks, rank", unit=0.15)]
    A0: Annotated[Array, Learned("shared, d_in", unit=0.15)]
    B0: Annotated[Array, Learned("d_out, shared", unit=0.15)]
    s: float

    gauges = ("rank", "stable_rank", "effective_rank", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(2, 16, 2, letter="r")] = 8,
        blocks: Literal[2, 4, 8] = 2,
        shared: Annotated[int, Range(0, 8, letter="r₀")] = 0,
        alpha: Alpha = 16.0,
    ) -> Self:
        """Start at the identity: every B is zero, every A is random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A and A0.
            rank: r, what all blocks of a row share out among them.
            blocks: k, into how many parts either side is cut; one part would be LoRA.
            shared: r₀, the rank of a LoRA over the whole weight (the hybrid form).
            alpha: The scale's numerator; the change is multiplied by alpha / (r + r₀).

        Raises:
            ValueError: when k does not divide r or a side of W.
        """
        d_out, d_in = W.shape
        divide("blocks", blocks, "rank", rank)
        rows = divide("blocks", blocks, "d_out", d_out)
        columns = divide("blocks", blocks, "d_in", d_in)
        return cls(
            A=kaiming_uniform(rng, (blocks, rank, columns)),
            B=np.zeros((blocks, rows, rank)),
            A0=kaiming_uniform(rng, (shared, d_in)),
            B0=np.zeros((d_out, shared)),
            s=alpha / (rank + shared),
        )

    def factors(self) -> tuple[Array, Array]:
        """Return the factors of all blocks, (k, rows, k, r / k) and (k, k, r / k, columns).

        The first axis of B counts blocks of outputs, that of A blocks of inputs.
        """
        k, r, columns = self.A.shape
        return self.B.reshape(k, -1, k, r // k), self.A.reshape(k, k, r // k, columns)

    def delta(self, W: Array) -> Array:
        """Return all blocks in their places, and s B₀ A₀, (d_out, d_in); W does not enter."""
        B, A = self.factors()
        blocks = np.einsum("jonq,njqi->joni", B, A).reshape(W.shape)
        return self.s * (blocks + self.B0 @ self.A0)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: the factors beside each other."""
        k, r, _ = self.A.shape
        A, shared = self.A.swapaxes(0, 1).reshape(r, -1), {"B₀ A₀": self.B0 @ self.A0}
        about = f"ΔW, {k} × {k} blocks of rank {r // k}"
        return about, {"B": self.B.reshape(-1, r), "A": A} | (shared if len(self.A0) else {})

    def tile(self) -> tuple[int, int]:
        """Return the sides of a block."""
        return self.B.shape[1], self.A.shape[2]

    def nearest(self, W: Array, change: Array) -> Self | None:
        """Return the best factors of each block; None beside a LoRA that all blocks share."""
        k, r, columns = self.A.shape
        if len(self.A0):
            return None
        B, A = np.zeros(self.factors()[0].shape), np.zeros((k, k, r // k, columns))
        tiles = change.reshape(k, -1, k, columns) / self.s
        for j, n in np.ndindex(k, k):
            B[j, :, n], A[n, j] = low_rank_factors(tiles[j, :, n], r // k)
        return replace(self, A=A.reshape(self.A.shape), B=B.reshape(self.B.shape))

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features a block of inputs, (d_out, n)."""
        B, A = self.factors()
        hidden = np.einsum("njqi,nit->njqt", A, X.reshape(len(A), -1, X.shape[1]))
        out = np.einsum("jonq,njqt->jot", B, hidden).reshape(len(W), -1)
        return W @ X + self.s * (out + self.B0 @ (self.A0 @ X))
