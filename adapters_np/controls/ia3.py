"""Controls of (IA)³, which believes in the features that a layer has."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import InFrame, OutFrame, control, grown, orthonormal
from adapters_np.linalg import Array
from adapters_np.methods.ia3 import IA3


@dataclass(frozen=True, eq=False)
class RotatedOutputs(OutFrame, IA3):
    """Gains of random combinations of outputs."""


@dataclass(frozen=True, eq=False)
class RotatedInputs(InFrame, IA3):
    """Gains of random combinations of inputs."""


@dataclass(frozen=True, eq=False)
class MixedIA3(IA3):
    """A share of the neighbour for every output, or input, where IA3 has one of itself."""

    def delta(self, W: Array) -> Array:
        """Return diag(l − 1) P W or W P diag(l − 1), P being a cyclic step, (d_out, d_in)."""
        gain = self.l - 1
        if self.feedforward:
            return np.roll(W, 1, axis=1) * gain
        return np.roll(W, 1, axis=0) * gain[:, None]

    def shortcut(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return self.forward(W, X)


@control("relocated")
def rotated(fresh: IA3, W: Array, rng: np.random.Generator) -> RotatedOutputs | RotatedInputs:
    """Turn features up and down in a basis drawn at random: Q diag(l) Qᵀ W.

    Taken out: that the features are the layer's own channels. Kept: gains, one for each of as many
    orthogonal features.
    """
    if fresh.feedforward:
        return grown(RotatedInputs, fresh, in_frame=orthonormal(rng, W.shape[1]))
    return grown(RotatedOutputs, fresh, out_frame=orthonormal(rng, len(W)))


@control("relaxed")
def neighbours_mixed(fresh: IA3, W: Array, rng: np.random.Generator) -> MixedIA3:
    """Add to each feature a share of the one before it, not of itself; nothing is drawn.

    Taken out: that a feature is only turned up or down. Kept: a number for each feature, and the
    layer's own channels.
    """
    return grown(MixedIA3, fresh)
