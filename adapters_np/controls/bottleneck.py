"""Controls of bottleneck adapters, which believe in a function that is not linear."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import control, grown
from adapters_np.linalg import Array
from adapters_np.methods.bottleneck import Bottleneck


@dataclass(frozen=True, eq=False)
class Straight(Bottleneck):
    """Hidden units that hand on what they get."""

    def bend(self, Z: Array) -> Array:
        """Return it as it is."""
        return Z


@control("relaxed")
def without_bends(fresh: Bottleneck, W: Array, rng: np.random.Generator) -> Straight:
    """Take the nonlinear function out of the hidden units; nothing is drawn.

    Taken out: that the change is no linear function of the activation. What is left is a linear
    change in the same number of directions, with a shift. Kept: both factors, the shifts, and their
    start. At small inputs the units pass twice what those of GELU do, which a rate of its own can
    make up.
    """
    return grown(Straight, fresh)


@dataclass(frozen=True, eq=False)
class HalfSlope(Bottleneck):
    """Hidden units that hand on half of what they get."""

    def bend(self, Z: Array) -> Array:
        """Return half of it."""
        return Z / 2


@control("relaxed")
def half_slope(fresh: Bottleneck, W: Array, rng: np.random.Generator) -> HalfSlope:
    """Take the nonlinear function out and keep its slope at zero; nothing is drawn.

    Taken out: that the change is no linear function of the activation. Kept: both factors, the
    shifts, their start, and what GELU's units pass of small inputs, a half; ReLU's pass a half of
    inputs that are as often positive as negative.
    """
    return grown(HalfSlope, fresh)
