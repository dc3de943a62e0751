r"""SSVD believes that a shift of domain turns what a layer listens for and leaves what it reports.

$$W' = U (\Sigma + \Delta\Sigma)\, G\, V^\top, \qquad
  G = \begin{pmatrix} G_k & 0 \\ 0 & I \end{pmatrix}, \qquad
  G_k = (I - K)(I + K)^{-1} \approx I - 2K, \qquad K^\top = -K$$

Source: wang2025ssvd, equations 8 to 13.
Differs: a wide W is turned on its input side too. The paper treats d_out ≥ d_in only; the authors'
code turns the outputs of a wide W, and has a scalar gate and random shifts at the start. `side` is
a control of ours.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, cayley, skew, thin_svd


@dataclass(frozen=True, eq=False)
class SSVD(WeightAdapter):
    """A rotation among the k leading right singular vectors, and k shifts of singular values."""

    K: Annotated[
        Array,
        Learned("rank**2 if constraint == 'none' else rank * (rank - 1) // 2", unit=0.08),
    ]
    d_sigma: Annotated[Array, Learned("rank", unit=0.2)]
    U: Annotated[Array, Frozen("d_out, rank")]
    sigma: Annotated[Array, Frozen("rank")]
    Vt: Annotated[Array, Frozen("rank, d_in")]
    constraint: str
    side: str

    gauges = (
        "rank", "relative_norm", "orthogonality", "gram_change", "input_gram_change", "parameters",
    )  # fmt: skip
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 64, letter="k")] = 16,
        constraint: Annotated[
            Literal["approximate", "strict", "none"], Departs("none")
        ] = "approximate",
        side: Annotated[Literal["input", "output"], Departs("output")] = "input",
    ) -> Self:
        """Start at the identity: K and the shifts are zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; the start is computed from W.
            rank: k, how many singular directions turn; the paper's runs turn 17 to 80 % of them.
            constraint: How G_k is kept orthogonal: to first order (I − 2K, the paper's default),
                strictly (by the Cayley map), or not at all (I − 2K with any K).
            side: Turn the inputs (right singular vectors), or the outputs as a control.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U, sigma, Vt = thin_svd(W)
        K = np.zeros(rank**2 if constraint == "none" else rank * (rank - 1) // 2)
        return cls(K, np.zeros(rank), U[:, :rank], sigma[:rank], Vt[:rank], constraint, side)

    def rotation(self) -> Array:
        """Return G_k, (k, k)."""
        k = len(self.sigma)
        if self.constraint == "none":
            return np.eye(k) - 2 * self.K.reshape(k, k)
        K = skew(self.K, k)
        return cayley(-K) if self.constraint == "strict" else np.eye(k) - 2 * K

    def core(self) -> Array:
        """Return (Σ_k + ΔΣ_k) G_k − Σ_k; for the output side G_k comes first, (k, k)."""
        G, sigma = self.rotation(), self.sigma + self.d_sigma
        turned = sigma[:, None] * G if self.side == "input" else G * sigma
        return turned - np.diag(self.sigma)

    def delta(self, W: Array) -> Array:
        """Return U_k core V_kᵀ, (d_out, d_in); W does not enter."""
        return self.U @ self.core() @ self.Vt

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of k hidden features, without forming the change, (d_out, n)."""
        return W @ X + self.U @ (self.core() @ (self.Vt @ X))
