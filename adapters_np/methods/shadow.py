r"""ShadowPEFT believes that adapting is one process beside all layers, not an edit in each weight.

$$\tilde h_l = h_{l-1} + \alpha\, U D\,(h_{l-1} - s_{l-1}), \qquad h_l = \mathrm{block}(\tilde h_l),
\qquad s_l = (1 - g_l) \odot s_{l-1} + g_l \odot c_l$$

The gate $g_l$ and the candidate $c_l$ are small networks of $h_l$; a network of the input makes
$s_0$.

Source: li2026shadow, equations 1 to 7 as PEFT implements them.
Differs: one block, $h + W^\top \mathrm{relu}(W h)$, is repeated, and its copies share U, D and both
networks; PEFT gives each block its own. $s_0$ comes from two frozen random matrices; in PEFT it
comes from a decoder of one layer, which is trained too. The authors' code has SiLU, a norm
before both networks and no correction of the first block.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, NamedTuple, Self

import numpy as np

from adapters_np.core import Adapter, Frozen, Learned, Range, Rank
from adapters_np.layers import feed_forward, gelu
from adapters_np.linalg import Array, kaiming_uniform


class Passed(NamedTuple):
    """One block's correction of its input, and the shadow behind it, each (d_in, n)."""

    correction: Array
    gate: Array
    s: Array


@dataclass(frozen=True, eq=False)
class Shadow(Adapter):
    """A second state that runs beside a stack of frozen blocks and corrects their inputs."""

    D: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    U: Annotated[Array, Learned("d_in, rank", unit=1.5)]
    inward: Annotated[Array, Learned("2 if blocks > 1 else 0, width, d_in", unit=0.15)]
    inner: Annotated[Array, Learned("2 if blocks > 1 else 0, width", unit=0.15)]
    outward: Annotated[Array, Learned("2 if blocks > 1 else 0, d_in, width", unit=0.3)]
    outer: Annotated[Array, Learned("2 if blocks > 1 else 0, d_in", unit=0.3)]
    F: Annotated[Array, Frozen("width, d_in")]
    E: Annotated[Array, Frozen("d_in, width")]
    alpha: float
    blocks: int

    place = "layer"
    gauges = ("rank", "stable_rank", "relative_norm", "parameters")
    pictures = ("positions",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Rank = 8,
        width: Annotated[int, Range(1, 16)] = 2,
        alpha: Annotated[float, Range(0.1, 2, 0.1, letter="α")] = 0.1,
        blocks: Annotated[int, Range(1, 6)] = 1,
    ) -> Self:
        """Start at the identity: U is zero, all else is random as a linear layer's start.

        Args:
            W: The frozen weight of the blocks, (d_out, d_in).
            rng: The source of all arrays but U.
            rank: r, how many directions of h − s are seen and written.
            width: How many hidden units gate, candidate and the start s₀ have each.
            alpha: α, the scale of the correction.
            blocks: How many blocks stand one behind the other. One alone needs no gate.
        """
        d, nets = W.shape[1], 2 if blocks > 1 else 0
        return cls(
            D=kaiming_uniform(rng, (rank, d)),
            U=np.zeros((d, rank)),
            inward=kaiming_uniform(rng, (nets, width, d)),
            inner=rng.uniform(-1, 1, (nets, width)) / np.sqrt(d),
            outward=kaiming_uniform(rng, (nets, d, width)),
            outer=rng.uniform(-1, 1, (nets, d)) / np.sqrt(width),
            F=kaiming_uniform(rng, (width, d)),
            E=kaiming_uniform(rng, (d, width)),
            alpha=alpha,
            blocks=blocks,
        )

    def first(self, X: Array) -> Array:
        """Return s₀ of the tokens, (d_in, n)."""
        return self.E @ gelu(self.F @ X)

    def correction(self, h: Array, s: Array) -> Array:
        """Return α U D (h − s), which is added to a block's input, (d_in, n)."""
        return self.alpha * self.U @ (self.D @ (h - s))

    def update(self, h: Array, s: Array) -> tuple[Array, Array]:
        """Return the gate and the shadow after a block with output h, both (d_in, n)."""
        hidden = gelu(self.inward @ h + self.inner[..., None])
        candidate, logit = self.outward @ hidden + self.outer[..., None]
        gate = np.exp(-np.logaddexp(0, -logit))
        return gate, (1 - gate) * s + gate * candidate

    def passes(self, W: Array, X: Array) -> Iterator[Passed]:
        """Yield what each block does to what comes in, and the gate behind it."""
        h, s = X, self.first(X)
        for _ in range(self.blocks):
            correction = self.correction(h, s)
            h = feed_forward(W, h + correction)
            gate, s = self.update(h, s)
            yield Passed(correction, gate, s)

    def base(self, W: Array, X: Array) -> Array:
        """Return the output of the frozen blocks, (d_in, n)."""
        for _ in range(self.blocks):
            X = feed_forward(W, X)
        return X

    def forward(self, W: Array, X: Array) -> Array:
        """Return the output of the corrected blocks, (d_in, n)."""
        h, s = X, self.first(X)
        for left in reversed(range(self.blocks)):
            h = feed_forward(W, h + self.correction(h, s))
            s = self.update(h, s)[1] if left else s
        return h
