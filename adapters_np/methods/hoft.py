r"""HOFT believes that a weight's singular values are right and a few directions of both bases turn.

$$W' = Q_U\,W Q_V, \qquad Q_U = \prod_{i=1}^{r} \Big(I - 2\,\frac{u_i u_i^\top}{\|u_i\|^2}\Big)
= I - U S^{-1} U^\top, \qquad
S = \tfrac12 \operatorname{diag}(U^\top U) + \operatorname{triu}(U^\top U, 1)$$

Q_V is made of V in the same way. SHOFT has gains between the two, W' = Q_U diag(m) W Q_V.

Source: morenoarcas2025hoft, section 3.2 for S, 3.3 for the start, 3.4 for SHOFT.
Differs: the inverse of S is exact, as the two terms of its series that the paper takes (equation 4,
here `series`) need many more dimensions than a toy has. The number of mirrors is even; the paper's
odd one has a column of zeros beside its pairs, which is no mirror.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array, at_most, compact_wy


@dataclass(frozen=True, eq=False)
class HOFT(WeightAdapter):
    """A chain of r reflections of the outputs, and one of the inputs."""

    U: Annotated[Array, Learned("d_out, rank", unit=0.1)]
    V: Annotated[Array, Learned("d_in, rank", unit=0.1)]
    m: Annotated[Array, Learned("d_out if scaled else 0", unit=0.2)]
    series: bool

    # Equal pairs cancel exactly. Two terms of the series leave products of different pairs.
    starts_at_identity = False
    gauges = (
        "rank",
        "relative_norm",
        "spectrum_change",
        "angle_change",
        "norm_change",
        "parameters",
    )
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Literal[2, 4, 8, 16] = 8,
        scaled: bool = False,
        series: bool = False,
    ) -> Self:
        """Start with equal pairs of mirrors, which cancel.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the normals; their lengths, about 1, do not matter.
            rank: r, how many mirrors there are on each side.
            scaled: Train gains of the outputs before they turn, SHOFT's m, from ones.
            series: Take the paper's two terms of S⁻¹. From two pairs on, the fresh layer is then
                not the base layer, and near it in large weights alone.

        Raises:
            ValueError: when rank exceeds d_out or d_in.
        """
        for axis, d in zip(("d_out", "d_in"), W.shape, strict=True):
            at_most("rank", rank, axis, d)
        halves = (rng.normal(0, d**-0.5, (d, rank // 2)) for d in W.shape)
        U, V = (np.repeat(half, 2, axis=1) for half in halves)
        return cls(U, V, np.ones(len(W) if scaled else 0), series)

    def chain(self, normals: Array) -> tuple[Array, Array]:
        """Return unit normals N, (d, rank), and Γ of their reflections' product I + N Γ Nᵀ."""
        N = normals / np.linalg.norm(normals, axis=0)
        if self.series:
            return N, 4 * np.triu(N.T @ N, 1) - 2 * np.eye(N.shape[1])
        return N, compact_wy(N)

    def written(self, Y: Array) -> Array:
        """Return Q_U diag(m) Y, (d_out, n)."""
        N, Gamma = self.chain(self.U)
        Y = self.m[:, None] * Y if self.m.size else Y
        return Y + N @ (Gamma @ (N.T @ Y))

    def delta(self, W: Array) -> Array:
        """Return Q_U diag(m) W Q_V − W, (d_out, d_in)."""
        N, Gamma = self.chain(self.V)
        return self.written(W + (W @ N) @ Gamma @ N.T) - W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by turning tokens and outputs in place of the weight, (d_out, n)."""
        N, Gamma = self.chain(self.V)
        return self.written(W @ (X + N @ (Gamma @ (N.T @ X))))
