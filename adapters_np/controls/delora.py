"""Controls of DeLoRA, which believes in a strength that is bounded and learned apart."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import control, grown
from adapters_np.core import Frozen
from adapters_np.linalg import Array, kaiming_uniform, row_norms
from adapters_np.methods.delora import FLOOR, DeLoRA


@dataclass(frozen=True, eq=False)
class UnboundedDeLoRA(DeLoRA):
    """Pieces divided by the lengths that they have at the start, whatever becomes of them."""

    lengths: Annotated[Array, Frozen("rank")]

    gauges = ("rank", "stable_rank", "relative_norm", "parameters")  # type: ignore[assignment]

    def _scale(self) -> Array:
        """Return λ / (r ‖a_i‖ ‖b_i‖) with the lengths at the start, (r,)."""
        return self.lambda_ / (len(self.A) * self.lengths)


@control("relaxed")
def unbounded(fresh: DeLoRA, W: Array, rng: np.random.Generator) -> UnboundedDeLoRA:
    """Divide each piece by the length that it has at the start; what it grows by stays.

    Taken out: the bound on the change, and that directions are learned separately from its size.
    Kept: the low rank, the learned strength, the scale of the inputs, the first step but for the
    part along the pieces themselves. Where B starts at zero, the length is that of a fresh B.
    """
    B = fresh.B if fresh.B.any() else kaiming_uniform(rng, fresh.B.shape)
    lengths = row_norms(fresh.A, FLOOR) * row_norms(B.T, FLOOR)
    return grown(UnboundedDeLoRA, fresh, lengths=lengths)
