r"""Full fine-tuning believes nothing of the change: every entry of every weight may move.

$$W' = W + D$$

Source: devlin2019bert, section 4, which made it the usual thing to do.
Differs: nothing.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array


@dataclass(frozen=True, eq=False)
class FullFineTuning(WeightAdapter):
    """A change without a form, as large as the weight."""

    D: Annotated[Array, Learned("d_out, d_in", unit=0.1)]

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator) -> Self:
        """Start at the identity: the change is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
        """
        return cls(np.zeros(W.shape))

    def delta(self, W: Array) -> Array:
        """Return D, (d_out, d_in); W does not enter."""
        return self.D

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the change itself, whatever it is."""
        return replace(self, D=change)
