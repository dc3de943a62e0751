"""Controls of GraLoRA, which believes in a bottleneck for each block."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import InOrder, OutOrder, control, grown
from adapters_np.linalg import Array, kaiming_uniform
from adapters_np.methods.gralora import GraLoRA
from adapters_np.methods.lora import LoRA


@dataclass(frozen=True, eq=False)
class ShuffledGraLoRA(OutOrder, InOrder, GraLoRA):
    """Blocks of inputs and outputs that are no neighbours."""


@control("relocated", claim="level")
def shuffled(fresh: GraLoRA, W: Array, rng: np.random.Generator) -> ShuffledGraLoRA:
    """Cut the weight into blocks after its inputs and outputs are put in an order at random.

    Taken out: that blocks are made of neighbours. Kept: the grid, and all ranks.
    """
    order = {"out_order": rng.permutation(len(W)), "in_order": rng.permutation(W.shape[1])}
    return grown(ShuffledGraLoRA, fresh, **order)


@control("relaxed")
def one_bottleneck(fresh: GraLoRA, W: Array, rng: np.random.Generator) -> LoRA:
    """Let all blocks share one bottleneck, as LoRA of the same total rank and scale.

    Taken out: that each block has directions of its own. Kept: how many parameters there are, and
    the scale.
    """
    r = fresh.A.shape[1] + len(fresh.A0)
    return LoRA(kaiming_uniform(rng, (r, W.shape[1])), np.zeros((len(W), r)), fresh.s)
