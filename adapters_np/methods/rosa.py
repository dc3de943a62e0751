r"""RoSA believes that a change is of low rank, but for a few entries that stand out.

$$W' = W + s\,B A + S, \qquad S = \sum_{l=1}^K \theta_l\, e_{i_l} e_{j_l}^\top, \qquad
s = \alpha / r$$

The places of S are those of the K largest squared gradients of W, averaged over a few batches after
a LoRA alone was trained for some steps. Then both parts start anew.

Source: nikdan2024rosa, the formula by its abstract; its authors' code for places and schedule.
Differs: gradients are drawn at random here, from inputs whose channels differ in size. They
know nothing of a change that the widget or the lab wants. K is the next whole number from above,
theirs from below.
"""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Alpha, Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, kaiming_uniform

COUNT = "ceil(density * d_out * d_in)"
BATCH = 16  # tokens of a gradient


def gradients(rng: np.random.Generator, shape: tuple[int, ...], batches: int) -> Array:
    """Return gradients of as many batches on inputs of uneven size, (batches, d_out, d_in)."""
    d_out, d_in = shape
    sizes = (1.0 + np.arange(d_in))[:, None] ** -0.8
    X = sizes * rng.normal(size=(batches, d_in, BATCH))
    return rng.normal(size=(batches, d_out, BATCH)) @ X.transpose(0, 2, 1)


def largest(scores: Array, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the largest entries, in the order of their places.

    >>> largest(np.array([[3.0, 1.0], [2.0, 5.0]]), 2)
    (array([0, 1]), array([0, 1]))
    """
    order = np.argsort(-scores, axis=None, stable=True)
    rows, columns = np.divmod(np.sort(order[:count]), scores.shape[1])
    return rows, columns


@dataclass(frozen=True, eq=False)
class RoSA(WeightAdapter):
    """A pair of thin factors, and entries that are trained in place beside them."""

    A: Annotated[Array, Learned("rank, d_in", unit=0.15)]
    B: Annotated[Array, Learned("d_out, rank", unit=0.15)]
    theta: Annotated[Array, Learned(COUNT, unit=0.2)]
    rows: Annotated[NDArray[np.intp], Frozen(COUNT)]
    columns: Annotated[NDArray[np.intp], Frozen(COUNT)]
    s: float

    gauges = ("rank", "stable_rank", "changed_entries", "relative_norm", "parameters")
    pictures = ("parts",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        rank: Annotated[int, Range(0, 16, letter="r"), Departs(0)] = 4,
        density: Annotated[float, Range(0.005, 0.25, 0.005)] = 0.05,
        batches: Annotated[int, Range(1, 16)] = 1,
        score: Literal["squared", "mean"] = "squared",
        alpha: Alpha = 8.0,
    ) -> Self:
        """Start at the identity: θ and B are zero, A is random.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of the gradients and of A.
            rank: r of the low-rank part; without it only entries are trained.
            density: The share of entries that are trained.
            batches: How many gradients the score is an average of.
            score: The mean of squared gradients, or the size of their mean.
            alpha: The numerator of the low-rank part's scale.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        G = gradients(rng, W.shape, batches)
        scores = (G**2).mean(axis=0) if score == "squared" else np.abs(G.mean(axis=0))
        rows, columns = largest(scores, int(np.ceil(density * W.size)))
        A, theta = kaiming_uniform(rng, (rank, d_in)), np.zeros(len(rows))
        return cls(A, np.zeros((d_out, rank)), theta, rows, columns, alpha / (rank or 1))

    def delta(self, W: Array) -> Array:
        """Return s B A plus θ at its places, (d_out, d_in); W does not enter."""
        return self.entries(W) + self.s * self.B @ self.A

    def entries(self, W: Array) -> Array:
        """Return the change of single entries, (d_out, d_in)."""
        change = np.zeros(W.shape)
        change[self.rows, self.columns] = self.theta
        return change

    def shown(self, W: Array) -> tuple[str, dict[str, Array]]:
        """Return what the picture of the hypothesis is made of: both parts of the change."""
        both = {"B A": self.B @ self.A, "single entries": self.entries(W)}
        return "ΔW = s · B A + single entries", both
