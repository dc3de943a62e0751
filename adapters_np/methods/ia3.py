r"""(IA)³ believes that a layer has the features it needs: a task only turns them up or down.

$$W' = \mathrm{diag}(l)\, W \ \text{(keys, values)} \qquad \text{or} \qquad
W' = W\, \mathrm{diag}(l) \ \text{(second matrix of the feed-forward block)}$$

Source: liu2022tfew, section 3.3.
Differs: nothing. A bias of the layer is scaled too where the outputs are; the official code puts
the feed-forward gain on the output of the layer before, which is the same function.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array


@dataclass(frozen=True, eq=False)
class IA3(WeightAdapter):
    """A gain for every output of a layer, or for every input."""

    l: Annotated[Array, Learned("d_in if feedforward else d_out", unit=0.5)]  # noqa: E741
    feedforward: bool

    gauges = ("rank", "relative_norm", "norm_change", "angle_change", "parameters")
    pictures = ("gains_by_hand",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, feedforward: bool = False) -> Self:
        """Start at the identity: every gain is 1.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            feedforward: Scale the inputs, as in the second feed-forward matrix, not the outputs.
        """
        return cls(np.ones(W.shape[1 if feedforward else 0]), feedforward)

    def delta(self, W: Array) -> Array:
        """Return diag(l − 1) W or W diag(l − 1), (d_out, d_in)."""
        gain = self.l - 1
        return W * gain if self.feedforward else W * gain[:, None]

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by scaling activations, as in training, (d_out, n)."""
        gain = self.l[:, None]
        return W @ (gain * X) if self.feedforward else gain * (W @ X)
