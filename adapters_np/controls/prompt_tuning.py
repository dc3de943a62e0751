"""Controls of prompt tuning, which believes in the right text in front."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import control, grown
from adapters_np.controls.prefix_tuning import runs
from adapters_np.layers import attention
from adapters_np.linalg import Array
from adapters_np.methods.prompt_tuning import PromptTuning


@dataclass(frozen=True, eq=False)
class PlacedPrompt(PromptTuning):
    """Vectors that are added to the tokens, by place, where a prompt stands in front of them."""

    starts_at_identity = True
    gauges = ("rank", "relative_norm", "parameters")  # type: ignore[assignment]
    pictures = ()  # type: ignore[assignment]

    def shifts(self, n: int) -> Array:
        """Return what is added to the tokens at n places, (d_in, n)."""
        return self.P[:, runs(n, self.P.shape[1])]

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output, (d_in, n)."""
        return attention(W, X + self.shifts(X.shape[1]))


@control("relaxed")
def constants(fresh: PromptTuning, W: Array, rng: np.random.Generator) -> PlacedPrompt:
    """Add the vectors to the tokens by place; nothing is drawn.

    Taken out: that tokens read what stands in front of them. Kept: as many vectors in the space of
    the tokens. It starts at the identity, which a random prompt does not.
    """
    return grown(PlacedPrompt, fresh, P=0 * fresh.P)
