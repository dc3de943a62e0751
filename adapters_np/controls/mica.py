"""Controls of MiCA, which believes in the output directions that a weight uses least."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.mica import MiCA


@control("relocated")
def random_directions(fresh: MiCA, W: Array, rng: np.random.Generator) -> MiCA:
    """Write along orthonormal directions drawn at random.

    Taken out: that the directions are the weight's weakest. Kept: as many of them, frozen; A.
    """
    return replace(fresh, B=orthonormal(rng, len(W), len(fresh.A)))


@control("relocated")
def strongest_directions(fresh: MiCA, W: Array, rng: np.random.Generator) -> MiCA:
    """Write along the weight's strongest output directions; nothing is drawn.

    Taken out: that the directions are little used. Kept: as many singular directions, frozen; A.
    """
    return replace(fresh, B=thin_svd(W)[0][:, : len(fresh.A)])
