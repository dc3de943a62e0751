r"""Context-aware prompt tuning believes that real examples are a good prompt up to a small shift.

$$X' = [\,P \;\; X\,], \qquad P_i = E_i + D_i \min\!\left(1, \frac{c_i}{\lVert D_i \rVert}\right)$$

E are the embeddings of the examples. Every token i has a cap c_i on how far it may move; a label
has the cap 0.

Source: blau2024cpt.
Differs: the cap acts in the map, where the paper projects D after every step. The frozen model is
one attention head here, and its outputs at the virtual positions are dropped. Random vectors stand
in for the examples, and only the last token is a label. PEFT keeps virtual tokens as rows.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import AttentionAdapter, Frozen, Learned, Range
from adapters_np.linalg import Array
from adapters_np.methods.prompt_tuning import PromptTuning, Tokens


@dataclass(frozen=True, eq=False)
class ContextAwarePromptTuning(AttentionAdapter):
    """A prompt of real examples, each token of which may move a little."""

    E: Annotated[Array, Frozen("d_in, tokens")]
    D: Annotated[Array, Learned("d_in, tokens", unit=0.1)]
    caps: Annotated[Array, Frozen("tokens")]

    starts_at_identity = False  # it starts as in-context learning, not as the bare model
    place = "model"
    gauges = ("virtual_share", "rank", "relative_norm", "parameters")
    pictures = ("attention",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        tokens: Tokens = 8,
        epsilon: Annotated[float, Range(0, 10, 0.1, letter="ε")] = 0.1,
    ) -> Self:
        """Start from the context itself: D is zero.

        Args:
            W: The frozen attention weights, stacked, (d_out, d_in).
            rng: The source of E, which stands in for the embeddings of examples.
            tokens: m, the length of the context; its last token is the label and may not move.
            epsilon: The cap on a token's shift at width 2048; it grows with the width's root.
        """
        d_in = W.shape[1]
        caps = np.full(tokens, epsilon * np.sqrt(d_in / 2048))
        caps[-1] = 0
        E = rng.normal(size=(d_in, tokens))
        return cls(E, np.zeros_like(E), caps)

    def projected(self) -> Self:
        """Return the adapter with its shifts cut to their caps, as in the paper after each step."""
        square = np.maximum(np.sum(self.D**2, axis=0), self.caps**2)
        longest = np.sqrt(np.maximum(square, np.finfo(float).tiny))  # not 0 / 0
        return replace(self, D=self.D * (self.caps / longest))

    def prompt(self) -> PromptTuning:
        """Return the context as it is now, shifted within the caps."""
        return PromptTuning(self.E + self.projected().D)

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output at the real tokens, (d_in, n)."""
        return self.prompt().forward(W, X)

    def virtual_share(self, W: Array, X: Array) -> Array:
        """Return the attention of every real token that goes to virtual ones, (n,)."""
        return self.prompt().virtual_share(W, X)
