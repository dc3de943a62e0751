"""Controls of RoSA, which believes in the entries that gradients choose beside a low rank."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control
from adapters_np.linalg import Array
from adapters_np.methods.rosa import RoSA


@control("relocated")
def random_entries(fresh: RoSA, W: Array, rng: np.random.Generator) -> RoSA:
    """Train as many entries at places drawn at random.

    Taken out: that the trained entries are those of large gradients. Kept: how many they are, and
    the low-rank part.
    """
    rows, columns = np.divmod(rng.choice(W.size, len(fresh.theta), replace=False), W.shape[1])
    return replace(fresh, rows=rows, columns=columns)
