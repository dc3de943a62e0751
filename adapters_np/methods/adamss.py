r"""AdaMSS believes that a layer's outputs fall into groups, and that each needs few directions.

$$\Delta W_{i,:} = b_i^\top A_{g(i)} V_R^\top$$

g(i) is the group of output i, found by k-means on the rows of $U_R$; $V_R$ holds the R leading
right singular vectors of W, and b_i the r parameters of an output.

Source: zheng2025adamss, section 3 and equation 10, as its authors' code and PEFT implement it.
Differs: the SVD is exact, and a group smaller than r keeps r parameters an output, where PEFT takes
the smaller count. The paper cuts a graph of the rows of $U_R$ where its code and this have k-means,
gives each group a basis of its own, starts A from the group's weight, and freezes groups later.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, column_signs, thin_svd

ROUNDS = 10
"""The most steps of k-means, as in PEFT."""

TIE = 1e-3
"""The first axis's lead over the last, as a share of the energy, where a group uses both alike."""


def k_means(points: Array, k: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the group of each point (n, d), none of k ≤ n groups empty; centres start at points.

    >>> groups = k_means(np.array([[0.0], [5.0], [0.1], [5.1]]), 2, np.random.default_rng(0))
    >>> bool(groups[0] == groups[2] != groups[1] == groups[3])
    True
    """
    centres, found = points[rng.choice(len(points), k, replace=False)], np.arange(len(points)) % k
    for _ in range(ROUNDS):
        nearest = ((points[:, None] - centres) ** 2).sum(axis=2).round(9).argmin(axis=1)
        if not np.bincount(nearest, minlength=k).all() or (nearest == found).all():
            break
        found = nearest
        centres = np.array([points[found == g].mean(axis=0) for g in range(k)])
    return found


def leading(M: Array, rank: int) -> Array:
    """Return the leading right singular vectors of M (m, n) with fixed signs, (rank, n).

    Of those that M uses alike, or not at all, the nearest to the first axes come first.
    """
    n = M.shape[1]
    basis = np.linalg.eigh(M.T @ M - TIE * np.diag(np.arange(n) / n))[1][:, ::-1][:, :rank]
    found: Array = (basis * column_signs(basis)).T
    return found


@dataclass(frozen=True, eq=False)
class AdaMSS(WeightAdapter):
    """A LoRA for each group of outputs, which reads W's leading directions."""

    A: Annotated[Array, Learned("groups, rank, directions", unit=0.3)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.3)]
    group: Annotated[NDArray[np.intp], Frozen("d_out")]
    Vt: Annotated[Array, Frozen("directions, d_in")]

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        groups: Annotated[int, Range(1, 8, letter="K"), Departs(1)] = 4,
        rank: Annotated[int, Range(1, 8, letter="r")] = 2,
        directions: Annotated[int, Range(8, 32, 8, letter="R")] = 16,
    ) -> Self:
        """Start at the identity: B is zero, A reads the directions that a group uses most.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the first centres.
            groups: K, into how many groups the outputs fall.
            rank: r, how many directions a group's change may use.
            directions: R, how many right singular vectors of W can be read.

        Raises:
            ValueError: when R exceeds the smaller side of W, or K the number of outputs.
        """
        at_most("directions", directions, "min(d_out, d_in)", min(W.shape))
        at_most("groups", groups, "d_out", len(W))
        U, _, Vt = thin_svd(W)
        U, Vt = U[:, :directions], Vt[:directions]
        group = k_means(U, groups, rng)
        A = np.array([leading(U[group == g], rank) for g in range(groups)])
        return cls(A, np.zeros((len(W), rank)), group, Vt)

    def reads(self) -> Array:
        """Return each output's change along the directions, (d_out, directions)."""
        return np.einsum("or,ork->ok", self.B, self.A[self.group])

    def delta(self, W: Array) -> Array:
        """Return the change, (d_out, d_in), of rank at most min(K r, R); W does not enter."""
        return self.reads() @ self.Vt

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of the R directions, (d_out, n)."""
        return W @ X + self.reads() @ (self.Vt @ X)
