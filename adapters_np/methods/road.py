r"""RoAd believes that a task turns representations: it rotates and scales pairs of outputs.

$$W' = R W, \qquad R = \mathrm{blockdiag}(R_1, \dots, R_{d/2}), \qquad
R_i = \begin{pmatrix} \alpha_{11} \cos\theta_{11} & -\alpha_{12} \sin\theta_{12} \\
\alpha_{21} \sin\theta_{21} & \alpha_{22} \cos\theta_{22} \end{pmatrix}$$

Variant 1 has one α and θ for each pair, variant 2 one for each row of a block, variant 4 all four.

Source: liao2024road, section 3.2.
Differs: nothing for groups of 2, the paper's neighbours. In PEFT's groups of g an output is paired
with the one g/2 further on. A bias of the layer is turned too.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array, divide

COSINES = np.eye(2)
SINES = np.array([[0.0, -1.0], [1.0, 0.0]])
SHAPE = "d_out // 2, 1 if variant == 1 else 2, 2 if variant == 4 else 1"


@dataclass(frozen=True, eq=False)
class RoAd(WeightAdapter):
    """A 2 × 2 block for each pair of outputs, made of an angle and a gain."""

    theta: Annotated[Array, Learned(SHAPE, unit=0.5)]
    alpha: Annotated[Array, Learned(SHAPE, unit=0.2)]
    group_size: int

    gauges = (
        "rank",
        "relative_norm",
        "orthogonality",
        "angle_change",
        "norm_change",
        "input_gram_change",
        "parameters",
    )
    pictures = ("gains",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        variant: Literal[1, 2, 4] = 1,
        group_size: Literal[2, 4, 8, 16, 32, 64] = 2,
    ) -> Self:
        """Start at the identity: every angle is 0 and every gain 1.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            variant: How many angles and gains a block has; only 1 separates turning from scaling.
            group_size: g; inside each run of g outputs, number j is paired with number j + g/2.

        Raises:
            ValueError: when group_size does not divide d_out.
        """
        divide("group_size", group_size, "d_out", len(W))
        shape = (len(W) // 2, 1 if variant == 1 else 2, 2 if variant == 4 else 1)
        return cls(np.zeros(shape), np.ones(shape), group_size)

    def delta(self, W: Array) -> Array:
        """Return R W − W, (d_out, d_in)."""
        return self.turn(W) - W

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by turning the frozen layer's output, pair by pair, (d_out, n)."""
        return self.turn(W @ X)

    def rotation(self) -> Array:
        """Return R, (d_out, d_out): a rotation if each pair has one angle and a gain of ±1."""
        return self.turn(np.eye(2 * len(self.theta)))

    def turn(self, Y: Array) -> Array:
        """Return R Y for output columns Y, (d_out, n)."""
        half = self.group_size // 2
        groups = Y.reshape(-1, 2, half, Y.shape[1])  # (groups, 2, g/2, n)
        turned = np.einsum("gkab,gbkn->gakn", self._blocks().reshape(-1, half, 2, 2), groups)
        return turned.reshape(Y.shape)

    def _blocks(self) -> Array:
        """Return the blocks R_i, (d_out / 2, 2, 2)."""
        return self.alpha * (np.cos(self.theta) * COSINES + np.sin(self.theta) * SINES)
