"""Controls of prefix tuning, which believes in something to read in front of the text."""

from dataclasses import dataclass

import numpy as np

from adapters_np.control import Order, control, grown
from adapters_np.layers import attention_weights, split_heads
from adapters_np.linalg import Array
from adapters_np.methods.prefix_tuning import PrefixTuning


@dataclass(frozen=True, eq=False)
class PlacedPrefix(PrefixTuning):
    """Vectors that are added to queries and to what they read, by place, where a prefix is read."""

    starts_at_identity = True
    gauges = ("rank", "relative_norm", "parameters")  # type: ignore[assignment]
    pictures = ()  # type: ignore[assignment]

    def shifts(self, n: int) -> tuple[Array, Array]:
        """Return what is added to queries and to what they read at n places, each (d_head, n)."""
        run = runs(n, self.P_K.shape[1])
        strength = np.tanh(self.g) if self.g.size else 1.0
        return strength * self.P_K[:, run], strength * self.P_V[:, run]

    def forward(self, W: Array, X: Array) -> Array:
        """Return the head's output, (d_in, n)."""
        W_Q, W_K, W_V, W_OT = split_heads(W)[:, 0]
        queries, read = self.shifts(X.shape[1])
        A = attention_weights(W_Q @ X + queries, W_K @ X)
        return W_OT.T @ (W_V @ X @ A.T + read)


def runs(n: int, m: int) -> Order:
    """Return which of m runs of equal length each of n places belongs to.

    >>> runs(6, 3)
    array([0, 0, 1, 1, 2, 2])
    """
    return np.arange(n) * m // n


@control("relaxed")
def constants(fresh: PrefixTuning, W: Array, rng: np.random.Generator) -> PlacedPrefix:
    """Add the vectors by place: one to the queries, one to what they read; nothing is drawn.

    Taken out: that tokens choose how much they read of what is in front. Kept: as many vectors in
    the same spaces of the same heads. It starts at the identity, which a prefix without a gate
    does not.
    """
    if fresh.g.size:
        return grown(PlacedPrefix, fresh)
    return grown(PlacedPrefix, fresh, P_K=0 * fresh.P_K, P_V=0 * fresh.P_V)
