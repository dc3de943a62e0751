"""Controls of HOFT, which believes in the singular values of the weight."""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.control import control
from adapters_np.controls.hra import stretched
from adapters_np.core import Learned, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.hoft import HOFT


@dataclass(frozen=True, eq=False)
class BothSymmetricPairs(WeightAdapter):
    """Pairs of directions stretch on both sides where pairs of mirrors turn."""

    U: Annotated[Array, Learned("d_out, rank // 2", unit=0.1)]
    C_U: Annotated[Array, Learned("d_out, rank // 2", unit=0.1)]
    V: Annotated[Array, Learned("d_in, rank // 2", unit=0.1)]
    C_V: Annotated[Array, Learned("d_in, rank // 2", unit=0.1)]

    gauges = ("rank", "relative_norm", "spectrum_change", "parameters")

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator) -> Self:
        """Start with one pair a side at the identity; the control has as many as HOFT has pairs."""
        U, V = (rng.normal(0, d**-0.5, (d, 1)) for d in W.shape)
        return cls(U, 0 * U, V, 0 * V)

    def delta(self, W: Array) -> Array:
        """Return the weight after all pairs of both sides less the weight, (d_out, d_in)."""
        read = stretched(W, self.V, self.C_V)
        return stretched(read.T, self.U, self.C_U).T - W


@control("relaxed")
def symmetric_pairs(fresh: HOFT, W: Array, rng: np.random.Generator) -> BothSymmetricPairs:
    """Put a symmetric pair of directions in the place of each pair of mirrors; nothing is drawn.

    Taken out: that singular values are kept. Kept: the directions at the start on both sides, the
    rank, products of as many factors.
    """
    for knob, on in {"scaled": fresh.m.size > 0, "series": fresh.series}.items():
        if on:
            raise KnobError(knob, True, "has no control: singular values do not stay with it")
    U, V = fresh.U[:, ::2], fresh.V[:, ::2]
    return BothSymmetricPairs(U, 0 * U, V, 0 * V)
