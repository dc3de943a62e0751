r"""ReFT believes that a task is a new reading of a few directions of a few hidden states.

$$h' = h + R^\top (A h + b - R h), \qquad R R^\top = I \qquad \text{(LoReFT)}$$

DiReFT is $h' = h + R^\top (A h + b)$ with any R: the knobs `orthonormal` and `overwrite` are off.
The weights stay. Only the first p and the last s tokens of the prompt are edited.

Source: wu2024reft, equations 2 and 3 and section 4.1; appendix E for the other switch settings.
Differs: the paper calls A and b W and b, and DiReFT's R and A W₂ and W₁. An orthonormal R is the
polar factor of the learned matrix here, a product of reflections in the official code. Without
`read` the official b starts between 0 and 1, and DiReFT's R like a linear layer.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Adapter, Departs, Learned, Range
from adapters_np.linalg import Array, at_most, column_signs, kaiming_uniform, orthonormal_rows

Positions = Annotated[int, Range(0, 16)]


@dataclass(frozen=True, eq=False)
class ReFT(Adapter):
    """An edit of hidden states, the layer's outputs, in r directions and at chosen positions."""

    M: Annotated[Array, Learned("rank, d_out", unit=0.15)]
    A: Annotated[Array, Learned("rank if read else 0, d_out", unit=0.15)]
    b: Annotated[Array, Learned("rank", unit=1.0)]
    overwrite: bool
    orthonormal: bool
    first: int
    last: int

    starts_at_identity = False  # A and b start at random, as in the official code
    place = "layer"
    gauges = (
        "changed_columns",
        "distinct_columns",
        "rank",
        "relative_norm",
        "orthogonality",
        "parameters",
    )
    pictures = ("positions",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 8, letter="r")] = 4,
        first: Positions = 4,
        last: Positions = 4,
        read: Annotated[bool, Departs(False)] = True,
        overwrite: bool = True,
        orthonormal: bool = True,
    ) -> Self:
        """Start at random: the edited states move from the first step on.

        Args:
            W: The frozen weight before the edit, (d_out, d_in).
            rng: The source of all arrays.
            rank: r, how many directions are edited.
            first: p, how many tokens at the start are edited.
            last: s, how many tokens at the end are edited.
            read: Learn A, so that the edit depends on the state; without it only b is written.
            overwrite: Take away R h, what was there before.
            orthonormal: Keep the rows of R orthonormal.

        Raises:
            ValueError: when rank exceeds d_out.
        """
        d = len(W)
        at_most("rank", rank, "d_out", d)
        M = orthonormal_rows(rng.normal(size=(rank, d)))
        A = kaiming_uniform(rng, (rank, d))[: rank if read else 0]
        b = rng.uniform(-1, 1, rank) / np.sqrt(d)
        return cls(M, A, b, overwrite, orthonormal, first, last)

    def rotation(self) -> Array:
        """Return Rᵀ, (d_out, r): its columns are the directions that are edited."""
        return (orthonormal_rows(self.M) if self.orthonormal else self.M).T

    def edit(self, H: Array) -> Array:
        """Return edited hidden states, (d_out, n), wherever they stand."""
        R = self.rotation().T
        target = np.broadcast_to(self.b[:, None], (len(R), H.shape[1]))
        if self.A.size:
            target = target + self.A @ H
        return H + R.T @ (target - R @ H if self.overwrite else target)

    def forward(self, W: Array, X: Array) -> Array:
        """Return the outputs, the first p and the last s of them edited, (d_out, n)."""
        H = W @ X
        return np.where(self.edited(X.shape[1]), self.edit(H), H)

    def edited(self, n: int) -> NDArray[np.bool]:
        """Return which of n tokens are edited, (n,)."""
        first, last = self.first, self.last
        if n < first + last:  # a prompt too short for both: at most half for each
            first, last = min(first, n // 2), min(last, -(-n // 2))
        return (np.arange(n) < first) | (np.arange(n) >= n - last)

    def nearest_outputs(self, W: Array, X: Array, outputs: Array) -> Self | None:
        """Return the edit that brings the outputs nearest to others, (d_out, n).

        It is a regression of reduced rank, and of the solutions the least edit. None where the
        edit reads nothing or edits nobody.
        """
        H, (at,) = W @ X, np.nonzero(self.edited(X.shape[1]))
        if not (self.A.size and at.size):
            return None
        change, states = (outputs - H)[:, at], np.vstack([H[:, at], np.ones(at.size)])
        full = change @ np.linalg.pinv(states)  # (d_out, d_out + 1), the last column for b
        U = np.linalg.svd(full @ states)[0]
        R = (U * column_signs(U))[:, : len(self.M)].T
        A = R @ full[:, :-1]
        return replace(self, M=R, A=A + R if self.overwrite else A, b=R @ full[:, -1])

    def merged(self, W: Array) -> tuple[Array, Array]:
        """Return weight and bias of a layer that edits every token: (I + Rᵀ(A − R)) W and Rᵀb."""
        shift = self.edit(np.zeros((len(W), 1)))
        return self.edit(W) - shift, shift[:, 0]
