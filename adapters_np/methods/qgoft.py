r"""qGOFT lets each plane of GOFT stretch and shear as well, so lengths and angles may drift.

$$W' = W R^\top, \qquad R = \tilde P_{\log_2 d} \cdots \tilde P_2 \tilde P_1, \qquad
\tilde G_i = \begin{pmatrix} \alpha_{1i} & \beta_{1i} \\ \alpha_{2i} & \beta_{2i} \end{pmatrix}$$

Source: ma2024goft, section 4.2, equations 5 and 6.
Differs: nothing. The paper's loss adds λ times `penalty`; its library leaves that to the training
script. PEFT has no qGOFT.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Learned, WeightAdapter
from adapters_np.linalg import Array, mix_pairs
from adapters_np.methods.goft import ROUNDS, Form


@dataclass(frozen=True, eq=False)
class QGOFT(WeightAdapter):
    """A map of the input made of d_in − 1 free 2 × 2 matrices in coordinate planes."""

    G: Annotated[Array, Learned("d_in - 1, 2, 2", unit=0.3)]
    form: Form

    gauges = (
        "orthogonality",
        "rotation_fill",
        "relative_norm",
        "gram_change",
        "angle_change",
        "norm_change",
        "parameters",
    )
    pictures = ("dials",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, form: Form = "parallel") -> Self:
        """Start at the identity: every 2 × 2 matrix is I.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: Not used; nothing is random.
            form: The order of the planes, as in GOFT.
        """
        return cls(np.tile(np.eye(2), (W.shape[1] - 1, 1, 1)), form)

    def delta(self, W: Array) -> Array:
        """Return W Rᵀ − W, (d_out, d_in)."""
        return self._turn(W) - W

    def rotation(self) -> Array:
        """Return R, (d_in, d_in), which is orthogonal only where every 2 × 2 matrix is."""
        return self._turn(np.eye(len(self.G) + 1)).T

    def _turn(self, W: Array) -> Array:
        return mix_pairs(W, ROUNDS[self.form](W.shape[1]), self.G)

    def penalty(self) -> float:
        """Return Σ ⟨α, β⟩² over the columns α and β of all 2 × 2 matrices."""
        return float(((self.G[:, :, 0] * self.G[:, :, 1]).sum(axis=1) ** 2).sum())
