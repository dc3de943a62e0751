r"""ETHER+ lets a second direction cancel the first, so that the capped change can also be small.

$$W' = \tilde H^+ W H^+, \qquad H^+ = I - \hat u \hat u^\top + \hat v \hat v^\top, \qquad
\tilde H^+ = I - \hat{\tilde u} \hat{\tilde u}^\top + \hat{\tilde v} \hat{\tilde v}^\top$$

Both are block-diagonal with n blocks.

Source: bini2024ether, sections 3.3 and 3.4.
Differs: v starts at −u as in the paper's code; the text names no start. PEFT has no ETHER+.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array, divide, kaiming_uniform, project_blocks
from adapters_np.methods.ether import Blocks


@dataclass(frozen=True, eq=False)
class ETHERPlus(WeightAdapter):
    """A pair of directions for every block of the input and for every block of the output."""

    u: Annotated[Array, Learned("blocks, d_in // blocks", unit=0.1)]
    v: Annotated[Array, Learned("blocks, d_in // blocks", unit=0.1)]
    u_out: Annotated[Array, Learned("blocks, d_out // blocks", unit=0.1)]
    v_out: Annotated[Array, Learned("blocks, d_out // blocks", unit=0.1)]

    gauges = (
        "rank",
        "relative_norm",
        "gram_change",
        "angle_change",
        "norm_change",
        "parameters",
    )

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, blocks: Blocks = 1) -> Self:
        """Start at the identity: v = −u, so the two projections cancel.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of u on both sides, of which only the direction matters.
            blocks: n, into how many blocks the input and the output are cut.

        Raises:
            ValueError: when blocks does not divide d_in or d_out.
        """
        d_out, d_in = W.shape
        u = kaiming_uniform(rng, (blocks, divide("blocks", blocks, "d_in", d_in)))
        u_out = kaiming_uniform(rng, (blocks, divide("blocks", blocks, "d_out", d_out)))
        return cls(u, -u, u_out, -u_out)

    def delta(self, W: Array) -> Array:
        """Return H̃⁺ W H⁺ − W, (d_out, d_in); no d × d matrix is formed."""
        return relaxed(relaxed(W, self.u, self.v).T, self.u_out, self.v_out).T - W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by changing tokens and outputs instead of the weight, (d_out, n)."""
        Y = W @ relaxed(X.T, self.u, self.v).T
        return relaxed(Y.T, self.u_out, self.v_out).T


def relaxed(W: Array, u: Array, v: Array) -> Array:
    """Return W H⁺ with the relaxed reflection H⁺ = I − ûûᵀ + v̂v̂ᵀ in every block."""
    return W - project_blocks(W, u) + project_blocks(W, v)
