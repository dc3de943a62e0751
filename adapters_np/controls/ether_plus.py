"""Controls of ETHER+, which believes in a capped change."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import control, grown
from adapters_np.controls.ether import along_blocks
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.ether_plus import ETHERPlus


@dataclass(frozen=True, eq=False)
class FreeETHERPlus(ETHERPlus):
    """I − u uᵀ + v vᵀ on both sides, with directions of any length."""

    def delta(self, W: Array) -> Array:
        """Return the weight after both sides less the weight, (d_out, d_in)."""
        return freed(freed(W, self.u, self.v).T, self.u_out, self.v_out).T - W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by changing tokens and outputs instead of the weight, (d_out, n)."""
        Y = W @ freed(X.T, self.u, self.v).T
        return freed(Y.T, self.u_out, self.v_out).T


def freed(W: Array, u: Array, v: Array) -> Array:
    """Return W (I − u uᵀ + v vᵀ) in every block."""
    return W - along_blocks(W, u) + along_blocks(W, v)


@control("relaxed")
def free_strength(fresh: ETHERPlus, W: Array, rng: np.random.Generator) -> FreeETHERPlus:
    """Let the lengths of all directions count, starting at one; nothing is drawn.

    Taken out: the cap on the distance that either side moves. Kept: two directions a block on
    either side, the start at which they cancel.
    """
    of_length_one = {
        name: (a := getattr(fresh, name)) / row_norms(a)[:, None]
        for name in ("u", "v", "u_out", "v_out")
    }
    return grown(FreeETHERPlus, fresh, **of_length_one)
