"""Controls of LoRA, which believes in few directions."""

import numpy as np

from adapters_np.control import Dense, control, dense
from adapters_np.linalg import Array
from adapters_np.methods.lora import LoRA


@control("relaxed")
def dense_subspace(fresh: LoRA, W: Array, rng: np.random.Generator) -> Dense:
    """Train as many parameters in a random subspace of all matrices.

    Taken out: that the data choose the directions; whether few are enough is not tested, since
    both go at once. Kept: nothing else that LoRA believes; the subspace is fixed, so the change is
    linear in what is trained.
    """
    return dense(Dense, W, rng, fresh.A.size + fresh.B.size)
