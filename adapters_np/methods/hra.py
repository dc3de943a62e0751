r"""HRA reflects the inputs r times: the change is orthogonal and of low rank at once.

$$W' = W H, \qquad H = \prod_{i=1}^{r} \big(I - 2\,u_i u_i^\top\big) = I + U \Gamma U^\top, \qquad
\|u_i\| = 1$$

Source: yuan2024hra, equation 1; equations 3 and 4 for Γ; section 3.4 for orthonormal normals.
Differs: the penalty λ‖I − UᵀU‖² belongs to the loss, so only its two ends are here: free normals,
and orthonormal ones by QR of independent columns. PEFT's Gram–Schmidt starts from equal pairs and
divides 0 by 0.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, at_most, compact_wy, kaiming_uniform, reflect


@dataclass(frozen=True, eq=False)
class HRA(WeightAdapter):
    """A chain of r reflections of the input."""

    V: Annotated[Array, Learned("d_in, rank", unit=0.05)]
    orthonormal: bool

    # An even number of free normals starts at the identity. An odd number of reflections never is
    # the identity, since its determinant is −1, and neither is a product of orthonormal ones.
    starts_at_identity = False
    gauges = (
        "rank",
        "determinant",
        "rotation_distance",
        "relative_norm",
        "orthogonality",
        "gram_change",
        "parameters",
    )
    pictures = ("planes",)

    @classmethod
    def init(
        cls, W: Array, rng: np.random.Generator, *, rank: Rank = 8, orthonormal: bool = False
    ) -> Self:
        """Start at the identity where that is possible: equal pairs of normals cancel.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the normals.
            rank: r, the number of reflections; where it is odd, the last one has no partner.
            orthonormal: Make the normals orthonormal, the limit λ → ∞ of the paper's penalty. They
                then start independent.

        Raises:
            ValueError: when rank exceeds d_in.
        """
        d_in = W.shape[1]
        at_most("rank", rank, "d_in", d_in)
        V = kaiming_uniform(rng, (rank, d_in)).T
        return cls(V if orthonormal else V[:, np.arange(rank) // 2], orthonormal)

    def normals(self) -> Array:
        """Return U, the unit normals of the mirrors in its columns, (d_in, rank)."""
        if self.orthonormal:
            return np.linalg.qr(self.V)[0]
        return self.V / np.linalg.norm(self.V, axis=0)

    def delta(self, W: Array) -> Array:
        """Return W H − W, (d_out, d_in), one reflection after another."""
        turned = W
        for u in self.normals().T:
            turned = reflect(turned, u)
        return turned - W

    def rotation(self) -> Array:
        """Return H, (d_in, d_in)."""
        identity = np.eye(len(self.V))
        return identity + self.delta(identity)

    def gamma(self) -> Array:
        """Return Γ of H = I + U Γ Uᵀ, upper triangular with −2 on its diagonal, (rank, rank)."""
        return compact_wy(self.normals())

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of the r inner products Uᵀ X, (d_out, n)."""
        U = self.normals()
        return W @ (X + U @ (self.gamma() @ (U.T @ X)))
