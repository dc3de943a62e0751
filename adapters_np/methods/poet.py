r"""POET believes that a weight's singular values are right and both of its bases may turn.

$$W' = R\,W P, \qquad
R = \Psi_\text{out}^\top \mathrm{blockdiag}(R_1, \dots) \Psi_\text{out}, \qquad
P = \Psi_\text{in}^\top \mathrm{blockdiag}(P_1, \dots) \Psi_\text{in}$$

Each block is a rotation (I + Q)(I − Q)⁻¹, and Ψ puts inputs or outputs in a random order.

Source: qiu2025poet, sections 3.1 and 3.2, equation 5 for the blocks.
Differs: its weight is the transpose of ours, so its R turns inputs and is our P. Rotations are
exact, there a short series; the order is drawn once, there anew whenever the rotations have been
multiplied into the weight. It was made for training from scratch, and the paper's fourth
version fine-tunes with it.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Frozen, Learned, WeightAdapter
from adapters_np.linalg import Array, cayley, divide, rotate_blocks, skew


@dataclass(frozen=True, eq=False)
class POET(WeightAdapter):
    """One rotation of the outputs and one of the inputs, a block at a time."""

    Q_out: Annotated[
        Array, Learned("d_out // block_size, block_size * (block_size - 1) // 2", unit=0.1)
    ]
    Q_in: Annotated[
        Array, Learned("d_in // block_size, block_size * (block_size - 1) // 2", unit=0.1)
    ]
    out_order: Annotated[NDArray[np.intp], Frozen("d_out")]
    in_order: Annotated[NDArray[np.intp], Frozen("d_in")]
    block_size: int

    gauges = (
        "rank",
        "relative_norm",
        "spectrum_change",
        "angle_change",
        "norm_change",
        "parameters",
    )
    pictures = ("core",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        block_size: Literal[2, 4, 8, 16, 32, 64] = 8,
        shuffled: bool = True,
    ) -> Self:
        """Start at the identity: every Q is zero, so every block is I.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the orders.
            block_size: b, how many inputs, and how many outputs, turn together.
            shuffled: Draw which ones are together; else they are neighbours.

        Raises:
            ValueError: when block_size does not divide both sides.
        """
        sizes = zip(("d_out", "d_in"), W.shape, strict=True)
        blocks = [divide("block_size", block_size, axis, size) for axis, size in sizes]
        Q = [np.zeros((n, block_size * (block_size - 1) // 2)) for n in blocks]
        orders = [rng.permutation(d) if shuffled else np.arange(d) for d in W.shape]
        return cls(Q[0], Q[1], orders[0], orders[1], block_size)

    def turn(self, Q: Array) -> Array:
        """Return blocks from the strict upper triangles of their generators, (n, b, b)."""
        return cayley(skew(Q, self.block_size))

    def turned(self, W: Array) -> Array:
        """Return R W P, (d_out, d_in)."""
        V = rotate_blocks(W[:, self.in_order], self.turn(self.Q_in))[:, np.argsort(self.in_order)]
        V = rotate_blocks(V[self.out_order].T, self.turn(self.Q_out)).T
        return V[np.argsort(self.out_order)]

    def delta(self, W: Array) -> Array:
        """Return R W P − W, (d_out, d_in)."""
        return self.turned(W) - W
