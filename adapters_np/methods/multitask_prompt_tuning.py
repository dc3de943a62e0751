r"""Multitask prompt tuning believes that the prompts of all tasks are rescalings of a common one.

$$X' = [\,P \;\; X\,], \qquad
P = P_\ast \circ v u^\top = \mathrm{diag}(v)\, P_\ast\, \mathrm{diag}(u)$$

P* is shared by all tasks; u has a factor for each virtual token, v one for each channel, and both
are the task's own.

Source: wang2023mpt.
Differs: one task, and the distillation of P* from prompts of single tasks is left out. The frozen
model is one attention head here, and its outputs at the virtual positions are dropped. u and v
start at one; PEFT draws them close to zero. PEFT keeps virtual tokens as rows.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import AttentionAdapter, Learned
from adapters_np.linalg import Array
from adapters_np.methods.prompt_tuning import PromptTuning, Tokens


@dataclass(frozen=True, eq=False)
class MultitaskPromptTuning(AttentionAdapter):
    """A prompt for one task: a prompt shared by all tasks, times a rank-one matrix of its own."""

    P: Annotated[Array, Learned("d_in, tokens", unit=1.0)]
    u: Annotated[Array, Learned("tokens", unit=0.5)]
    v: Annotated[Array, Learned("d_in", unit=0.5)]

    starts_at_identity = False  # a random token draws attention from the first step on
    place = "model"
    gauges = ("virtual_share", "rank", "relative_norm", "parameters")
    pictures = ("attention",)

    @classmethod
    def init(cls, W: Array, rng: np.random.Generator, *, tokens: Tokens = 8) -> Self:
        """Start from a random shared prompt that the task uses as it is: u and v are one.

        Args:
            W: The frozen attention weights, stacked, (d_out, d_in).
            rng: The source of P.
            tokens: m, how many virtual tokens there are.
        """
        d_in = W.shape[1]
        return cls(rng.uniform(-0.5, 0.5, (d_in, tokens)), np.ones(tokens), np.ones(d_in))

    def prompt(self) -> PromptTuning:
        """Return the task's prompt, diag(v) P diag(u)."""
        return PromptTuning(self.v[:, None] * self.P * self.u)

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output at the real tokens, (d_in, n)."""
        return self.prompt().forward(W, X)

    def virtual_share(self, W: Array, X: Array) -> Array:
        """Return the attention of every real token that goes to virtual ones, (n,)."""
        return self.prompt().virtual_share(W, X)
