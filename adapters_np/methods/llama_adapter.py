r"""LLaMA-Adapter lets a prompt into a layer's attention through a gate that starts closed.

$$o_i = o^0_i + \tanh(g)\, P_V\, \mathrm{softmax}(P_K^\top q_i / \sqrt{d_h}), \qquad
P_K = W_K P, \quad P_V = W_V P$$

The virtual tokens P have a softmax of their own, so they take no attention away. Columns are
tokens; o⁰ is the frozen head's output before W_O.

Source: zhang2024llamaadapter, section 3.
Differs: one head, so one gate; the paper's code has a gate for each head. PEFT's gate is a plain
factor without tanh, one for all heads of a layer.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import AttentionAdapter, Learned
from adapters_np.layers import split_heads
from adapters_np.linalg import Array
from adapters_np.methods.prefix_tuning import PrefixTuning, Tokens


@dataclass(frozen=True, eq=False)
class LLaMAAdapter(AttentionAdapter):
    """A gated prefix whose keys and values the frozen projections make from one prompt."""

    P: Annotated[Array, Learned("d_in, tokens", unit=1.0)]
    g: Annotated[Array, Learned("1", unit=1.0)]

    place = "layer"
    gauges = ("virtual_share", "rank", "relative_norm", "parameters")
    pictures = ("attention",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, tokens: Tokens = 10) -> Self:
        """Start at the identity: the gate is zero, the prompt is random.

        Args:
            W: The frozen attention weights, stacked, (d_out, d_in).
            rng: The source of P.
            tokens: m, how many virtual tokens there are.

        Raises:
            ValueError: when W is no stack of four matrices.
        """
        d_in = split_heads(W).shape[3]
        return cls(rng.normal(size=(d_in, tokens)), np.zeros(1))

    def prefix(self, W: Array) -> PrefixTuning:
        """Return the gated keys and values that the prompt makes."""
        _, W_K, W_V, _ = split_heads(W)[:, 0]
        return PrefixTuning(W_K @ self.P, W_V @ self.P, self.g)

    def added(self, W: Array, X: Array) -> Array:
        """Return what the prompt adds to the frozen head's output, (d_in, n)."""
        W_Q, _, _, W_OT = split_heads(W)[:, 0]
        return W_OT.T @ (np.tanh(self.g) * self.prefix(W).read(W_Q @ X))

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output, (d_in, n)."""
        return self.base(W, X) + self.added(W, X)

    def virtual_share(self, W: Array, X: Array) -> Array:
        """Return the attention that virtual tokens take from the others, none, (n,)."""
        return self.prefix(W).virtual_share(W, X)
