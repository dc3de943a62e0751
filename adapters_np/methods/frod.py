r"""FRoD believes that layers of one kind share an input basis, in which a task has its strengths.

$$W' = U\,(\Lambda + S)\,V^\top$$

V is shared by the layers of one kind, Λ is diagonal, and S has few entries, at random places.

Source: wan2026frod, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: the layers that share V are drawn at random here, as large as W. For one layer V holds its
singular vectors; PEFT's formula leaves a tall one's basis to round-off.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, column_signs, row_norms

RIDGE = 1e-3
"""The ridge on the diagonal of each layer's share before it is inverted, as in PEFT."""


def joint_basis(weights: list[Array]) -> Array:
    """Return V, (d_in, d_in), of all weights (d_out, d_in); for two it is that of their GSVD.

    Where all have no more rows than columns, any basis of each one's rows would do for that: V then
    are the right singular vectors of all. The largest entry of each column is positive.
    """
    stacked = np.vstack(weights)
    d_in = stacked.shape[1]
    if len(weights) == 1 or len(stacked) <= d_in:
        V: Array = np.linalg.svd(stacked)[2].T
        return V * column_signs(V)
    Q, R = np.linalg.qr(stacked)
    shares = [part.T @ part for part in np.split(Q, len(weights))]
    if len(weights) == 2:  # the two add up to one: the mean below has their directions, and twins
        shared = shares[0]
    else:
        shared = np.mean([np.linalg.inv(share + RIDGE * np.eye(d_in)) for share in shares], axis=0)
    joint: Array = R.T @ np.linalg.eigh(shared)[1]
    return joint * column_signs(joint)


@dataclass(frozen=True, eq=False)
class FRoD(WeightAdapter):
    """The weight as strengths between two frozen bases, with a few exchanges added."""

    strengths: Annotated[Array, Learned("d_in", unit=0.1)]
    exchanges: Annotated[Array, Learned("ceil(density * d_in * d_in)", unit=0.1)]
    rows: Annotated[NDArray[np.intp], Frozen("ceil(density * d_in * d_in)")]
    columns: Annotated[NDArray[np.intp], Frozen("ceil(density * d_in * d_in)")]
    U: Annotated[Array, Frozen("d_out, d_in")]
    V: Annotated[Array, Frozen("d_in, d_in")]

    gauges = ("rank", "stable_rank", "relative_norm", "singular_entries", "parameters")
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        density: Annotated[float, Range(0.01, 0.25, 0.01)] = 0.05,
        layers: Annotated[int, Range(1, 4)] = 2,
    ) -> Self:
        """Start at the identity: Λ holds the weight's own strengths, S is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the places of S and of the other layers.
            density: How many entries of S are trained, as a share of d_in².
            layers: How many layers share V, this one included.
        """
        d_in = W.shape[1]
        size = np.linalg.norm(W) / np.sqrt(W.size)
        others = [size * rng.normal(size=W.shape) for _ in range(layers - 1)]
        U, strengths, V = split(W, joint_basis([W, *others]))
        count = int(np.ceil(density * d_in * d_in))
        places = rng.choice(d_in * (d_in - 1), count, replace=False)
        rows, columns = np.divmod(places, d_in - 1)
        return cls(strengths, np.zeros(count), rows, columns + (columns >= rows), U, V)

    def core(self) -> Array:
        """Return Λ + S, (d_in, d_in)."""
        S = np.zeros(self.V.shape)
        S[self.rows, self.columns] = self.exchanges
        return S + np.diag(self.strengths)

    def delta(self, W: Array) -> Array:
        """Return U (Λ + S) Vᵀ − W, (d_out, d_in): the weight is written anew."""
        return self.U @ self.core() @ self.V.T - W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output without the weight, (d_out, n)."""
        return self.U @ (self.core() @ (self.V.T @ X))


def split(W: Array, V: Array) -> tuple[Array, Array, Array]:
    """Return U with columns of length one, strengths and V, so that U diag(strengths) Vᵀ is W."""
    M = np.linalg.solve(V, W.T).T
    strengths = row_norms(M.T)
    U = M / np.where(strengths > 1e-12, strengths, 1.0)
    return U, strengths, V
