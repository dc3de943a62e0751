r"""Prompt tuning believes that the model can do the task already and only lacks the right context.

$$X' = [\,P \;\; X\,] \qquad\text{(the learned columns } P \text{ stand before the tokens)}$$

Source: lester2021prompt, section 2.
Differs: the frozen model is one attention head here, and its outputs at the virtual positions are
dropped. PEFT keeps virtual tokens as rows.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import AttentionAdapter, Learned, Range
from adapters_np.layers import attention, attention_weights, split_heads
from adapters_np.linalg import Array

Tokens = Annotated[int, Range(1, 32, letter="m")]


@dataclass(frozen=True, eq=False)
class PromptTuning(AttentionAdapter):
    """Learned virtual tokens before the input of a frozen attention head."""

    P: Annotated[Array, Learned("d_in, tokens", unit=1.0)]

    starts_at_identity = False  # a random token draws attention from the first step on
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
        start: Literal["uniform", "normal"] = "uniform",
    ) -> Self:
        """Start from random tokens; the paper's better starts need a vocabulary.

        Args:
            W: The frozen attention weights, stacked, (d_out, d_in).
            rng: The source of P.
            tokens: m, how many virtual tokens there are.
            start: Entries from U(−0.5, 0.5) as in the paper, or N(0, 1) as in PEFT.
        """
        shape = (W.shape[1], tokens)
        return cls(rng.uniform(-0.5, 0.5, shape) if start == "uniform" else rng.normal(size=shape))

    def prepend(self, X: Array) -> Array:
        """Return what the frozen model reads, (d_in, m + n)."""
        return np.hstack([self.P, X])

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output at the real tokens, (d_in, n)."""
        return attention(W, self.prepend(X))[:, self.P.shape[1] :]

    def virtual_share(self, W: Array, X: Array) -> Array:
        """Return the attention of every real token that goes to virtual ones, (n,)."""
        W_Q, W_K, _, _ = split_heads(W)[:, 0]
        A = attention_weights(W_Q @ X, W_K @ self.prepend(X))  # (n, m + n)
        return A[:, : self.P.shape[1]].sum(axis=1)
