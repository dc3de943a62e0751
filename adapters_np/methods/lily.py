r"""Lily lets layers read the input in their own way and write from one stock that all share.

$$Y = W X + s \Bigl(\sum_e p_e B_e\Bigr) A X, \qquad
p = \operatorname{mean}_t\, \mathrm{softmax}(G A x_t)$$

The mean runs over all tokens of a batch, so one mixture serves them all.

Source: zhong2025lily, its formula as PEFT implements it; peft2026benchmark for the runs.
Differs: nothing for one layer as PEFT has it. A may serve a few neighbouring layers; the Bs serve
all. The authors' code for language understanding applies ReLU to what the feed-forward part reads.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Adapter, Learned, Range, Rank
from adapters_np.layers import softmax
from adapters_np.linalg import Array, kaiming_uniform


@dataclass(frozen=True, eq=False)
class Lily(Adapter):
    """A layer's own A and router, and B's of which the router mixes one."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    B: Annotated[Array, Learned("experts, d_out, rank", unit=0.3, shared=True)]
    G: Annotated[Array, Learned("experts, rank", unit=1.0)]
    s: float

    gauges = ("parts_in_use", "rank", "relative_norm", "parameters")
    pictures = ("mixture",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 8,
        experts: Annotated[int, Range(2, 8, letter="K")] = 3,
        scale: Annotated[float, Range(0.5, 8, 0.5, letter="s")] = 1.0,
    ) -> Self:
        """Start at the identity: all B are zero, A and the router are random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A and of the router.
            rank: r, how many features of the input A reads.
            experts: K, how many B the stock has.
            scale: s, which multiplies the change.
        """
        d_out, d_in = W.shape
        return cls(
            A=kaiming_uniform(rng, (rank, d_in)),
            B=np.zeros((experts, d_out, rank)),
            G=kaiming_uniform(rng, (experts, rank)),
            s=scale,
        )

    def shares(self, X: Array) -> Array:
        """Return p, how much of each B these tokens get together, (experts,)."""
        return softmax((self.G @ (self.A @ X)).T).mean(axis=0)

    def forward(self, W: Array, X: Array) -> Array:
        """Return the output; a token's own depends on all others of its batch, (d_out, n)."""
        B = np.tensordot(self.shares(X), self.B, axes=1)
        return W @ X + self.s * B @ (self.A @ X)

    def mixture(self, W: Array, X: Array) -> Array:
        """Return the shares of the B for each token, (experts, n): the same for all."""
        return np.repeat(self.shares(X)[:, None], X.shape[1], axis=1)
