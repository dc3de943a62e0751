r"""GLoRA scales a weight and adds to it side by side, each by a pattern of its own.

$$W' = W + W \odot A + B$$

with A and B of low rank, a parameter for each neuron, or one parameter.

Source: chavan2023glora, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: its changes of a layer's bias, b ⊙ D + E + W C, are left out, as layers here have none. So
does PEFT where a layer has no bias; the authors' code does not. The paper searches the form of each
layer's patterns; here and in PEFT it is given.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, Rank, WeightAdapter
from adapters_np.linalg import Array, kaiming_uniform

OUT = "d_out if paths != 'constant' else 1, rank if paths == 'lora' else 1"
IN = "rank if paths == 'lora' else 0, d_in"


def pattern(left: Array, right: Array) -> Array:
    """Return the product of two factors, or the left one alone where the right one is empty."""
    return left @ right if len(right) else left


@dataclass(frozen=True, eq=False)
class GLoRA(WeightAdapter):
    """Gains for the entries of a weight and something added to them."""

    gain_out: Annotated[Array, Learned(OUT, unit=0.4)]
    gain_in: Annotated[Array, Learned(IN, unit=0.4)]
    shift_out: Annotated[Array, Learned(OUT, unit=0.1)]
    shift_in: Annotated[Array, Learned(IN, unit=0.2)]

    gauges = ("rank", "stable_rank", "relative_norm", "norm_change", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 4,
        paths: Literal["lora", "vector", "constant"] = "lora",
    ) -> Self:
        """Start at the identity: nothing is scaled and nothing added.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the factors over inputs.
            rank: r of either pattern, where they are of low rank.
            paths: Patterns of low rank, a parameter for each neuron, or one parameter for all.
        """
        d_out, d_in = W.shape
        start = np.zeros((1 if paths == "constant" else d_out, rank if paths == "lora" else 1))
        gain_in, shift_in = (
            kaiming_uniform(rng, (rank, d_in)) if paths == "lora" else np.zeros((0, d_in))
            for _ in range(2)
        )
        return cls(start, gain_in, start.copy(), shift_in)

    def delta(self, W: Array) -> Array:
        """Return W ⊙ A + B, (d_out, d_in)."""
        gains = pattern(self.gain_out, self.gain_in)
        return W * gains + pattern(self.shift_out, self.shift_in)

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: what scales and what is added."""
        pairs = (self.gain_out, self.gain_in), (self.shift_out, self.shift_in)
        A, B = (pattern(*pair) + np.zeros(W.shape) for pair in pairs)
        return "ΔW = W ∘ A + B", {"A, scales": A, "B, is added": B}
