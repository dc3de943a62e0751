"""Controls of LLaMA Pro, which believes that a new block should start as a copy of an old one."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.llama_pro import LLaMAPro


@control("relocated")
def random_units(fresh: LLaMAPro, W: Array, rng: np.random.Generator) -> LLaMAPro:
    """Let the new units read along directions drawn at random, each as strongly as its copy.

    Taken out: that the new block is a copy. Kept: its depth and size, and that it writes nothing at
    the start.
    """
    drawn = rng.normal(size=fresh.D.shape)
    return replace(fresh, D=drawn * (row_norms(fresh.D) / row_norms(drawn))[:, None])
