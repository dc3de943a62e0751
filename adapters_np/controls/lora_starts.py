"""Controls of LoRA's starts, which believe that it matters where the factors begin."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array
from adapters_np.methods.lora_starts import LoRAStart


@control("relocated")
def random_directions(fresh: LoRAStart, W: Array, rng: np.random.Generator) -> LoRAStart:
    """Turn both factors by a basis drawn at random on either side.

    Taken out: what the start is computed from. Kept: the size of each factor, all products within
    it, and that the layer starts as it is.
    """
    right, left = orthonormal(rng, W.shape[1]), orthonormal(rng, len(W))
    A_0, B_0 = fresh.A_0 @ right, left @ fresh.B_0
    return replace(fresh, A=fresh.A @ right, B=left @ fresh.B, A_0=A_0, B_0=B_0)
