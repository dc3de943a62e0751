r"""OFT believes that knowledge sits in the angles between neurons: it turns them all together.

$$W' = W R^\top, \qquad R = \mathrm{blockdiag}(R_1, \dots, R_n), \qquad
R_i = (I + Q_i)(I - Q_i)^{-1}, \qquad Q_i^\top = -Q_i$$

Source: qiu2023oft, section 3.3; section 3.4 for the constrained form, COFT.
Differs: the paper has neurons as columns, so its R W is our W Rᵀ, and its knob is the number of
blocks. COFT's bound on R is one on Q, as the paper has it in the end; it is ε / √n for each of n
learned blocks, as in PEFT. PEFT's exact path is (I − Q)(I + Q)⁻¹, the inverse rotation; its default
is the series of OFTv2.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, Range, WeightAdapter
from adapters_np.linalg import (
    Array,
    block_diagonal,
    cayley,
    divide,
    inverse_cayley,
    nearest_rotations,
    rotate_blocks,
    skew,
)


@dataclass(frozen=True, eq=False)
class OFT(WeightAdapter):
    """One rotation of the input space, a block of inputs at a time."""

    Q: Annotated[
        Array,
        Learned(
            "1 if block_share else d_in // block_size, block_size * (block_size - 1) // 2",
            unit=0.15,
        ),
    ]
    block_size: int
    n_blocks: int
    epsilon: float

    gauges = (
        "rank",
        "relative_norm",
        "largest_angle",
        "orthogonality",
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
        block_size: Literal[2, 4, 8, 16, 32, 64] = 8,
        block_share: bool = False,
        epsilon: Annotated[float, Range(0, 0.5, 0.01, letter="ε")] = 0.0,
    ) -> Self:
        """Start at the identity: every Q is zero, so every block is I.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            block_size: b, how many inputs turn together.
            block_share: Use one and the same block along the whole diagonal.
            epsilon: The radius of COFT's ball around Q = 0 in the Frobenius norm; 0 leaves Q free.

        Raises:
            ValueError: when block_size does not divide d_in.
        """
        n_blocks = divide("block_size", block_size, "d_in", W.shape[1])
        Q = np.zeros((1 if block_share else n_blocks, block_size * (block_size - 1) // 2))
        return cls(Q, block_size, n_blocks, epsilon)

    def delta(self, W: Array) -> Array:
        """Return W Rᵀ − W, (d_out, d_in)."""
        return rotate_blocks(W, self._blocks()) - W

    def nearest(self, W: Array, change: Array) -> Self | None:
        """Return the blocks that turn W as near to W + change as rotations can (Procrustes).

        None where no Q gives them: within COFT's ball, and for half a turn.
        """
        before, after = (
            M.reshape(len(M), self.n_blocks, self.block_size).swapaxes(0, 1)
            for M in (W, W + change)
        )
        if len(self.Q) == 1:  # one block for all: neurons of all blocks are turned alike
            before, after = (M.reshape(1, -1, self.block_size) for M in (before, after))
        Q = inverse_cayley(nearest_rotations(before, after).swapaxes(-1, -2))
        if self.epsilon or Q is None:
            return None
        return replace(self, Q=Q)

    def rotation(self) -> Array:
        """Return R, (d_in, d_in)."""
        return block_diagonal(self._blocks())

    def _blocks(self) -> Array:
        """Return the rotations R_i, (n_blocks, b, b)."""
        Q = self._within(skew(self.Q, self.block_size))
        return np.broadcast_to(cayley(Q), (self.n_blocks, *Q.shape[1:]))

    def _within(self, Q: Array) -> Array:
        """Return Q, (n, b, b), or what COFT's ball lets through of it."""
        if not self.epsilon:
            return Q
        radius = self.epsilon / np.sqrt(len(Q))
        square = np.sum(Q**2, axis=(1, 2), keepdims=True)
        return Q * (radius / np.sqrt(np.maximum(square, radius**2)))
