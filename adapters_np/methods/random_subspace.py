r"""A random subspace is the null hypothesis: any few directions do, if there are enough of them.

$$\mathrm{vec}(W') = \mathrm{vec}(W) + P\,\theta$$

P is drawn at random and frozen, θ is trained. Of any change ΔW* that does not know P, k directions
explain k / (d_out d_in) of ‖ΔW*‖² on average.

Source: aghajanyan2021intrinsic, section 3.
Differs: the subspace is one of a single weight here, there one of the whole model, with a P that is
never formed (Fastfood) and, in its second form, a scale for each layer (SAID).
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array


@dataclass(frozen=True, eq=False)
class RandomSubspace(WeightAdapter):
    """A few parameters, each with a random matrix that it stretches."""

    theta: Annotated[Array, Learned("directions", unit=0.5)]
    P: Annotated[Array, Frozen("directions, d_out, d_in")]

    pictures = ("trained",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        directions: Annotated[int, Range(8, 256, 8, letter="k")] = 128,
    ) -> Self:
        """Start at the identity: θ is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of P, whose matrices have length 1 in the root mean square.
            directions: k, how many parameters are trained.
        """
        P = rng.normal(size=(directions, *W.shape)) / np.sqrt(W.size)
        return cls(np.zeros(directions), P)

    def delta(self, W: Array) -> Array:
        """Return Σ θ_k P_k, (d_out, d_in); W does not enter."""
        return np.tensordot(self.theta, self.P, axes=1)
