"""Controls of FourierFT, which believes in few waves over rows and columns."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import InFrame, OutFrame, control, grown, orthonormal
from adapters_np.linalg import Array
from adapters_np.methods.fourierft import FourierFT


@dataclass(frozen=True, eq=False)
class RotatedFourierFT(OutFrame, InFrame, FourierFT):
    """The waves between two random bases."""


@control("relocated")
def rotated(fresh: FourierFT, W: Array, rng: np.random.Generator) -> RotatedFourierFT:
    """Turn the waves by a basis drawn at random on either side.

    Taken out: that the change is made of waves over the weight's rows and columns. Kept: every
    inner product between two of its matrices, so the dimension reached, ranks, the size of a step.
    """
    frames = {"out_frame": orthonormal(rng, len(W)), "in_frame": orthonormal(rng, W.shape[1])}
    return grown(RotatedFourierFT, fresh, **frames)
