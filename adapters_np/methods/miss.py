r"""MiSS learns one matrix for the output side and adds up blocks of the input before it.

$$W' = W + D S, \qquad S = [\,I_r\; I_r\; \cdots\; I_r\,], \qquad
\Delta W_{ij} = D_{i,\; j \bmod r}$$

PEFT has two variants. `mini` repeats a shorter D along the outputs, too. `bat` multiplies with the
weight itself: for each r × r tile W_ab and the tile D_a of D beside it, ΔW_ab = W_ab D_a + D_a.

Source: kang2026miss, section 4.2, equations 4 to 7; PEFT for `mini` and `bat`.
Differs: nothing. PEFT stores Dᵀ. The paper's section 4.1 repeats rows instead of columns.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, Range, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, at_most, divide


@dataclass(frozen=True, eq=False)
class MiSS(WeightAdapter):
    """A change whose columns repeat every r inputs."""

    D: Annotated[Array, Learned("d_out // output_repeats, rank", unit=0.08)]
    bat: bool

    gauges = ("rank", "distinct_columns", "stable_rank", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 32, letter="r")] = 8,
        output_repeats: Literal[1, 2, 4, 8] = 1,
        bat: bool = False,
    ) -> Self:
        """Start at the identity: D is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            rank: r, the width of an input block; the last block may be narrower.
            output_repeats: How often D is repeated along the outputs; above 1 this is PEFT's `mini`
                with mini_r = d_out / output_repeats.
            bat: Multiply D with the tiles of the weight as well.

        Raises:
            ValueError: when r exceeds d_in, when output_repeats does not divide d_out, or when
                `bat` meets repeats or an r that does not divide both sides of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "d_in", d_in)
        rows = divide("output_repeats", output_repeats, "d_out", d_out)
        if bat:
            divide("rank", rank, "d_in", d_in)
            divide("rank", rank, "d_out", d_out)
            if output_repeats > 1:
                raise KnobError("output_repeats", output_repeats, "needs bat to be off")
        return cls(np.zeros((rows, rank)), bat)

    def delta(self, W: Array) -> Array:
        """Return D S, to which `bat` adds W_ab D_a in every tile, (d_out, d_in)."""
        d_out, d_in = W.shape
        rows, r = self.D.shape
        repeated = np.tile(self.D, (d_out // rows, -(-d_in // r)))[:, :d_in]
        if not self.bat:
            return repeated
        tiles = W.reshape(d_out // r, r, d_in // r, r)
        product = np.einsum("aibk,akj->aibj", tiles, self.D.reshape(-1, r, r))
        return repeated + product.reshape(d_out, d_in)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: the block, and what copies it."""
        r = self.D.shape[1]
        if self.bat:
            return "ΔW, in each tile (W + I) D", {"W": W, "D, trained": self.D}
        S = np.tile(np.eye(r), -(-W.shape[1] // r))[:, : W.shape[1]]
        return "ΔW = D S, copies of D", {"D, trained": self.D, "S, fixed": S}

    def tile(self) -> tuple[int, int]:
        """Return the sides of a copy, with `bat` those of a tile."""
        rows, r = self.D.shape
        return r if self.bat else rows, r

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of the r sums over input blocks, (d_out, n).

        The change with `bat` depends on W and has no such route.
        """
        if self.bat:
            return self.forward(W, X)
        d_in, n = X.shape
        rows, r = self.D.shape
        padded = np.concatenate([X, np.zeros((-d_in % r, n))])
        sums = padded.reshape(-1, r, n).sum(axis=0)  # (r, n)
        return W @ X + np.tile(self.D @ sums, (len(W) // rows, 1))
