"""Controls of TinyLoRA, which believes in the weight's leading singular directions."""

from dataclasses import replace

import numpy as np

from adapters_np.control import Dense, control, dense, orthonormal
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.tinylora import TinyLoRA


@control("relocated")
def random_directions(fresh: TinyLoRA, W: Array, rng: np.random.Generator) -> TinyLoRA:
    """Put orthonormal directions drawn at random, as strong, in the place of the singular ones.

    Taken out: that the directions are the weight's leading ones. Kept: strengths, R, the start.
    """
    r, roots = len(fresh.A), row_norms(fresh.A)
    A = roots[:, None] * orthonormal(rng, W.shape[1], r).T
    return replace(fresh, A=A, B=orthonormal(rng, len(W), r) * roots)


@control("relaxed")
def dense_subspace(fresh: TinyLoRA, W: Array, rng: np.random.Generator) -> Dense:
    """Train as many parameters in a random subspace of all matrices.

    Taken out: that few directions are enough. Kept: a change that is linear in what is trained.
    """
    return dense(Dense, W, rng, fresh.v.size)
