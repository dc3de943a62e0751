r"""GaLore believes that each gradient has low rank, and that the sum of their steps need not.

$$W' = W + \sum_{t=1}^{T} C_t\,P_t^\top$$

P_t holds the first r singular directions of the gradient with which stage t begins, on the shorter
side of the weight. Adam runs on the projected gradient, and C_t is the sum of its steps, which are
projected back onto the weight.

Source: zhao2024galore, section 3; its code for which side is projected.
Differs: the gradients are drawn at random here, and all stages are trained together, one after
another there. A stage is 200 steps in the code's example, and the step has a scale of 1/4.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, thin_svd


@dataclass(frozen=True, eq=False)
class GaLore(WeightAdapter):
    """Steps in several subspaces, one after another, added to one weight."""

    C: Annotated[Array, Learned("stages, max(d_out, d_in), rank", unit=0.1)]
    P: Annotated[Array, Frozen("stages, min(d_out, d_in), rank")]

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 16, letter="r")] = 4,
        stages: Annotated[int, Range(1, 16, letter="T"), Departs(1)] = 4,
    ) -> Self:
        """Start at the identity: no step has been taken.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the gradients.
            rank: r, in how many directions of the shorter side a stage moves.
            stages: T, how often new directions are taken.

        Raises:
            ValueError: when r exceeds the shorter side, or all stages together do.
        """
        short = min(W.shape)
        at_most("rank", rank, "min(d_out, d_in)", short)
        at_most("stages", stages, "min(d_out, d_in) / rank", short // rank)
        gradients = [thin_svd(rng.normal(size=(max(W.shape), short))) for _ in range(stages)]
        P = np.array([Vt[:rank].T for _, _, Vt in gradients])
        return cls(np.zeros((stages, max(W.shape), rank)), P)

    def delta(self, W: Array) -> Array:
        """Return the sum of all steps, (d_out, d_in), of rank T r at most; W does not enter."""
        steps = np.einsum("tmr,tkr->mk", self.C, self.P)
        return steps if W.shape[0] >= W.shape[1] else steps.T
