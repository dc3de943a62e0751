r"""Prompt tuning believes that the model can do the task already and only lacks the right context.

$$X' = [\,P \;\; X\,] \qquad\text{(the learned columns } P \text{ stand before the tokens)}$$

Multitask prompt tuning makes the prompt of a task from a shared one, $P = P_\ast \circ v u^\top$.
Context-aware prompt tuning starts from real examples $E$ and learns a small shift,
$P = E + D$ with $\lVert D_i \rVert \le c_i$ for every token $i$.

Source: lester2021prompt, section 2; wang2023mpt for the shared prompt; blau2024cpt for the shift.
Differs: the frozen model is one attention head here, and its outputs at the virtual positions are
dropped. u and v start at one; PEFT draws them close to zero. PEFT keeps virtual tokens as rows.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import AttentionAdapter, Frozen, Learned, Range
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


@dataclass(frozen=True, eq=False)
class MultitaskPromptTuning(AttentionAdapter):
    """A prompt for one task: a prompt shared by all tasks, times a rank-one matrix of its own."""

    P: Annotated[Array, Learned("d_in, tokens")]
    u: Annotated[Array, Learned("tokens", unit=0.5)]
    v: Annotated[Array, Learned("d_in", unit=0.5)]

    starts_at_identity = False  # as for PromptTuning

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, tokens: Tokens = 8) -> Self:
        """Start from a random shared prompt that the task uses as it is."""
        d_in = W.shape[1]
        return cls(rng.uniform(-0.5, 0.5, (d_in, tokens)), np.ones(tokens), np.ones(d_in))

    def prompt(self) -> PromptTuning:
        """Return the task's prompt, diag(v) P diag(u)."""
        return PromptTuning(self.v[:, None] * self.P * self.u)

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output at the real tokens, (d_in, n)."""
        return self.prompt().forward(W, X)


@dataclass(frozen=True, eq=False)
class ContextAwarePromptTuning(AttentionAdapter):
    """A prompt of real examples, each token of which may move a little."""

    E: Annotated[Array, Frozen("d_in, tokens")]
    D: Annotated[Array, Learned("d_in, tokens")]
    caps: Annotated[Array, Frozen("tokens")]

    starts_at_identity = False  # it starts as in-context learning, not as the bare model

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
        """Return the adapter with every shift cut to its cap, as is done after every step."""
        norms = np.maximum(np.linalg.norm(self.D, axis=0), np.finfo(float).tiny)
        return replace(self, D=self.D * np.minimum(1, self.caps / norms))

    def prompt(self) -> PromptTuning:
        """Return the context as it is now, E + D."""
        return PromptTuning(self.E + self.D)

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output at the real tokens, (d_in, n)."""
        return self.prompt().forward(W, X)
