r"""PSOFT believes that a weight adapts by turning its strongest input directions, with gains.

$$W' = U_r \Sigma_r\,\mathrm{diag}(\beta)\,R\,\mathrm{diag}(\alpha)\,V_r^\top + W_\text{res}, \qquad
  R = (I + Q)(I - Q)^{-1}, \qquad Q^\top = -Q$$

Source: wu2026psoft, equations 6 to 8; Table 6 for the free core.
Differs: the paper adapts Wᵀ, so its R = (I − Q)(I + Q)⁻¹ is our R transposed. PEFT scales by
psoft_alpha / r and divides by it again; here is no scale.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, cayley, cayley_neumann, skew, thin_svd


@dataclass(frozen=True, eq=False)
class PSOFT(WeightAdapter):
    """A rotation between the two frozen factors of W's principal part, and a gain on each side."""

    Q: Annotated[
        Array,
        Learned("rank**2 if constraint == 'none' else rank * (rank - 1) // 2", unit=0.1),
    ]
    alpha: Annotated[Array, Learned("rank * relaxed", unit=0.2)]
    beta: Annotated[Array, Learned("rank * relaxed", unit=0.2)]
    A: Annotated[Array, Frozen("rank, d_in")]
    B: Annotated[Array, Frozen("d_out, rank")]
    constraint: str
    terms: int = 5

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
        rank: Annotated[int, Range(2, 32, letter="r")] = 16,
        relaxed: bool = True,
        constraint: Annotated[Literal["exact", "series", "none"], Departs("none")] = "exact",
        split: Annotated[Literal["asymmetric", "symmetric"], Departs("symmetric")] = "asymmetric",
    ) -> Self:
        """Start at the identity: Q is zero and every gain is one.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; the start is computed from W.
            rank: r, how many leading singular directions are turned among each other.
            relaxed: Train the gains alpha and beta; without them this is the paper's strict form.
            constraint: Make R by the Cayley map, exactly or with five terms of the Neumann series
                for the inverse (as in the paper's runs), or leave it free (the paper's ablation).
            split: Where the singular values go: all to the output factor B (the paper's), or their
                roots to both, as in PiSSA.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        U, sigma, Vt = thin_svd(W)
        root = np.sqrt(sigma[:rank])
        to_A, to_B = (root, root) if split == "symmetric" else (np.ones(rank), sigma[:rank])
        Q = np.zeros(rank**2 if constraint == "none" else rank * (rank - 1) // 2)
        gain = np.ones(rank * relaxed)
        A, B = to_A[:, None] * Vt[:rank], U[:, :rank] * to_B
        return cls(Q, gain, gain, A, B, constraint)

    def rotation(self) -> Array:
        """Return R, (r, r)."""
        r = len(self.A)
        if self.constraint == "none":
            return np.eye(r) + self.Q.reshape(r, r)
        Q = skew(self.Q, r)
        return cayley_neumann(Q, self.terms) if self.constraint == "series" else cayley(Q)

    def core(self) -> Array:
        """Return diag(β) R diag(α) − I, (r, r); a gain that is not trained is one."""
        R = self.rotation()
        R = self.beta[:, None] * R if len(self.beta) else R
        R = R * self.alpha if len(self.alpha) else R
        return R - np.eye(len(R))

    def delta(self, W: Array) -> Array:
        """Return B core A, (d_out, d_in), of rank at most r; W does not enter."""
        return self.B @ self.core() @ self.A

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of r hidden features, without forming the change, (d_out, n)."""
        return W @ X + self.B @ (self.core() @ (self.A @ X))
