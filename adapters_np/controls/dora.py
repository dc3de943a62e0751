"""Controls of DoRA, which believes that a neuron's length and direction are learned apart."""

from dataclasses import dataclass, replace

import numpy as np

from adapters_np.control import OutFrame, control, grown, orthonormal
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.dora import DoRA


@dataclass(frozen=True, eq=False)
class RotatedDoRA(OutFrame, DoRA):
    """Lengths of random combinations of neurons."""


@dataclass(frozen=True, eq=False)
class GainAndLoRA(DoRA):
    """A gain for each neuron and LoRA, with nothing that keeps the two apart."""

    def delta(self, W: Array) -> Array:
        """Return diag(m / ‖W‖) (W + s B A) − W, (d_out, d_in)."""
        return (self.m / row_norms(W))[:, None] * self.direction(W) - W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Apply the merged weight."""
        return self.forward(W, X)


@control("relocated")
def rotated(fresh: DoRA, W: Array, rng: np.random.Generator) -> RotatedDoRA:
    """Learn lengths and directions of neurons in a basis of the outputs drawn at random.

    Taken out: that a neuron is what has a length. Kept: a length and a direction, each learned,
    for as many combinations of neurons; the low rank.
    """
    Q = orthonormal(rng, len(W))
    return grown(RotatedDoRA, replace(fresh, m=row_norms(Q.T @ W)), out_frame=Q)


@control("relaxed")
def gain_and_lora(fresh: DoRA, W: Array, rng: np.random.Generator) -> GainAndLoRA:
    """Leave out the division by the length of the changed neuron; nothing is drawn.

    Taken out: that the low-rank part turns neurons without making them longer. Kept: a gain for
    each neuron, the low-rank part.
    """
    return grown(GainAndLoRA, fresh)
