r"""A supermask believes that a weight has all that a task needs, and that some of it is in the way.

$$W' = M \odot W, \qquad m_{ij} = 1 \text{ if } s_{ij} > \tau \text{ and } 0 \text{ otherwise}$$

No weight gets another value: a score of each decides whether it stays. Where masks may turn signs,
a score below zero gives −1.

Source: mallya2018piggyback, its code for mask, start and threshold; zhao2020masking.
Differs: scores are in units of their start, there 0.01 with τ at 0.005.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array

THRESHOLD = 0.5
"""τ: a weight whose score is above it stays."""


@dataclass(frozen=True, eq=False)
class Supermask(WeightAdapter):
    """A score for each weight, which decides whether the weight stays."""

    scores: Annotated[Array, Learned("d_out, d_in")]
    signs: bool
    smooth: bool

    gauges = ("rank", "stable_rank", "changed_entries", "relative_norm", "stored", "parameters")
    pictures = ("mask",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, signs: bool = False) -> Self:
        """Start at the identity: every weight stays.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            signs: A score below zero turns the sign of its weight; else it switches it off.
        """
        return cls(np.ones(W.shape), signs, smooth=False)

    def mask(self) -> Array:
        """Return what every weight is multiplied with, (d_out, d_in): 1, 0 or −1."""
        if self.smooth:
            return self.scores
        low = np.where(self.scores < 0, -1.0, 0.0) if self.signs else 0.0
        return np.where(self.scores > THRESHOLD, 1.0, low)

    def delta(self, W: Array) -> Array:
        """Return (M − 1) ⊙ W, (d_out, d_in)."""
        return (self.mask() - 1) * W

    def relaxed(self) -> Self:
        """Return the adapter whose slopes train the scores: its mask is the scores themselves."""
        return replace(self, smooth=True)

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the mask whose change is nearest, weight by weight."""
        values = np.array([1.0, 0.0, -1.0] if self.signs else [1.0, 0.0])
        gaps = np.abs((values[:, None, None] - 1) * W - change)
        return replace(self, scores=values[np.argmin(gaps, axis=0)])

    def stored(self) -> float:
        """Return the size of the mask: a bit for each weight, or log₂ 3 of them with signs."""
        return self.scores.size * float(np.log2(3 if self.signs else 2)) / 32
