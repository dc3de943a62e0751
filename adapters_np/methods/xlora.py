r"""X-LoRA believes that trained LoRAs are building blocks, to be mixed anew for every token.

$$y_t = W x_t + s \sum_k g_k(t)\, B_k A_k x_t, \qquad
g(t) = \mathrm{softmax}\bigl((G h_t + c) / \tau\bigr)$$

Experts are frozen and only the gate (G, c) is learned. It reads h_t, the last hidden state of a
first pass without experts.

Source: buehler2024xlora; the official code and PEFT for top-k.
Differs: the network is one layer here, so h = W x, and random factors stand in for trained experts.
The gate is a single linear map, PEFT's default; a deeper one has ReLU layers before it. PEFT
renormalises by a second softmax, of the logits without τ.
"""

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Adapter, Frozen, Learned, Range
from adapters_np.layers import softmax
from adapters_np.linalg import Array, at_most, kaiming_uniform


@dataclass(frozen=True, eq=False)
class XLoRA(Adapter):
    """Frozen LoRA experts and a learned gate that weighs them for each token."""

    A: Annotated[Array, Frozen("experts, rank, d_in")]
    B: Annotated[Array, Frozen("experts, d_out, rank")]
    G: Annotated[Array, Learned("experts, d_out", unit=0.5)]
    c: Annotated[Array, Learned("experts", unit=0.5)]
    s: float
    temperature: float
    top_k: int
    renormalise: bool

    starts_at_identity = False  # the experts are trained already, and any gate lets some through
    place = "model"
    gauges = ("parts_in_use", "rank", "relative_norm", "parameters")
    pictures = ("mixture",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        temperature: Annotated[float, Range(0.1, 5.0, 0.1, letter="τ")] = 1.0,
        experts: Annotated[int, Range(2, 8, letter="K")] = 4,
        rank: Annotated[int, Range(1, 8, letter="r")] = 4,
        alpha: Annotated[float, Range(1, 64, letter="α")] = 8.0,
        top_k: Annotated[int, Range(1, 8, letter="k")] = 8,
        renormalise: bool = False,
    ) -> Self:
        """Start with a random gate over experts that are there already.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of gate and experts.
            temperature: τ; a small one lets one expert win, a large one mixes all alike.
            experts: K, how many experts there are.
            rank: r of each expert.
            alpha: Each expert's change is multiplied by alpha / r.
            top_k: A token keeps at most this many experts, those with the largest weights.
            renormalise: Let the weights that were kept sum to one again.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        return cls(
            A=kaiming_uniform(rng, (experts, rank, d_in)),
            B=0.2 * rng.normal(size=(experts, d_out, rank)),
            G=kaiming_uniform(rng, (experts, d_out)),
            c=rng.uniform(-1, 1, experts) / np.sqrt(d_out),
            s=alpha / rank,
            temperature=temperature,
            top_k=top_k,
            renormalise=renormalise,
        )

    def gate(self, H: Array) -> Array:
        """Return the weights of the experts for the hidden states H, (experts, n)."""
        logits = (self.G @ H + self.c[:, None]) / self.temperature
        weights = softmax(logits.T).T
        places = np.argsort(np.argsort(-weights, axis=0, stable=True), axis=0, stable=True)
        weights = np.where(places < self.top_k, weights, 0.0)
        return weights / weights.sum(axis=0) if self.renormalise else weights

    def mix(self, W: Array, X: Array, weights: Array) -> Array:
        """Return the output with given weights of the experts, (d_out, n); no B A is formed."""
        features = weights[:, None, :] * (self.A @ X)  # (experts, rank, n)
        return W @ X + self.s * (self.B @ features).sum(axis=0)

    def forward(self, W: Array, X: Array) -> Array:
        """Pass twice: once without experts for the gate, once with them."""
        return self.mix(W, X, self.gate(W @ X))

    def mixture(self, W: Array, X: Array) -> Array:
        """Return the weights of the experts for the tokens X, (experts, n)."""
        return self.gate(W @ X)
