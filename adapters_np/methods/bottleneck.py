r"""A bottleneck adapter believes that a small function of the activation is missing, not a weight.

$$y = h + s\,\bigl(U f(D h + a) + b\bigr), \quad h = W x \qquad\text{or}\qquad
y = W x + s\,\bigl(U f(D x + a) + b\bigr)$$

On the left it stands behind the layer and reads its output (Houlsby), on the right beside it and
reads its input (parallel). f acts on each of m hidden units.

Source: houlsby2019adapter, section 2.1; he2022unified, Table 1 for the parallel one.
Differs: one weight stands in the place of a sublayer. U starts at zero and D as a linear layer
does, as in the code of he2022unified; Houlsby's code draws both with a spread of 0.001, so that a
fresh adapter changes next to nothing.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Adapter, Learned, Range
from adapters_np.layers import gelu
from adapters_np.linalg import Array, kaiming_uniform

Activation = Literal["gelu", "relu"]


@dataclass(frozen=True, eq=False)
class Bottleneck(Adapter):
    """A network of one narrow hidden layer, behind a frozen layer or beside it."""

    D: Annotated[Array, Learned("width, d_in if parallel else d_out", unit=0.2)]
    a: Annotated[Array, Learned("width", unit=0.2)]
    U: Annotated[Array, Learned("d_out, width", unit=0.3)]
    b: Annotated[Array, Learned("d_out", unit=0.1)]
    s: float
    parallel: bool
    activation: Activation

    place = "layer"
    gauges = ("rank", "stable_rank", "relative_norm", "parameters")
    pictures = ("positions",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        width: Annotated[int, Range(1, 16, letter="m")] = 8,
        parallel: bool = False,
        activation: Activation = "gelu",
        scale: Annotated[float, Range(0.5, 8, 0.5, letter="s")] = 1.0,
    ) -> Self:
        """Start at the identity: U and both shifts are zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of D.
            width: m, how many hidden units there are.
            parallel: Stand beside the layer and read its input, not behind it.
            activation: f, what each hidden unit does.
            scale: s, which multiplies what is added; in the scripts of the parallel one 4 on
                summaries and translation, 2 on GLUE.
        """
        d_out, d_in = W.shape
        D = kaiming_uniform(rng, (width, d_in if parallel else d_out))
        up, shift = np.zeros((d_out, width)), np.zeros(d_out)
        return cls(D, np.zeros(width), up, shift, scale, parallel, activation)

    def bend(self, Z: Array) -> Array:
        """Return f of what the hidden units get; shape stays."""
        return gelu(Z) if self.activation == "gelu" else np.maximum(Z, 0)

    def hidden(self, read: Array) -> Array:
        """Return what the hidden units hand on, (width, n)."""
        return self.bend(self.D @ read + self.a[:, None])

    def up(self, read: Array) -> Array:
        """Return what the hidden units add, (d_out, n)."""
        return self.s * (self.U @ self.hidden(read) + self.b[:, None])

    def forward(self, W: Array, X: Array) -> Array:
        """Return the layer's output and what is added to it, (d_out, n)."""
        H = W @ X
        return H + self.up(X if self.parallel else H)
