"""Controls of VeRA, which believes that random directions will do."""

from dataclasses import replace

import numpy as np

from adapters_np.control import Dense, control, dense
from adapters_np.linalg import Array, row_norms, thin_svd
from adapters_np.methods.vera import VeRA


@control("relocated", claim="level")
def singular_vectors(fresh: VeRA, W: Array, rng: np.random.Generator) -> VeRA:
    """Put W's singular vectors, equally long, in place of the random directions; nothing is drawn.

    Taken out: that the directions are random. Kept: a gain for each direction and each output.
    Where there are more directions than singular vectors, the next ones pair neighbours.
    """
    U, _, Vt = thin_svd(W)
    r, n = len(fresh.A), len(Vt)
    k = np.arange(r)
    A = row_norms(fresh.A)[:, None] * Vt[(k + k // n) % n]
    B = U[:, k % n] * row_norms(fresh.B.T)
    return replace(fresh, A=A, B=B)


@control("relaxed")
def dense_subspace(fresh: VeRA, W: Array, rng: np.random.Generator) -> Dense:
    """Train as many parameters in a random subspace of all matrices.

    Taken out: the structure of features with gains. Kept: nothing else that VeRA believes; the
    change is linear in what is trained.
    """
    return dense(Dense, W, rng, fresh.lambda_d.size + fresh.lambda_b.size)
