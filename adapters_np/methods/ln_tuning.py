r"""LN tuning believes that a task needs different gains on the channels, and no new directions.

$$y = W\,(\gamma \circ \hat x + \beta), \qquad
\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} \;\text{(LayerNorm)}, \quad
\hat x = \frac{x}{\sqrt{\mathrm{mean}(x^2) + \varepsilon}},\; \beta = 0 \;\text{(RMSNorm)}$$

γ and β start at their pretrained values. For every weight W behind the norm this is a scaling of
the columns, ΔW = W diag(γ − γ₀), and a bias.

Source: zhao2024lntuning, its variant that trains the norms alone.
Differs: the pretrained values are toy numbers around one and zero. The paper's main variant trains
the embeddings, the output head and the vision connector as well.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Adapter, Frozen, Learned
from adapters_np.layers import layer_norm, rms_norm
from adapters_np.linalg import Array


@dataclass(frozen=True, eq=False)
class LNTuning(Adapter):
    """The gain, and the shift if there is one, of the norm in front of a frozen weight."""

    gamma: Annotated[Array, Learned("d_in", unit=0.5)]
    beta: Annotated[Array, Learned("d_in if norm == 'layer' else 0", unit=0.5)]
    gamma_0: Annotated[Array, Frozen("d_in")]
    beta_0: Annotated[Array, Frozen("d_in if norm == 'layer' else 0")]
    eps: float

    place = "norm"
    gauges = ("rank", "relative_norm", "parameters")
    pictures = ("gains",)

    @classmethod
    def init(
        cls, W: Array, rng: np.random.Generator, *, norm: Literal["rms", "layer"] = "rms"
    ) -> Self:
        """Start at the identity: gain and shift have their pretrained values.

        Args:
            W: The frozen weight behind the norm, (d_out, d_in).
            rng: The source of the pretrained values.
            norm: RMSNorm, with a gain only, or LayerNorm, which has a mean and a shift too.
        """
        d_in = W.shape[1]
        gamma = np.exp(0.2 * rng.normal(size=d_in))
        beta = 0.2 * rng.normal(size=d_in if norm == "layer" else 0)
        return cls(gamma, beta, gamma, beta, 1e-5 if norm == "layer" else 1e-6)

    def gain(self) -> Array:
        """Return the gain of each channel, (d_in,)."""
        return self.gamma

    def standardised(self, X: Array) -> Array:
        """Return the tokens before gain and shift, (d_in, n)."""
        return layer_norm(X, self.eps) if self.beta.size else rms_norm(X, self.eps)

    def normalised(self, X: Array) -> Array:
        """Return what the norm hands to the weight, (d_in, n)."""
        H = self.gamma[:, None] * self.standardised(X)
        return H + self.beta[:, None] if self.beta.size else H

    def base(self, W: Array, X: Array) -> Array:
        """Return the output with the pretrained gain and shift, (d_out, n)."""
        return W @ replace(self, gamma=self.gamma_0, beta=self.beta_0).normalised(X)

    def forward(self, W: Array, X: Array) -> Array:
        """Return the output with the tuned gain and shift, (d_out, n)."""
        return W @ self.normalised(X)

    def folded(self, W: Array) -> tuple[Array, Array]:
        """Return weight and bias that do the same behind a norm without gain and shift."""
        bias = W @ self.beta if self.beta.size else np.zeros(len(W))
        return W * self.gamma, bias

    def forward_folded(self, W: Array, X: Array) -> Array:
        """Return the output by way of the folded weight, which costs nothing extra, (d_out, n)."""
        weight, bias = self.folded(W)
        return weight @ self.standardised(X) + bias[:, None]
