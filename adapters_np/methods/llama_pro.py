r"""LLaMA Pro believes that new knowledge needs new depth, started as copies that write nothing.

$$h' = h + U\,\mathrm{relu}(D\,h), \qquad h = x + W^\top \mathrm{relu}(W x)$$

D starts as rows of W and U as zero, so that a fresh block hands on what it gets.

Source: wu2024llamapro, section 3.2, and its code, `block_expansion.py`.
Differs: a block here is $h + W^\top \mathrm{relu}(W h)$, without attention, gates and norms, and of
its hidden units only the first are copied.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Adapter, Learned, Range
from adapters_np.layers import feed_forward
from adapters_np.linalg import Array, at_most


@dataclass(frozen=True, eq=False)
class LLaMAPro(Adapter):
    """A new block behind a frozen one: what its hidden units read, and what they write."""

    D: Annotated[Array, Learned("width, d_in", unit=0.1)]
    U: Annotated[Array, Learned("d_in, width", unit=0.1)]

    place = "layer"
    gauges = ("rank", "stable_rank", "relative_norm", "parameters")
    pictures = ("positions",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        width: Annotated[int, Range(1, 16, letter="m")] = 8,
    ) -> Self:
        """Start at the identity: what the units read is copied, and they write nothing.

        Args:
            W: The weight of the frozen block, (d_out, d_in), with a hidden unit in each row.
            rng: Not used; nothing is random.
            width: m, how many hidden units are copied; the paper copies all.

        Raises:
            ValueError: when the frozen block has fewer.
        """
        at_most("width", width, "d_out", len(W))
        return cls(W[:width].copy(), np.zeros((W.shape[1], width)))

    def base(self, W: Array, X: Array) -> Array:
        """Return the output of the frozen block, (d_in, n)."""
        return feed_forward(W, X)

    def hidden(self, h: Array) -> Array:
        """Return what the new units hand on, (width, n)."""
        return np.maximum(self.D @ h, 0)

    def forward(self, W: Array, X: Array) -> Array:
        """Return the output of the frozen block and the new one behind it, (d_in, n)."""
        h = feed_forward(W, X)
        return h + self.U @ self.hidden(h)
