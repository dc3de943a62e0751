r"""Steering believes that a behaviour is one direction of a state, found without a gradient.

$$h' = h + s\,v, \qquad v = \tfrac1n \sum_i \bigl(h_i^{+} - h_i^{-}\bigr), \qquad h = W x$$

$h_i^{+}$ and $h_i^{-}$ are the states of a pair of inputs, of which one shows the behaviour. The
knob `erase` takes the direction out instead, $h' = h - s\,\hat v \hat v^\top h$ with
$\hat v = v / \lVert v \rVert$.

Source: panickssery2023caa, by its code; arditi2024refusal, equations 4 and 5, for `erase`.
Differs: the pairs are drawn, so that the direction in which they differ is known. s is learned
here and set by hand there.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Adapter, Frozen, Learned, Range
from adapters_np.linalg import Array


@dataclass(frozen=True, eq=False)
class Steering(Adapter):
    """The states of two groups of inputs, and how far others are moved from one to the other."""

    strength: Annotated[Array, Learned("1")]
    states: Annotated[Array, Frozen("2, d_out, pairs")]
    truth: Annotated[Array, Frozen("d_out")]
    erase: bool

    place = "layer"
    gauges = ("estimate_angle", "distinct_columns", "rank", "relative_norm", "parameters")
    pictures = ("estimate", "positions")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        pairs: Annotated[int, Range(1, 64, letter="n")] = 8,
        noise: Annotated[float, Range(0, 8, 0.5)] = 2.0,
        matched: bool = True,
        erase: bool = False,
    ) -> Self:
        """Start at the identity: the strength is zero.

        The behaviour moves an input by half the length of an input, always along one direction.

        Args:
            W: The frozen weight whose outputs are the states, (d_out, d_in).
            rng: The source of the pairs and of the direction.
            pairs: n, how many pairs of inputs show the behaviour.
            noise: How much else differs within a pair, over what the behaviour makes of it.
            matched: Both inputs of a pair are about the same; else each is about something else.
            erase: Take out what a state has of the direction, instead of adding the direction.
        """
        d_in = W.shape[1]
        along = rng.normal(size=(d_in, 1))
        along *= np.sqrt(d_in) / 2 / np.linalg.norm(along)
        about = rng.normal(size=(2, d_in, pairs))
        about[1] = about[0] if matched else about[1]
        differ = noise / np.sqrt(8) * rng.normal(size=(2, d_in, pairs))
        inputs = about + differ + np.stack([along, -along]) / 2
        return cls(np.zeros(1), W @ inputs, (W @ along)[:, 0], erase)

    def estimates(self) -> Array:
        """Return the mean difference after one pair, after two and so on, (d_out, pairs)."""
        apart = self.states[0] - self.states[1]
        counts = np.arange(1, apart.shape[1] + 1)
        return apart @ np.triu(np.ones((len(counts), len(counts)))) / counts

    def direction(self) -> Array:
        """Return v, the difference of the two means, (d_out,)."""
        return (self.states[0] - self.states[1]).mean(axis=1)

    def known(self) -> Self:
        """Return the adapter whose pairs differ by the true direction and by nothing else."""
        apart = np.repeat(self.truth[:, None] / 2, self.states.shape[2], axis=1)
        return replace(self, states=np.stack([apart, -apart]))

    def forward(self, W: Array, X: Array) -> Array:
        """Return the steered states, (d_out, n)."""
        H, v = W @ X, self.direction()[:, None]
        if self.erase:
            return H - self.strength * (v @ (v.T @ H)) / (v.T @ v)
        return H + self.strength * v
