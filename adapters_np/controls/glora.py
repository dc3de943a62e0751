"""Controls of GLoRA, which believes in several kinds of change side by side."""

import numpy as np

from adapters_np.control import control
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.glora import GLoRA
from adapters_np.methods.hira import HiRA
from adapters_np.methods.lora import LoRA


def rank(fresh: GLoRA) -> int:
    """Return twice the rank of the patterns, for one pattern alone.

    Raises:
        ValueError: when they have none.
    """
    if not len(fresh.gain_in):
        paths = "constant" if len(fresh.gain_out) == 1 else "vector"
        raise KnobError("paths", paths, "has no rank to double for one pattern alone")
    return 2 * len(fresh.gain_in)


@control("relaxed")
def adding_alone(fresh: GLoRA, W: Array, rng: np.random.Generator) -> LoRA:
    """Add a pattern of twice the rank, and scale nothing.

    Taken out: the scaling of W. Kept: low rank, and how many parameters there are.
    """
    r = rank(fresh)
    return LoRA.init(W, rng, rank=r, alpha=float(r))


@control("relaxed")
def scaling_alone(fresh: GLoRA, W: Array, rng: np.random.Generator) -> HiRA:
    """Scale by a pattern of twice the rank, and add nothing.

    Taken out: the added term. Kept: low rank, and how many parameters there are.
    """
    return HiRA.init(W, rng, rank=rank(fresh))
