"""Controls of AdaMSS, which believes in groups of outputs and in the weight's leading inputs."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array
from adapters_np.methods.adamss import AdaMSS


@control("relocated")
def dealt(fresh: AdaMSS, W: Array, rng: np.random.Generator) -> AdaMSS:
    """Deal the outputs to groups of the same sizes at random.

    Taken out: that outputs of one group are alike. Kept: sizes of groups, their directions, B.
    """
    return replace(fresh, group=rng.permutation(fresh.group))


@control("relocated")
def random_directions(fresh: AdaMSS, W: Array, rng: np.random.Generator) -> AdaMSS:
    """Read orthonormal directions drawn at random.

    Taken out: that the directions are the weight's leading ones. Kept: as many of them, groups, A.
    """
    return replace(fresh, Vt=orthonormal(rng, W.shape[1], len(fresh.Vt)).T)
