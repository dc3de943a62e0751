r"""GOFT turns the inputs pair by pair, in d − 1 planes that are drawn as in a knock-out tournament.

$$W' = W R^\top, \qquad R = P_{\log_2 d} \cdots P_2 P_1, \qquad
P_r = \prod_k G\big(2^r k,\; 2^{r-1}(2k + 1);\; \theta_{rk}\big)$$

Source: ma2024goft, section 4.1, equations 3 and 4.
Differs: the paper's code learns t with θ = π tanh t and, by default, a scale for every input; here
θ itself is learned and R stays a rotation. PEFT has no GOFT.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array, mix_pairs, neighbours, plane_rotations, tournament

Form = Literal["parallel", "sequential"]
ROUNDS = {"parallel": tournament, "sequential": neighbours}


@dataclass(frozen=True, eq=False)
class GOFT(WeightAdapter):
    """A rotation of the input made of d_in − 1 Givens rotations."""

    theta: Annotated[Array, Learned("d_in - 1", unit=0.5)]
    form: Form

    gauges = (
        "rotation_fill",
        "rank",
        "relative_norm",
        "orthogonality",
        "gram_change",
        "norm_change",
        "parameters",
    )
    pictures = ("planes",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, form: Form = "parallel") -> Self:
        """Start at the identity: all angles are zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            form: `parallel` pairs the coordinates as in a knock-out, log₂ d_in rounds of disjoint
                planes. `sequential` turns the planes (k − 1, k) one after another, the last first.
        """
        return cls(np.zeros(W.shape[1] - 1), form)

    def delta(self, W: Array) -> Array:
        """Return W Rᵀ − W, (d_out, d_in)."""
        return self._turn(W) - W

    def rotation(self) -> Array:
        """Return R, (d_in, d_in)."""
        return self._turn(np.eye(len(self.theta) + 1)).T

    def _turn(self, W: Array) -> Array:
        return mix_pairs(W, ROUNDS[self.form](W.shape[1]), plane_rotations(self.theta))

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by turning the tokens instead of the weight, (d_out, n)."""
        rounds = ROUNDS[self.form](len(X))[::-1]  # Rᵀ undoes the last round first
        return W @ mix_pairs(X.T, rounds, plane_rotations(-self.theta)).T
