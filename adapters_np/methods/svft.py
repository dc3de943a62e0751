r"""SVFT believes that a weight has the right axes for its change: its own singular vectors.

$$W' = U (\Sigma + M) V^\top, \qquad M_{ij} = 0 \text{ for } (i, j) \notin \Omega$$

Source: lingam2024svft, section 3.1.
Differs: the SVD is thin, as in the official code; the paper writes the full one, whose further
vectors W leaves undetermined. M starts at zero; the official code starts at random, with a gate.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, at_most, thin_svd

Positions = tuple[NDArray[np.intp], NDArray[np.intp]]
COUNT = "min(d_out, d_in) * (2 * band + 1) - band * (band + 1)"


@dataclass(frozen=True, eq=False)
class SVFT(WeightAdapter):
    """A sparse matrix M between the frozen singular vectors of W."""

    m: Annotated[Array, Learned(COUNT, unit=0.25)]
    rows: Annotated[NDArray[np.intp], Frozen(COUNT)]
    columns: Annotated[NDArray[np.intp], Frozen(COUNT)]
    U: Annotated[Array, Frozen("d_out, min(d_out, d_in)")]
    Vt: Annotated[Array, Frozen("min(d_out, d_in), d_in")]

    gauges = ("rank", "relative_norm", "singular_entries", "gram_change", "parameters")
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        band: Annotated[int, Range(0, 8, letter="d")] = 2,
        pattern: Literal["banded", "random", "top"] = "banded",
    ) -> Self:
        """Start at the identity: every trained entry of M is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the random pattern.
            band: d, the trained diagonals on each side of the main one; 0 is the plain form.
            pattern: Where as many entries as the band has are trained: in the band, at random
                places, or where left and right singular vectors agree most, by |u_i · v_j| (the
                sign is free).

        Raises:
            ValueError: when the band is wider than M, or for "top" when W is not square.
        """
        U, sigma, Vt = thin_svd(W)
        n = len(sigma)
        at_most("band", band, "min(d_out, d_in) − 1", n - 1)
        rows, columns = inside_band(n, band)
        if pattern == "random":
            rows, columns = np.divmod(rng.choice(n * n, len(rows), replace=False), n)
        if pattern == "top":
            if W.shape[0] != W.shape[1]:
                rule = f"needs d_out={W.shape[0]} to equal d_in={W.shape[1]}"
                raise KnobError("pattern", pattern, rule)
            order = np.argsort(-np.abs(U.T @ Vt.T), axis=None, stable=True)
            rows, columns = np.divmod(order[: len(rows)], n)
        return cls(np.zeros(len(rows)), rows, columns, U, Vt)

    def coefficients(self) -> Array:
        """Return the sparse matrix, (n, n) with n = min(d_out, d_in)."""
        M = np.zeros((len(self.Vt), len(self.Vt)))
        M[self.rows, self.columns] = self.m
        return M

    def delta(self, W: Array) -> Array:
        """Return U M Vᵀ, (d_out, d_in)."""
        return self.U @ self.coefficients() @ self.Vt


def inside_band(n: int, d: int) -> Positions:
    """Return rows and columns of the entries with |i − j| ≤ d in an n × n matrix.

    >>> inside_band(3, 1)
    (array([0, 0, 1, 1, 1, 2, 2]), array([0, 1, 0, 1, 2, 1, 2]))
    """
    i = np.arange(n)
    rows, columns = np.nonzero(np.abs(i[:, None] - i) <= d)
    return rows, columns
