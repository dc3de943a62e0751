r"""Prefix tuning gives every layer's attention a few learned keys and values to read.

$$o_i = (1 - \lambda_i)\, o^0_i + \lambda_i\, P_V\, \mathrm{softmax}(P_K^\top q_i / \sqrt{d_h}),
\qquad o_i = o^0_i + \tanh(g)\, P_V\, \mathrm{softmax}(P_K^\top q_i / \sqrt{d_h})$$

On the left one softmax runs over virtual and real tokens, and λ_i is its share for the virtual
ones. On the right (LLaMA-Adapter) the virtual tokens have a softmax of their own and a gate g that
starts at zero. Columns are tokens; o⁰ is the frozen head's output before W_O.

Source: li2021prefix, section 4; zhang2024llamaadapter, section 3 for the gate.
Differs: one head. The network that makes the prefix while it is trained is left out. PEFT's gate
is a plain factor without tanh, one for all heads.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import AttentionAdapter, Learned, Range
from adapters_np.layers import attention_weights, split_heads
from adapters_np.linalg import Array

Tokens = Annotated[int, Range(1, 32, letter="m")]


@dataclass(frozen=True, eq=False)
class PrefixTuning(AttentionAdapter):
    """Learned keys and values in front of those that the tokens make."""

    P_K: Annotated[Array, Learned("d_out // 4, tokens", unit=1.0)]
    P_V: Annotated[Array, Learned("d_out // 4, tokens", unit=1.0)]
    g: Annotated[Array, Learned("1 if zero_gate else 0", unit=1.0)]

    starts_at_identity = False  # without the gate a fresh prefix takes attention away
    place = "keys"
    gauges = ("virtual_share", "rank", "relative_norm", "parameters")
    pictures = ("attention",)

    @classmethod
    def init(
        cls, W: Array, rng: np.random.Generator, *, tokens: Tokens = 8, zero_gate: bool = False
    ) -> Self:
        """Start from a random prefix; only with the gate is this the identity.

        Args:
            W: The frozen attention weights, stacked, (d_out, d_in).
            rng: The source of keys and values.
            tokens: m, how many virtual tokens there are.
            zero_gate: Give them their own softmax and a gate that starts at zero (LLaMA-Adapter).

        Raises:
            ValueError: when W is no stack of four matrices.
        """
        shape = (split_heads(W).shape[2], tokens)
        return cls(rng.normal(size=shape), rng.normal(size=shape), np.zeros(1 if zero_gate else 0))

    def read(self, Q: Array) -> Array:
        """Return what queries (d_head, n) read from the prefix alone, (d_head, n)."""
        return self.P_V @ attention_weights(Q, self.P_K).T

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output, (d_in, n)."""
        W_Q, W_K, W_V, W_OT = split_heads(W)[:, 0]
        Q, K, V = W_Q @ X, W_K @ X, W_V @ X
        if self.g.size:
            return W_OT.T @ (V @ attention_weights(Q, K).T + np.tanh(self.g) * self.read(Q))
        A = attention_weights(Q, np.hstack([self.P_K, K]))  # (n, m + n)
        return W_OT.T @ (np.hstack([self.P_V, V]) @ A.T)

    def virtual_share(self, W: Array, X: Array) -> Array:
        """Return λ, the attention that goes to virtual tokens, (n,); the gate takes none away."""
        if self.g.size:
            return np.zeros(X.shape[1])
        W_Q, W_K, _, _ = split_heads(W)[:, 0]
        A = attention_weights(W_Q @ X, np.hstack([self.P_K, W_K @ X]))
        return A[:, : self.P_K.shape[1]].sum(axis=1)
