r"""ETHER learns in which hyperplanes to mirror the inputs; how far that moves W is not learned.

$$W' = W H, \qquad H = \mathrm{blockdiag}(I - 2\,\hat u_1 \hat u_1^\top, \dots,
I - 2\,\hat u_n \hat u_n^\top), \qquad \hat u_i = u_i / \|u_i\|$$

Source: bini2024ether, sections 3.2 and 3.4.
Differs: the paper's code reflects the outputs of fused query–key–value layers, and for n > 1 it
cuts W so that groups of neurons see different reflections; here all see the same, as in the text.
PEFT has no ETHER.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array, divide, kaiming_uniform, project_blocks

Blocks = Literal[1, 2, 4, 8]


@dataclass(frozen=True, eq=False)
class ETHER(WeightAdapter):
    """One reflection of the input in each of n blocks."""

    u: Annotated[Array, Learned("blocks, d_in // blocks", unit=0.2)]

    starts_at_identity = False  # a reflection is never near the identity: ‖H − I‖ = 2√n
    gauges = (
        "rotation_distance",
        "determinant",
        "rank",
        "relative_norm",
        "orthogonality",
        "gram_change",
        "parameters",
    )
    pictures = ("planes",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, blocks: Blocks = 1) -> Self:
        """Start at random mirrors.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the normals, of which only the direction matters.
            blocks: n, into how many blocks the input is cut, each with its own mirror.

        Raises:
            ValueError: when blocks does not divide d_in.
        """
        size = divide("blocks", blocks, "d_in", W.shape[1])
        return cls(kaiming_uniform(rng, (blocks, size)))

    def delta(self, W: Array) -> Array:
        """Return W H − W = −2 W ûûᵀ in every block, (d_out, d_in)."""
        return -2 * project_blocks(W, self.u)

    def rotation(self) -> Array:
        """Return H, (d_in, d_in)."""
        identity = np.eye(self.u.size)
        return identity + self.delta(identity)

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by reflecting the tokens instead of the weight, (d_out, n)."""
        return W @ (X - 2 * project_blocks(X.T, self.u).T)
