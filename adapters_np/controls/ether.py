"""Controls of ETHER, which believes in mirrors of fixed strength."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import control, grown
from adapters_np.linalg import Array, row_norms
from adapters_np.methods.ether import ETHER


@dataclass(frozen=True, eq=False)
class FreeETHER(ETHER):
    """I − 2 u uᵀ with a u of any length: its square is the strength."""

    def delta(self, W: Array) -> Array:
        """Return −2 W u uᵀ in every block, (d_out, d_in)."""
        return -2 * along_blocks(W, self.u)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by changing the tokens instead of the weight, (d_out, n)."""
        return W @ (X - 2 * along_blocks(X.T, self.u).T)


def along_blocks(W: Array, u: Array) -> Array:
    """Return W blockdiag(u uᵀ), u being (n_blocks, b); no d × d matrix is formed."""
    along = np.einsum("onb,nb->on", W.reshape(-1, *u.shape), u)
    return (along[:, :, None] * u).reshape(W.shape)


@control("relaxed")
def free_strength(fresh: ETHER, W: Array, rng: np.random.Generator) -> FreeETHER:
    """Let the length of u count, starting at one; nothing is drawn.

    Taken out: the fixed strength, and with it the kept angles and the bound. Kept: one direction a
    block, the start at mirrors.
    """
    return grown(FreeETHER, fresh, u=fresh.u / row_norms(fresh.u)[:, None])
