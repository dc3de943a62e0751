r"""OFTv2 turns the tokens instead of the weight, by a power series that is almost a rotation.

$$y = W (R^\top x), \qquad R = \mathrm{blockdiag}(R_1, \dots, R_n), \qquad
R_i = (I + Q_i)(I + Q_i + Q_i^2 + \dots + Q_i^{m-1}), \qquad Q_i^\top = -Q_i$$

Source: qiu2025oftv2, sections 3.2 (input-centric) and 3.3 (Cayley–Neumann).
Differs: m counts the terms with the identity, so the paper's k is m − 1. PEFT's count t is m + 1
from t = 4 on (3 does what 4 does), and its path without the series is the inverse rotation. Blocks
may stand repeatedly along the diagonal, which is PEFT's `block_share`.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, Range, WeightAdapter
from adapters_np.linalg import (
    Array,
    block_diagonal,
    cayley,
    cayley_neumann,
    divide,
    rotate_blocks,
    skew,
)


@dataclass(frozen=True, eq=False)
class OFTv2(WeightAdapter):
    """OFT's rotation with the inverse in it replaced by a truncated Neumann series."""

    Q: Annotated[
        Array, Learned("d_in // block_size, block_size * (block_size - 1) // 2", unit=0.15)
    ]
    block_size: int
    terms: int
    repeats: int = 1

    gauges = (
        "rank",
        "relative_norm",
        "orthogonality",
        "distance_to_exact",
        "angle_change",
        "norm_change",
        "parameters",
    )
    pictures = ("planes",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        terms: Annotated[int, Range(1, 8, letter="m")] = 4,
        block_size: Literal[2, 4, 8, 16, 32, 64] = 8,
    ) -> Self:
        """Start at the identity: every Q is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            terms: m, the terms of the series, I and Q to Q^(m−1); it converges for ‖Q‖₂ < 1.
            block_size: b, how many inputs turn together.

        Raises:
            ValueError: when block_size does not divide d_in.
        """
        n_blocks = divide("block_size", block_size, "d_in", W.shape[1])
        return cls(np.zeros((n_blocks, block_size * (block_size - 1) // 2)), block_size, terms)

    def delta(self, W: Array) -> Array:
        """Return W Rᵀ − W, (d_out, d_in)."""
        return rotate_blocks(W, self._blocks()) - W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by turning the tokens, without forming another weight, (d_out, n)."""
        turned = rotate_blocks(X.T, np.swapaxes(self._blocks(), -1, -2)).T  # Rᵀ X
        return W @ turned

    def rotation(self) -> Array:
        """Return R, (d_in, d_in), orthogonal up to the terms left out."""
        return block_diagonal(self._blocks())

    def exact_rotation(self) -> Array:
        """Return the Cayley rotation that R approximates, (d_in, d_in)."""
        exact = cayley(skew(self.Q, self.block_size))
        return block_diagonal(np.tile(exact, (self.repeats, 1, 1)) if self.repeats > 1 else exact)

    def _blocks(self) -> Array:
        """Return the blocks R_i, (n_blocks, b, b), those of Q as often as they are repeated."""
        blocks = cayley_neumann(skew(self.Q, self.block_size), self.terms)
        return np.tile(blocks, (self.repeats, 1, 1)) if self.repeats > 1 else blocks
