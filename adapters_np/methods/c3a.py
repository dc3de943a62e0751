r"""C3A builds a change of full rank from short filters that wrap around, one for each tile.

$$W' = W + \begin{pmatrix} C(w_{11}) & \cdots & C(w_{1n}) \\ \vdots & & \vdots \\
C(w_{m1}) & \cdots & C(w_{mn}) \end{pmatrix}, \qquad C(w)_{ij} = w_{(j - i) \bmod b}$$

The kernel is the first row of its tile, so a tile computes a circular cross-correlation.

Source: chen2025c3a, sections 3.2 and 3.4, equation 4; Tables A4 and A5 for the start.
Differs: PEFT, whose module the first author wrote, divides the change by d_in; the paper's
equations do not. Here only the start is divided by it, else it would be as large as the weight.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Absorbed, Departs, Learned, WeightAdapter
from adapters_np.linalg import Array, circulant, divide


@dataclass(frozen=True, eq=False)
class C3A(WeightAdapter):
    """A kernel of length b for every b × b tile of the weight."""

    starts_at_identity = False  # The kernels start at small random values.

    w: Annotated[Array, Learned("d_out // block_size, d_in // block_size, block_size", unit=0.08)]

    gauges = ("rank", "effective_rank", "tile_rank", "relative_norm", "parameters")
    pictures = ("tiles",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        block_size: Annotated[Literal[1, 2, 4, 8, 16, 32, 64], Departs(1)] = 16,
        zero_start: Annotated[bool, Absorbed] = False,
    ) -> Self:
        """Start near the identity: Xavier-uniform kernels over d_in.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the kernels.
            block_size: b, the side of a tile and the length of its kernel.
            zero_start: Start with kernels of zero, at the identity.

        Raises:
            ValueError: when b does not divide both sides of W.
        """
        d_out, d_in = W.shape
        shape = (
            divide("block_size", block_size, "d_out", d_out),
            divide("block_size", block_size, "d_in", d_in),
            block_size,
        )
        limit = np.sqrt(6 / (d_in + d_out)) / d_in
        return cls(np.zeros(shape) if zero_start else rng.uniform(-limit, limit, shape))

    def delta(self, W: Array) -> Array:
        """Return the grid of circulant tiles, (d_out, d_in); W does not enter."""
        tiles = circulant(self.w)  # first columns, so transposed: (d_out/b, d_in/b, b, b)
        return tiles.transpose(0, 3, 1, 2).reshape(W.shape)

    def tile(self) -> tuple[int, int]:
        """Return the shape of a tile."""
        b = self.w.shape[-1]
        return b, b

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by Fourier transforms of kernels and tokens, (d_out, n)."""
        _, columns, b = self.w.shape
        kernels = np.fft.rfft(self.w).conj()  # conjugate: correlation, not convolution
        tokens = np.fft.rfft(X.reshape(columns, b, -1), axis=1)
        filtered = np.einsum("uvk,vkt->ukt", kernels, tokens)
        return W @ X + np.fft.irfft(filtered, n=b, axis=1).reshape(len(W), -1)
