r"""LoRA from directions that are read off something: the weight, its inputs, or the first gradient.

$$W' = W + s\,(B A - B_0 A_0 + B_0 M A_0), \qquad s = \alpha / r$$

What is trained is A and B, one of them, or M alone; what is not stays at its start, M at zero.

| start | A₀ and B₀, of r components that a segment of the spectrum has |
|---|---|
| weight (PiSSA, MiLoRA) | of W = U Σ Vᵀ: Σ^½ Vᵀ and U Σ^½, each over √s |
| used (CorDA) | of W C = U Σ Vᵀ: Σ^½ Vᵀ C⁻¹ and U Σ^½, each over √s |
| answers (LoRA-Null) | of W P, P projecting on r principal directions of the inputs: as in weight |
| inputs (EVA) | r principal directions of the inputs, less their mean, and zero |
| gradient (LoRA-GA) | of G = U Σ Vᵀ r rows of Vᵀ, the next r columns of U |
| frame (OLoRA) | of W = Q R the rows of R, the columns of Q |
| crossed | two random factors whose product is zero |

Source: wang2024loraga, yang2024corda, paischer2024eva, buyukakyuz2024olora, as PEFT has them;
tang2025loranull, by its code; meng2024pissa, wang2025milora.
Differs: inputs and gradient are drawn at random here; EVA's dealing of ranks among layers is left
out. LoRA-GA's scale is the paper's; PEFT leaves A as it is and gives B the singular values. PEFT
divides C by the squared largest input.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, at_most, low_rank_factors, thin_svd

Start = Literal["gradient", "weight", "used", "answers", "inputs", "frame", "crossed"]
Segment = Literal["strongest", "middle", "weakest", "drawn"]
Trained = Literal["both", "A", "B", "core"]
Pair = tuple[Array, Array]
Places = NDArray[np.intp]
GAMMA, DAMPING = 16, 0.01
READS, WRITES = (f"rank * ((trained == 'both') + (trained == '{one}'))" for one in "AB")


def places(segment: Segment, count: int, rank: int, rng: np.random.Generator) -> Places:
    """Return which of `count` components, the strongest first, a segment has, (rank,).

    Examples:
        >>> places("middle", 8, 2, np.random.default_rng(0))
        array([3, 4])
    """
    if segment == "drawn":
        return np.sort(rng.permutation(count)[:rank])
    first = {"strongest": 0, "middle": (count - rank) // 2, "weakest": count - rank}[segment]
    return np.arange(first, first + rank)


def by_weight(W: Array, block: Places) -> Pair:
    """Return A₀ and B₀ of PiSSA at s = 1: the components of a matrix, shared by roots."""
    U, sigma, Vt = thin_svd(W)
    root = np.sqrt(sigma[block])
    return root[:, None] * Vt[block], U[:, block] * root


def by_context(W: Array, C: Array, block: Places) -> Pair:
    """Return A₀ and B₀ of CorDA at s = 1, from the inputs' second moments C, (d_in, d_in)."""
    C = C + DAMPING * np.diag(C).mean() * np.eye(len(C))
    A, B = by_weight(W @ C, block)
    return np.linalg.solve(C, A.T).T, B


def by_answers(W: Array, C: Array, block: Places) -> Pair:
    """Return A₀ and B₀ of LoRA-Null at s = 1: what W answers to directions of the inputs."""
    V = thin_svd(C)[0][:, block]
    return by_weight(W @ V @ V.T, np.arange(len(block)))


def by_inputs(X: Array, block: Places) -> Array:
    """Return A₀ of EVA: principal directions of the inputs (d_in, n), less their mean."""
    return thin_svd(X - X.mean(axis=1, keepdims=True))[0][:, block].T


