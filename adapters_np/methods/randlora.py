r"""RandLoRA blames the low rank for LoRA's limits and adds up random bases to full rank.

$$W' = W + s \sum_{j=1}^n B_j \Lambda_j A \Gamma_j, \qquad n = \lceil d / r \rceil, \qquad
s = \frac{\alpha}{r \sqrt n}$$

A and all B_j are random and frozen, one set for all layers; only the diagonal gains Λ_j and Γ_j are
learned. d is the smaller side of W and A sits on it: where that is the output, the sum is
transposed.

Source: albert2025randlora, section 4.2, equation 4; the scale is the official code's.
Differs: the paper slices one large set of bases for layers of all sizes; here they have the layer's
size. PEFT leaves out √n and pairs the columns of the B_j with the rows of A Γ_j in another, fixed
order.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Alpha, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array

BASES = "ceil(min(d_out, d_in) / rank)"


@dataclass(frozen=True, eq=False)
class RandLoRA(WeightAdapter):
    """Gains on n fixed random bases of rank r."""

    Lambda: Annotated[Array, Learned(f"{BASES}, rank", unit=0.8)]
    Gamma: Annotated[Array, Learned(f"{BASES}, min(d_out, d_in)", unit=0.02)]
    A: Annotated[Array, Frozen("rank, min(d_out, d_in)")]
    B: Annotated[Array, Frozen(f"{BASES}, max(d_out, d_in), rank")]
    s: float

    gauges = ("rank", "stable_rank", "effective_rank", "relative_norm", "parameters")
    pictures = ("trained",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 64, letter="r")] = 8,
        alpha: Alpha = 16.0,
        bases: Literal["dense", "sparse"] = "dense",
    ) -> Self:
        """Start at the identity: every λ is zero, every γ is 1 / d.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A and B, which are not stored but drawn again from its seed.
            rank: r of one basis. A larger r means fewer bases and fewer trained gains.
            alpha: The scale's numerator; the change is multiplied by α / (r √n).
            bases: Uniform entries, or −√3, 0 and √3 with two zeros in three; both of deviation 1.
        """
        d, D = sorted(W.shape)
        n = -(-d // rank)
        shapes = (rank, d), (n, D, rank)
        draw = sparse if bases == "sparse" else dense
        A, B = (draw(rng, shape) for shape in shapes)
        return cls(np.zeros((n, rank)), np.full((n, d), 1 / d), A, B, float(alpha / rank / n**0.5))

    def stacked(self) -> tuple[Array, Array]:
        """Return the B_j side by side, (D, n·r), and the Λ_j A Γ_j one below another, (n·r, d)."""
        n, D, r = self.B.shape
        gained = self.Lambda[:, :, None] * self.A * self.Gamma[:, None, :]  # (n, r, d)
        return self.B.transpose(1, 0, 2).reshape(D, n * r), gained.reshape(n * r, -1)

    def delta(self, W: Array) -> Array:
        """Return s Σ B_j Λ_j A Γ_j, (d_out, d_in), or its transpose if d_out < d_in."""
        B, A = self.stacked()
        change = self.s * B @ A
        return change if W.shape[0] >= W.shape[1] else change.T

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of n·r hidden features, (d_out, n)."""
        B, A = self.stacked()
        if W.shape[0] < W.shape[1]:
            A, B = B.T, A.T
        return W @ X + self.s * B @ (A @ X)


def dense(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return uniform entries with mean 0 and deviation 1."""
    return rng.uniform(-np.sqrt(3), np.sqrt(3), shape)


def sparse(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return entries ±√3 with probability 1/6 each and 0 else: deviation 1."""
    return np.sqrt(3) * rng.choice([-1.0, 0.0, 1.0], shape, p=[1 / 6, 2 / 3, 1 / 6])
