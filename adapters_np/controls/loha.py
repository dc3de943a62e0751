"""Controls of LoHa, which believes in an entrywise product of low ranks."""

import numpy as np

from adapters_np.control import control
from adapters_np.linalg import Array
from adapters_np.methods.loha import LoHa
from adapters_np.methods.lora import LoRA


@control("relaxed")
def lora_of_twice_the_rank(fresh: LoHa, W: Array, rng: np.random.Generator) -> LoRA:
    """Train as many parameters as LoRA of twice the rank, at the scale α / r = 2.

    Taken out: the entrywise product, and with it ranks up to r² (at r = 2 no more than the
    control's). Kept: low-rank factors.
    """
    rank = 2 * len(fresh.A1)
    return LoRA.init(W, rng, rank=rank, alpha=2.0 * rank)
