r"""LoRA from a start that knows where to look: by the weight, the inputs, or the first gradient.

$$W' = (W - s B_0 A_0) + s\,B A, \qquad s = \alpha / r$$

| start | A₀ and B₀ |
|---|---|
| gradient (LoRA-GA) | of G = U Σ Vᵀ the first r of V, the next r of U |
| inputs (EVA) | the r principal directions of the inputs, and zero |
| used, unused (CorDA) | of W C = U Σ Vᵀ the first, the last r: Σ^½ Vᵀ C⁻¹ and U Σ^½, each over √s |
| frame (OLoRA) | of W = Q R the first r rows of R, the first r columns of Q |
| crossed | two random factors whose product is zero |

Source: wang2024loraga, yang2024corda, paischer2024eva, buyukakyuz2024olora, as PEFT has them.
Differs: inputs and gradient are drawn at random here. LoRA-GA's scale is the paper's; PEFT leaves A
as it is and gives B the singular values. PEFT divides C by the squared largest input.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Frozen, Learned, Portrait, Range, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, at_most, low_rank_factors, thin_svd

Start = Literal["gradient", "inputs", "used", "unused", "frame", "crossed"]
Pair = tuple[Array, Array]
GAMMA, DAMPING = 16, 0.01


def by_gradient(G: Array, rank: int) -> Pair:
    """Return A₀ and B₀ of LoRA-GA, without a scale, from a gradient (d_out, d_in)."""
    U, _, Vt = thin_svd(G)
    return Vt[:rank], U[:, rank : 2 * rank]


def by_inputs(X: Array, rank: int) -> Array:
    """Return A₀ of EVA: the leading directions of the inputs (d_in, n), less their mean."""
    return thin_svd(X - X.mean(axis=1, keepdims=True))[0][:, :rank].T


def by_context(W: Array, C: Array, rank: int, *, used: bool) -> Pair:
    """Return A₀ and B₀ of CorDA at s = 1, from the inputs' second moments C, (d_in, d_in)."""
    C = C + DAMPING * np.diag(C).mean() * np.eye(len(C))
    U, sigma, Vt = thin_svd(W @ C)
    block = slice(0, rank) if used else slice(len(sigma) - rank, None)
    root = np.sqrt(sigma[block])
    return root[:, None] * np.linalg.solve(C, Vt[block].T).T, U[:, block] * root


def by_frame(W: Array, rank: int) -> Pair:
    """Return A₀ and B₀ of OLoRA."""
    Q, R = np.linalg.qr(W)
    return R[:rank], Q[:, :rank]


def crossed(Q: Array, inward: Array, outward: Array) -> Pair:
    """Return factors with product zero, of rows of an orthogonal Q (r, r) that take turns."""
    return (inward @ Q[0::2]).T / 10, outward @ Q[1::2] / 10


@dataclass(frozen=True, eq=False)
class LoRAStart(WeightAdapter):
    """A pair of factors that starts at a chosen place, less what it starts as."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.15)]
    A_0: Annotated[Array, Frozen("rank, d_in")]
    B_0: Annotated[Array, Frozen("d_out, rank")]
    s: float

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    portrait = Portrait("bearings", "Where LoRA looks first: weight, inputs or gradient")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(2, 16, 2, letter="r")] = 8,
        alpha: Annotated[float, Range(1, 64, letter="α")] = 8.0,
        start: Start = "gradient",
    ) -> Self:
        """Start at the identity, whatever the factors are.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of inputs, whose channels differ in size, of the gradient, and of Q.
            rank: r, an even number.
            alpha: The scale's numerator.
            start: What the factors are read off.

        Raises:
            ValueError: when r is odd, or there are fewer than 2 r singular directions.
        """
        if rank % 2:
            raise KnobError("rank", rank, "is odd, and crossed factors have two halves")
        at_most("rank", rank, "min(d_out, d_in) / 2", min(W.shape) // 2)
        (d_out, d_in), n = W.shape, 4 * W.shape[1]
        X = (1.0 + np.arange(d_in))[:, None] ** -0.8 * rng.normal(size=(d_in, n))
        if start == "gradient":
            A, B = by_gradient(rng.normal(size=(d_out, n)) @ X.T, rank)
            A, B = (d_out**0.25 / np.sqrt(GAMMA) * factor for factor in (A, B))
        elif start == "inputs":
            A, B = by_inputs(X, rank), np.zeros((d_out, rank))
        elif start == "frame":
            A, B = by_frame(W, rank)
        elif start == "crossed":
            Q = np.linalg.qr(rng.normal(size=(rank, rank)))[0]
            A, B = crossed(Q, *(rng.normal(size=(d, rank // 2)) for d in (d_in, d_out)))
        else:
            pair = by_context(W, X @ X.T / n, rank, used=start == "used")
            A, B = (factor / np.sqrt(alpha / rank) for factor in pair)
        return cls(A, B, A, B, alpha / rank)

    def delta(self, W: Array) -> Array:
        """Return s (B A − B₀A₀), (d_out, d_in), of rank at most 2r; W does not enter."""
        return self.s * (self.B @ self.A - self.B_0 @ self.A_0)

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the factors nearest to what they started as and a change, (d_out, d_in)."""
        B, A = low_rank_factors(self.B_0 @ self.A_0 + change / self.s, len(self.A))
        return replace(self, A=A, B=B)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of 2 r hidden features, (d_out, n)."""
        return W @ X + self.s * (self.B @ (self.A @ X) - self.B_0 @ (self.A_0 @ X))
