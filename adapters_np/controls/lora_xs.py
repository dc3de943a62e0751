"""Controls of LoRA-XS, which believes in the weight's leading singular directions."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.lora_xs import LoRAXS


@control("relocated")
def random_directions(fresh: LoRAXS, W: Array, rng: np.random.Generator) -> LoRAXS:
    """Put orthonormal directions drawn at random, as strong, in the place of the singular ones.

    Taken out: that the directions are the weight's leading ones. Kept: strengths, R, the start.
    """
    r, sigma = len(fresh.A), row_norms(fresh.B.T)
    B = orthonormal(rng, len(W), r) * sigma
    return replace(fresh, A=orthonormal(rng, W.shape[1], r).T, B=B)
