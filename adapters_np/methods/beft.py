r"""BEFT adds one learned shift to what a layer says, whatever it reads.

$$Y = W X + b\,\mathbf 1^\top$$

Source: huang2026beft, its formula as PEFT implements it; peft2026benchmark for the run.
Differs: nothing. The paper trains the biases of the value projections, BitFit those of all layers.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Adapter, Learned
from adapters_np.linalg import Array


@dataclass(frozen=True, eq=False)
class BEFT(Adapter):
    """A bias, the only thing that is trained."""

    b: Annotated[Array, Learned("d_out", unit=0.5)]

    gauges = ("changed_columns", "distinct_columns", "rank", "relative_norm", "parameters")
    pictures = ("positions",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator) -> Self:
        """Start at the identity: the shift is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
        """
        return cls(np.zeros(len(W)))

    def forward(self, W: Array, X: Array) -> Array:
        """Return the shifted output, (d_out, n)."""
        return W @ X + self.b[:, None]
