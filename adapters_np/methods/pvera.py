r"""PVeRA learns for each random feature how much of it to use, and how sure of that to be.

$$y = W x + \Lambda_b B z, \qquad z = \mu + e^{\log\sigma^2 / 2} \odot \varepsilon, \qquad
[\mu;\ \log\sigma^2] = \Lambda_d A x$$

Source: fillioux2025pvera, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: ε is one draw for all tokens here, a new one for each token and step in PEFT. Without noise
it is what PEFT computes once training is over.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Adapter, Frozen, Learned, Range
from adapters_np.linalg import Array, kaiming_uniform


@dataclass(frozen=True, eq=False)
class PVeRA(Adapter):
    """VeRA whose random features have a learned mean and a learned spread."""

    lambda_d: Annotated[Array, Learned("2 * rank", unit=0.1)]
    lambda_b: Annotated[Array, Learned("d_out", unit=0.5)]
    A: Annotated[Array, Frozen("2 * rank, d_in")]
    B: Annotated[Array, Frozen("d_out, rank")]
    epsilon: Annotated[Array, Frozen("rank")]

    gauges = ("rank", "stable_rank", "relative_norm", "parameters")
    pictures = ("trained",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(1, 128, letter="r")] = 32,
        d_initial: Annotated[float, Range(0.05, 1, 0.05)] = 0.1,
        noise: bool = True,
    ) -> Self:
        """Start at the identity: λ_b is zero.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A, B and ε.
            rank: r, the number of random features.
            d_initial: The value at which every entry of λ_d starts.
            noise: Draw the features, as in training; without it they have their means.
        """
        d_out, d_in = W.shape
        gain = np.sqrt(6)  # Kaiming's bound for a rectifier is √(6 / fan_in)
        A, B = (gain * kaiming_uniform(rng, shape) for shape in ((2 * rank, d_in), (d_out, rank)))
        drawn = rng.normal(size=rank)
        return cls(
            np.full(2 * rank, d_initial), np.zeros(d_out), A, B, drawn if noise else 0 * drawn
        )

    def forward(self, W: Array, X: Array) -> Array:
        """Return the output of one draw, (d_out, n)."""
        hidden = self.lambda_d[:, None] * (self.A @ X)
        mean, log_variance = hidden[: len(self.epsilon)], hidden[len(self.epsilon) :]
        z = mean + np.exp(log_variance / 2) * self.epsilon[:, None]
        return W @ X + self.lambda_b[:, None] * (self.B @ z)
