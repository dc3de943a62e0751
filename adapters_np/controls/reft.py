"""Controls of ReFT, which believes in few directions of the hidden states."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from adapters_np.control import control
from adapters_np.core import Frozen, Learned
from adapters_np.errors import KnobError
from adapters_np.linalg import Array, orthonormal_rows
from adapters_np.methods.reft import ReFT


@dataclass(frozen=True, eq=False)
class FixedReFT(ReFT):
    """An edit of fixed directions; of `M`, which are they, nothing is trained."""

    M: Annotated[Array, Frozen("2 * rank, d_out")]
    A: Annotated[Array, Learned("2 * rank, d_out", unit=0.15)]
    b: Annotated[Array, Learned("rank", unit=1.0)]

    def rotation(self) -> Array:
        """Return the directions that are edited, (d_out, 2 r)."""
        return self.M.T

    def edit(self, H: Array) -> Array:
        """Return edited hidden states, (d_out, n); b is written on the first r directions."""
        R, b = self.M, np.concatenate([self.b, 0 * self.b])[:, None]
        target = b + self.A @ H
        return H + R.T @ (target - R @ H if self.overwrite else target)

    def nearest_outputs(self, W: Array, X: Array, outputs: Array) -> None:
        """Say that there is no closed form: the method's own chooses directions."""
        return None


@control("relocated")
def fixed_directions(fresh: ReFT, W: Array, rng: np.random.Generator) -> FixedReFT:
    """Edit twice as many directions, drawn at random and fixed.

    Taken out: that the data choose the directions. Kept: the edit, read from the whole state. It
    starts with the method's own edit; the further directions start without one.
    """
    r, d = fresh.M.shape
    if not fresh.A.size:
        raise KnobError("read", False, "leaves no room for as many parameters in fixed directions")
    if 2 * r > d:
        raise KnobError("rank", r, f"leaves less than twice as many directions of d_out={d}")
    own = orthonormal_rows(fresh.M) if fresh.orthonormal else fresh.M
    basis = np.linalg.qr(own.T)[0]
    outside = rng.normal(size=(d, r))
    more = orthonormal_rows((outside - basis @ (basis.T @ outside)).T)
    start = more if fresh.overwrite else 0 * more  # either way nothing is changed
    return FixedReFT(
        np.vstack([own, more]), np.vstack([fresh.A, start]), fresh.b, fresh.overwrite,
        fresh.orthonormal, fresh.first, fresh.last,
    )  # fmt: skip
