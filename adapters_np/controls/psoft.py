"""Controls of PSOFT, which believes in turning the weight's strongest input directions."""

from dataclasses import dataclass, replace

import numpy as np

from adapters_np.control import control, grown, orthonormal, stretches, symmetric
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.psoft import PSOFT


@dataclass(frozen=True, eq=False)
class StretchedPSOFT(PSOFT):
    """A stretching of the principal directions where PSOFT turns them."""

    def rotation(self) -> Array:
        """Return the stretching, (r, r)."""
        return stretches(symmetric(self.Q, len(self.A)))


@control("relocated")
def random_subspace(fresh: PSOFT, W: Array, rng: np.random.Generator) -> PSOFT:
    """Turn a subspace of the inputs drawn at random, W standing on it as it does.

    Taken out: that the subspace is that of the strongest singular vectors. Kept: W (I + V core Vᵀ)
    with orthonormal V, so angles between neurons where PSOFT keeps them, and its gains.
    """
    lengths = row_norms(fresh.A)  # one, or the roots of singular values
    V = orthonormal(rng, W.shape[1], len(lengths))
    return replace(fresh, A=lengths[:, None] * V.T, B=W @ V / lengths)


@control("relaxed")
def symmetric_generators(fresh: PSOFT, W: Array, rng: np.random.Generator) -> StretchedPSOFT:
    """Put a symmetric generator with zero diagonal in the place of the skew one; nothing is drawn.

    Taken out: that angles between neurons are kept. Kept: the principal subspace, the gains, the
    size of a first step.

    Source: wu2026psoft, Table 6, lifts the constraint by a free core, which has more parameters.
    """
    if fresh.constraint == "none":
        raise KnobError("constraint", "none", "leaves no constraint to lift")
    return grown(StretchedPSOFT, fresh)