def by_gradient(G: Array, block: Places) -> Pair:
    """Return A₀ and B₀ of LoRA-GA, without a scale, from a gradient and 2 r of its places."""
    U, _, Vt = thin_svd(G)
    return Vt[block[: len(block) // 2]], U[:, block[len(block) // 2 :]]


def by_frame(W: Array, block: Places) -> Pair:
    """Return A₀ and B₀ of OLoRA."""
    Q, R = np.linalg.qr(W)
    return R[block], Q[:, block]


def crossed(Q: Array, inward: Array, outward: Array) -> Pair:
    """Return factors with product zero, of rows of an orthogonal Q (r, r) that take turns."""
    return (inward @ Q[0::2]).T / 10, outward @ Q[1::2] / 10


def factors(W: Array, rng: np.random.Generator, rank: int, start: Start, segment: Segment) -> Pair:
    """Return A₀ and B₀ of a start at s = 1, with inputs and gradient that are drawn."""
    (d_out, d_in), n = W.shape, 4 * W.shape[1]
    X = (1.0 + np.arange(d_in))[:, None] ** -0.8 * rng.normal(size=(d_in, n))
    if start == "gradient":
        G = rng.normal(size=(d_out, n)) @ X.T
        A, B = by_gradient(G, places(segment, min(W.shape), 2 * rank, rng))
        gain = d_out**0.25 / np.sqrt(GAMMA)
        return gain * A, gain * B
    if start == "crossed":
        Q = np.linalg.qr(rng.normal(size=(rank, rank)))[0]
        return crossed(Q, *(rng.normal(size=(d, rank // 2)) for d in (d_in, d_out)))
    if start == "inputs":
        return by_inputs(X, places(segment, d_in, rank, rng)), np.zeros((d_out, rank))
    if start == "answers":
        return by_answers(W, X @ X.T, places(segment, d_in, rank, rng))
    block = places(segment, min(W.shape), rank, rng)
    if start == "used":
        return by_context(W, X @ X.T / n, block)
    return by_frame(W, block) if start == "frame" else by_weight(W, block)


@dataclass(frozen=True, eq=False)
class LoRAStart(WeightAdapter):
    """A pair of factors at a chosen place, less what it starts as, and what is trained of it."""

    A: Annotated[Array, Learned(f"{READS}, d_in", unit=0.15)]
    B: Annotated[Array, Learned(f"d_out, {WRITES}", unit=0.15)]
    M: Annotated[Array, Learned("rank * (trained == 'core'), rank", unit=0.15)]
    A_0: Annotated[Array, Frozen("rank, d_in")]
    B_0: Annotated[Array, Frozen("d_out, rank")]
    s: float

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(2, 16, 2, letter="r")] = 8,
        alpha: Annotated[float, Range(1, 64, letter="α")] = 8.0,
        start: Start = "gradient",
        segment: Annotated[Segment, Departs("middle", "drawn")] = "strongest",
        trained: Trained = "both",
    ) -> Self:
        """Start at the identity, whatever the factors are.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of inputs, whose channels differ in size, of the gradient, and of Q.
            rank: r, an even number.
            alpha: The scale's numerator.
            start: Whose directions: what the factors are read off.
            segment: Which of these directions, in their order; crossed factors have none.
            trained: Both factors, one of them, or an r × r core between them.

        Raises:
            ValueError: when r is odd, there are fewer than 2 r singular directions, or what is
                trained has a factor of zero beside it.
        """
        if rank % 2:
            raise KnobError("rank", rank, "is odd, and crossed factors have two halves")
        at_most("rank", rank, "min(d_out, d_in) / 2", min(W.shape) // 2)
        if start == "inputs" and trained in ("A", "core"):
            raise KnobError("trained", trained, "changes nothing where B is zero, as with inputs")
        A, B = factors(W, rng, rank, start, segment)
        if start in ("weight", "used", "answers"):
            A, B = (factor / np.sqrt(alpha / rank) for factor in (A, B))
        reads, writes = trained in ("both", "A"), trained in ("both", "B")
        M = np.zeros((rank * (trained == "core"), rank))
        return cls(A[: rank * reads], B[:, : rank * writes], M, A, B, alpha / rank)

    def ends(self) -> Pair:
        """Return A and B, (rank, d_in) and (d_out, rank): what is not trained is at its start."""
        A = self.A if self.A.size else self.A_0
        return A, self.B if self.B.size else self.B_0

    def delta(self, W: Array) -> Array:
        """Return s (B A − B₀A₀ + B₀ M A₀), (d_out, d_in), of rank at most 2r; W does not enter."""
        if self.M.size:
            return self.s * (self.B_0 @ self.M @ self.A_0)
        A, B = self.ends()
        return self.s * (B @ A - self.B_0 @ self.A_0)

    def nearest(self, W: Array, change: Array) -> Self:
        """Return what is trained nearest to a change, (d_out, d_in), in closed form."""
        change = change / self.s
        if self.M.size:
            left, right = np.linalg.pinv(self.B_0), np.linalg.pinv(self.A_0)
            return replace(self, M=left @ change @ right)
        whole = self.B_0 @ self.A_0 + change
        if not self.B.size:
            return replace(self, A=np.linalg.pinv(self.B_0) @ whole)
        if not self.A.size:
            return replace(self, B=whole @ np.linalg.pinv(self.A_0))
        B, A = low_rank_factors(whole, len(self.A))
        return replace(self, A=A, B=B)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of 2 r hidden features, (d_out, n)."""
        hidden = self.A_0 @ X
        if self.M.size:
            return W @ X + self.s * (self.B_0 @ (self.M @ hidden))
        A, B = self.ends()
        return W @ X + self.s * (B @ (A @ X) - self.B_0 @ hidden)
