"""Controls of SVFT, which believes in the weight's singular vectors as axes."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array
from adapters_np.methods.svft import SVFT


@control("relocated")
def random_bases(fresh: SVFT, W: Array, rng: np.random.Generator) -> SVFT:
    """Put orthonormal bases drawn at random in the place of U and V.

    Taken out: that the axes are W's singular vectors. Kept: orthonormal axes, as many of them, the
    pattern of trained entries, so the size of any change.
    """
    k = len(fresh.Vt)
    U, V = (orthonormal(rng, side, k) for side in W.shape)
    return replace(fresh, U=U, Vt=V.T)
