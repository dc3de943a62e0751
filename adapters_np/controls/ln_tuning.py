"""Controls of LN tuning, which believes in gains on the channels of the stream."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import control, grown, orthonormal
from adapters_np.core import Frozen
from adapters_np.linalg import Array
from adapters_np.methods.ln_tuning import LNTuning


@dataclass(frozen=True, eq=False)
class FramedLN(LNTuning):
    """The change of the gains acts in other coordinates: diag(γ₀) + L diag(γ − γ₀) R."""

    left: Annotated[Array, Frozen("d_in, d_in")]
    right: Annotated[Array, Frozen("d_in, d_in")]

    def gain(self) -> Array:
        """Return the gain as a matrix, (d_in, d_in)."""
        return np.diag(self.gamma_0) + (self.left * (self.gamma - self.gamma_0)) @ self.right

    def normalised(self, X: Array) -> Array:
        """Return what the norm hands to the weight, (d_in, n)."""
        H = self.gain() @ self.standardised(X)
        return H + self.beta[:, None] if self.beta.size else H

    def folded(self, W: Array) -> tuple[Array, Array]:
        """Return weight and bias that do the same behind a norm without gain and shift."""
        bias = W @ self.beta if self.beta.size else np.zeros(len(W))
        return W @ self.gain(), bias


@control("relocated")
def rotated(fresh: LNTuning, W: Array, rng: np.random.Generator) -> FramedLN:
    """Turn features of the stream up and down in a basis drawn at random.

    Taken out: that the features are the stream's channels. Kept: a number for each of as many
    orthogonal features, the pretrained gains where they are, the length of a step.
    """
    Q = orthonormal(rng, W.shape[1])
    return grown(FramedLN, fresh, left=Q, right=Q.T)


@control("relaxed")
def neighbours_mixed(fresh: LNTuning, W: Array, rng: np.random.Generator) -> FramedLN:
    """Add to each channel a share of the one before it, not of itself; nothing is drawn.

    Taken out: that a channel is only turned up or down. Kept: a number for each channel, the
    pretrained gains, the length of a step.
    """
    identity = np.eye(W.shape[1])
    return grown(FramedLN, fresh, left=identity, right=np.roll(identity, 1, axis=0))
