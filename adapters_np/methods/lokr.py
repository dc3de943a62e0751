r"""LoKr changes all blocks of a weight by one small matrix, each in its own strength.

$$W' = W + s\, C \otimes M, \qquad M = B A, \qquad s = \alpha / r$$

C is f × f: an entry is the gain of one of f² blocks. A block is M times its gain; M is low-rank or
full, and C may be low-rank, too.

Source: yeh2024lycoris, section 3.2, equations 4 and 5; edalati2022krona for two full factors.
Differs: an f that does not divide a side, or exceeds its root, is refused; equation 5 takes the
next smaller divisor. Two full factors have scale 1, as in LyCORIS; PEFT keeps α / r. PEFT starts
C at zero and M at random.
"""

from dataclasses import dataclass
from math import isqrt
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Alpha, Departs, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, divide, kaiming_uniform


@dataclass(frozen=True, eq=False)
class LoKr(WeightAdapter):
    """A Kronecker product; an empty second factor means that the first one is the whole block."""

    C: Annotated[Array, Learned("factor, rank if decompose_both else factor", unit=0.8)]
    C_A: Annotated[Array, Learned("rank if decompose_both else 0, factor", unit=0.8)]
    B: Annotated[Array, Learned("d_out // factor, d_in // factor if full else rank", unit=0.2)]
    A: Annotated[Array, Learned("0 if full else rank, d_in // factor", unit=0.05)]
    s: float

    gauges = ("rank", "tile_rank", "stable_rank", "relative_norm", "parameters")
    pictures = ("tiles",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        factor: Annotated[Literal[1, 2, 4, 8], Departs(1)] = 4,
        rank: Annotated[int, Range(1, 8, letter="r")] = 2,
        alpha: Alpha = 16.0,
        full: bool = False,
        decompose_both: bool = False,
    ) -> Self:
        """Start at the identity: M is zero, by way of A if it is low-rank.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of C and B.
            factor: f, the side of C; the weight is cut into f × f blocks. 1 is LoRA with one gain.
            rank: r of a low-rank block.
            alpha: The scale's numerator; the change is multiplied by alpha / r.
            full: Learn M itself and not B A. Then r and α play no part, unless C is low-rank.
            decompose_both: Make C a product of rank r as well.

        Raises:
            ValueError: when f does not divide a side of W or exceeds its root, or when a low-rank
                block is smaller than r.
        """
        d_out, d_in = W.shape
        sides = []
        for axis, size in ("d_out", d_out), ("d_in", d_in):
            sides.append(divide("factor", factor, axis, size))
            at_most("factor", factor, f"⌊√{axis}⌋", isqrt(size))
        if not full:
            at_most("rank", rank, "a side of M", min(sides))
        if decompose_both:
            at_most("rank", rank, "factor", factor)
        C = kaiming_uniform(rng, (factor, rank if decompose_both else factor))
        C_A = kaiming_uniform(rng, (rank if decompose_both else 0, factor))
        B = np.zeros((sides[0], sides[1])) if full else kaiming_uniform(rng, (sides[0], rank))
        A = np.zeros((0 if full else rank, sides[1]))
        return cls(C, C_A, B, A, 1.0 if full and not decompose_both else alpha / rank)

    def left(self) -> Array:
        """Return C, (f, f)."""
        return self.C @ self.C_A if self.C_A.size else self.C

    def right(self) -> Array:
        """Return M, (d_out / f, d_in / f)."""
        return self.B @ self.A if self.A.size else self.B

    def delta(self, W: Array) -> Array:
        """Return s C ⊗ M, (d_out, d_in); W does not enter."""
        return self.s * np.kron(self.left(), self.right())

    def tile(self) -> tuple[int, int]:
        """Return the shape of a block."""
        rows, columns = self.right().shape
        return rows, columns

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output as C X̃ Mᵀ, X̃ being each token cut into f pieces, (d_out, n)."""
        C, M = self.left(), self.right()
        pieces = X.reshape(C.shape[1], M.shape[1], -1)  # (f, d_in / f, n)
        mixed = np.einsum("ij,jkn->ikn", C, pieces)
        return W @ X + self.s * np.einsum("lk,ikn->iln", M, mixed).reshape(len(W), -1)
