"""Controls of CLOVER, which believes in the basis of a head's two products."""

import numpy as np

from adapters_np.control import control, grown, orthonormal
from adapters_np.linalg import Array
from adapters_np.methods.clover import CLOVER


@control("relocated")
def random_basis(fresh: CLOVER, W: Array, rng: np.random.Generator) -> CLOVER:
    """Turn both bases of each trained product by rotations drawn at random, and its core with them.

    Taken out: that the axes of a head are the singular vectors of its products. Kept: the products,
    the subspaces, a dense core: what can be learned is the same, along other axes.
    """
    changed: dict[str, Array] = {}
    for name in ("QK", "VO"):
        S, U, V = (getattr(fresh, f"{part}_{name}") for part in "SUV")
        if len(S):
            h, d = S.shape[:2]
            left, right = (np.stack([orthonormal(rng, d) for _ in range(h)]) for _ in "UV")
            core = np.swapaxes(left, -1, -2) @ S @ right
            changed |= {f"S_{name}": core, f"U_{name}": U @ left, f"V_{name}": V @ right}
    return grown(CLOVER, fresh, **changed)
