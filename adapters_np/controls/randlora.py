"""Controls of RandLoRA, which believes that the rank is what limits LoRA, and random bases do."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.randlora import RandLoRA


@control("relocated", claim="level")
def singular_vectors(fresh: RandLoRA, W: Array, rng: np.random.Generator) -> RandLoRA:
    """Put W's singular vectors, equally long, in place of the random bases; nothing is drawn.

    Taken out: that the bases are random. Kept: gains on bases that add up to full rank.
    """
    (n, D, r), d = fresh.B.shape, fresh.A.shape[1]
    U, _, Vt = thin_svd(W if W.shape[0] >= W.shape[1] else W.T)  # (D, d) and (d, d)
    B = np.sqrt(D) * U[:, np.arange(n * r) % d].reshape(D, n, r).swapaxes(0, 1)
    return replace(fresh, A=np.sqrt(d) * Vt[np.arange(r) % d], B=B)


@control("relaxed")
def low_rank(fresh: RandLoRA, W: Array, rng: np.random.Generator) -> RandLoRA:
    """Let all bases lie in the longer side's smallest subspace with room for as many parameters.

    Taken out: the full rank. Kept: gains on random bases, as long on average, and the dimension
    that is reached.
    """
    D, d = fresh.B.shape[1], fresh.A.shape[1]
    k = min(-(-(fresh.Lambda.size + fresh.Gamma.size) // d), D)
    Q = orthonormal(rng, D, k)
    return replace(fresh, B=np.sqrt(D / k) * Q @ (Q.T @ fresh.B))
