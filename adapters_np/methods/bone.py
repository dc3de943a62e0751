r"""Bone maps each tile of a weight to its change, by one trained matrix for a whole band of tiles.

$$\text{column: } \Delta W_{ab} = (W_{ab} + I)\,B_a, \qquad
\text{row: } \Delta W_{ab} = (W_{ab} + I)\,B_b, \qquad
\text{additive: } \Delta W_{ab} = B_a$$

W is cut into r × r tiles W_ab, a counting the output bands and b the input bands.

Source: kang2024bone, versions 1 to 3 for the column form (which PEFT calls Bat), versions 4 and 5
for the additive one; the row form is in the author's repository only.
Differs: r must divide both sides in all forms; for the additive one PEFT padded the inputs. PEFT
removed Bone; MiSS has the column form as `bat` and the additive one by default.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array, divide

Form = Literal["column", "row", "additive"]


@dataclass(frozen=True, eq=False)
class Bone(WeightAdapter):
    """A block-affine change."""

    B: Annotated[
        Array,
        Learned(
            "(d_in if form == 'row' else d_out) // block_size, block_size, block_size", unit=0.08
        ),
    ]
    form: Form

    gauges = ("rank", "distinct_columns", "stable_rank", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        block_size: Literal[2, 4, 8, 16] = 8,
        form: Form = "column",
    ) -> Self:
        """Start at the identity: every B is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            block_size: r, the side of a tile.
            form: Whether the tiles of an output band share a matrix (`column`), those of an input
                band (`row`), or whether the weight does not enter (`additive`).

        Raises:
            ValueError: when block_size does not divide both sides of W.
        """
        d_out, d_in = W.shape
        bands_out = divide("block_size", block_size, "d_out", d_out)
        bands_in = divide("block_size", block_size, "d_in", d_in)
        bands = bands_in if form == "row" else bands_out
        return cls(np.zeros((bands, block_size, block_size)), form)

    def delta(self, W: Array) -> Array:
        """Return the change, (d_out, d_in), tile by tile."""
        d_out, d_in = W.shape
        r = self.B.shape[1]
        guide = np.eye(r)[:, None] + (self.form != "additive") * W.reshape(-1, r, d_in // r, r)
        band = "bkj" if self.form == "row" else "akj"
        return np.einsum(f"aibk,{band}->aibj", guide, self.B).reshape(d_out, d_in)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: what guides, and the matrices."""
        r, by_row = self.B.shape[1], self.form == "row"
        B = self.B.swapaxes(0, 1).reshape(r, -1) if by_row else self.B.reshape(-1, r)
        name = "B, one for each column of tiles" if by_row else "B, one for each row of tiles"
        if self.form == "additive":
            return "ΔW, in each tile B", {name: B}
        guide = W + np.tile(np.eye(r), (len(W) // r, W.shape[1] // r))
        return "ΔW, in each tile (W + I) B", {"W + I in each tile": guide, name: B}

    def tile(self) -> tuple[int, int]:
        """Return the sides of a tile."""
        return self.B.shape[1], self.B.shape[2]
