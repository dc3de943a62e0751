r"""BOFT turns the inputs by a rotation that is dense, yet a product of a few sparse rotations.

$$W' = W R^\top, \qquad R = B_m \cdots B_2 B_1, \qquad
B_i = P_i \, \mathrm{blockdiag}(R_{i,1}, \dots, R_{i,d/b}) \, P_i^\top, \qquad
R_{i,j} = (I + Q_{i,j})(I - Q_{i,j})^{-1}$$

Source: liu2024boft, section 4.
Differs: nothing by default. PEFT also learns a factor for the length of each neuron (the knob
`output_scale`), and its blocks are (I − S)(I + S)⁻¹ with S = (M − Mᵀ)/2 of a full matrix M, so
Q = −S.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Departs, Learned, Range, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, butterfly, cayley, divide, rotate_blocks, skew


@dataclass(frozen=True, eq=False)
class BOFT(WeightAdapter):
    """A rotation of the input made of m butterfly factors with blocks of size b."""

    Q: Annotated[
        Array,
        Learned("factors, d_in // block_size, block_size * (block_size - 1) // 2", unit=0.15),
    ]
    scale: Annotated[Array, Learned("d_out if output_scale else 0", unit=0.2)]
    block_size: int

    gauges = (
        "rotation_fill",
        "rank",
        "relative_norm",
        "orthogonality",
        "gram_change",
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
        factors: Annotated[int, Range(1, 5, letter="m"), Departs(1)] = 2,
        block_size: Literal[2, 4, 8, 16] = 4,
        output_scale: bool = False,
    ) -> Self:
        """Start at the identity: every Q is zero, so every factor is I.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            factors: m, how many factors are multiplied; 1 is OFT, log₂(2 d_in / b) gives a dense R.
            block_size: b, the side of a rotation block.
            output_scale: Also learn a factor for the length of each neuron, as PEFT does.

        Raises:
            ValueError: when b or the reach of the last factor, b 2^(m−1), does not divide d_in.
        """
        d_out, d_in = W.shape
        n_blocks = divide("block_size", block_size, "d_in", d_in)
        reach = block_size * 2 ** (factors - 1)
        if d_in % reach:
            rule = f"needs block_size·2^{factors - 1}={reach} to divide d_in={d_in}"
            raise KnobError("factors", factors, rule)
        Q = np.zeros((factors, n_blocks, block_size * (block_size - 1) // 2))
        return cls(Q, np.ones(d_out if output_scale else 0), block_size)

    def delta(self, W: Array) -> Array:
        """Return W Rᵀ − W, (d_out, d_in), its rows scaled where lengths are learned."""
        turned = self._turn(W)
        return (turned * self.scale[:, None] if self.scale.size else turned) - W

    def rotation(self) -> Array:
        """Return R, (d_in, d_in)."""
        n_blocks = self.Q.shape[1]
        return self._turn(np.eye(n_blocks * self.block_size)).T

    def _blocks(self) -> Array:
        """Return the rotations R_ij, (factors, n_blocks, b, b)."""
        return cayley(skew(self.Q, self.block_size))

    def _turn(self, W: Array) -> Array:
        """Return W Rᵀ = W B₁ᵀ B₂ᵀ ⋯ Bₘᵀ, one factor after another."""
        for level, R in enumerate(self._blocks()):
            order = butterfly(W.shape[1], self.block_size, level)
            turned = np.empty_like(W)
            turned[:, order] = rotate_blocks(W[:, order], R)
            W = turned
        return W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by turning the tokens instead of the weight, (d_out, n)."""
        blocks = self._blocks()
        for level in reversed(range(len(blocks))):
            order = butterfly(len(X), self.block_size, level)
            turned = np.empty_like(X)
            turned[order] = rotate_blocks(X[order].T, np.swapaxes(blocks[level], -1, -2)).T
            X = turned
        Y = W @ X
        return Y * self.scale[:, None] if self.scale.size else Y
