"""Controls of PiSSA, which believes in the weight's strongest singular components."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control
from adapters_np.linalg import Array
from adapters_np.methods.pissa import PiSSA


@control("relocated")
def random_basis(fresh: PiSSA, W: Array, rng: np.random.Generator) -> PiSSA:
    """Start from equally strong components in directions drawn at random.

    Taken out: W's singular vectors. Kept: the r strengths at the start, orthogonal directions, what
    is frozen as W less the start.
    """
    (r, d_in), d_out = fresh.A.shape, len(fresh.B)
    right = np.linalg.qr(rng.normal(size=(d_in, r)))[0].T
    left = np.linalg.qr(rng.normal(size=(d_out, r)))[0]
    A = np.linalg.norm(fresh.A, axis=1)[:, None] * right
    B = left * np.linalg.norm(fresh.B, axis=0)
    return replace(fresh, A=A, B=B, A_0=A, B_0=B)


@control("relocated")
def minor_components(fresh: PiSSA, W: Array, rng: np.random.Generator) -> PiSSA:
    """Start from W's weakest singular components; nothing is drawn.

    Taken out: that the components are the strongest. Kept: singular vectors of W as directions; the
    start is weaker, as these components are.

    Source: meng2024pissa, appendix F.
    """
    r = len(fresh.A)
    return type(fresh).init(W, rng, rank=r, alpha=fresh.s * r, components="minor")
