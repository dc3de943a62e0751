"""Controls of OSF, which believes that there is room to learn where the weight is weak."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.linalg import Array, thin_svd
from adapters_np.methods.osf import OSF


@control("relocated")
def random_directions(fresh: OSF, W: Array, rng: np.random.Generator) -> OSF:
    """Keep directions drawn at random, and train in the room that they leave.

    Taken out: that the room is where the weight is weak. Kept: its size, the strengths S, and the
    number of directions kept.
    """
    kept, r = fresh.strong_out.shape[1], len(fresh.S)
    out, into = (orthonormal(rng, d, kept + r) for d in W.shape)
    U, Vt = out[:, kept:], into[:, kept:].T
    strong = {"strong_out": out[:, :kept], "strong_in": into[:, :kept].T}
    return replace(fresh, U=U, Vt=Vt, start=(U * fresh.S) @ Vt, **strong)


@control("relocated")
def strongest_directions(fresh: OSF, W: Array, rng: np.random.Generator) -> OSF:
    """Train the strongest components and keep all weaker ones; nothing is drawn.

    Taken out: that what is strong is kept. Kept: the number of components, and their own start.
    """
    U, sigma, Vt = thin_svd(W)
    r = len(fresh.S)
    start = (U[:, :r] * sigma[:r]) @ Vt[:r]
    return replace(
        fresh,
        U=U[:, :r],
        S=sigma[:r],
        Vt=Vt[:r],
        start=start,
        strong_out=U[:, r:],
        strong_in=Vt[r:],
    )
