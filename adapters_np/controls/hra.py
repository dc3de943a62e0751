"""Controls of HRA, which believes in few directions and kept angles at once."""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.control import control
from adapters_np.core import Learned, WeightAdapter
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, kaiming_uniform
from adapters_np.methods.hra import HRA


@dataclass(frozen=True, eq=False)
class SymmetricPairs(WeightAdapter):
    """W Π (I + 2 û_i c_iᵀ + 2 c_i û_iᵀ): pairs of directions stretch where pairs of mirrors turn.

    Two mirrors û + a and û + b amount, to first order, to I + 2 (c ûᵀ − û cᵀ) with c = a − b, up to
    a part along û: the generator is skew there and symmetric here.
    """

    U: Annotated[Array, Learned("d_in, rank // 2", unit=0.05)]
    C: Annotated[Array, Learned("d_in, rank // 2", unit=0.05)]

    gauges = ("rank", "relative_norm", "gram_change", "parameters")

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator) -> Self:
        """Start with one pair at the identity; the control has as many as HRA has pairs."""
        return cls(kaiming_uniform(rng, (1, W.shape[1])).T, np.zeros((W.shape[1], 1)))

    def delta(self, W: Array) -> Array:
        """Return the weight after all pairs less the weight, (d_out, d_in)."""
        return stretched(W, self.U, self.C) - W


def stretched(W: Array, U: Array, C: Array) -> Array:
    """Return W Π (I + 2 û cᵀ + 2 c ûᵀ), (n, d), for the columns u of U and c of C, (d, pairs)."""
    for u, c in zip(U.T, C.T, strict=True):
        unit = u / np.linalg.norm(u)
        W = W + 2 * (np.outer(W @ unit, c) + np.outer(W @ c, unit))
    return W


@dataclass(frozen=True, eq=False)
class InputLoRA(WeightAdapter):
    """W (I + B A): few directions of the inputs, any change of them."""

    A: Annotated[Array, Learned("rank // 2, d_in", unit=0.15)]
    B: Annotated[Array, Learned("d_in, rank // 2", unit=0.15)]

    gauges = ("rank", "relative_norm", "gram_change", "parameters")

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator) -> Self:
        """Start with one direction at the identity; the control has as many as HRA has pairs."""
        return cls(kaiming_uniform(rng, (1, W.shape[1])), np.zeros((W.shape[1], 1)))

    def delta(self, W: Array) -> Array:
        """Return W B A, (d_out, d_in)."""
        return (W @ self.B) @ self.A


@control("relaxed")
def symmetric_pairs(fresh: HRA, W: Array, rng: np.random.Generator) -> SymmetricPairs:
    """Put a symmetric pair of directions in the place of each pair of mirrors; nothing is drawn.

    Taken out: that angles and lengths of neurons are kept. Kept: the directions at the start, the
    rank, a product of as many factors.
    """
    U = fresh.V[:, : pairs(fresh) * 2 : 2]
    return SymmetricPairs(U, 0 * U)


@control("relaxed")
def free_factors(fresh: HRA, W: Array, rng: np.random.Generator) -> InputLoRA:
    """Train W (I + B A) with half as many directions.

    Taken out: that angles and lengths of neurons are kept. Kept: few directions of the inputs; as a
    direction that is read and one that is written come apart, the rank is half of HRA's.
    """
    k = pairs(fresh)
    return InputLoRA(kaiming_uniform(rng, (k, W.shape[1])), np.zeros((W.shape[1], k)))


def pairs(fresh: HRA) -> int:
    """Return how many pairs of mirrors there are.

    Raises:
        ValueError: when one is left alone, or orthonormal ones never start at the identity.
    """
    r = fresh.V.shape[1]
    if r % 2:
        raise KnobError("rank", r, "leaves a mirror without a partner: a control needs pairs")
    if fresh.orthonormal:
        raise KnobError("orthonormal", True, "has no control: it does not start at the identity")
    return r // 2
