r"""AdaLoRA writes the change like a singular value decomposition and drops its least useful parts.

$$W' = W + \frac{\alpha}{r} P \Lambda Q, \qquad \Lambda = \mathrm{diag}(\lambda_1, \dots,
\lambda_r), \qquad P^\top P \approx Q Q^\top \approx I$$

Source: zhang2023adalora, section 3, equations 3 to 11; the scale from section 4.
Differs: without a loss there is no sensitivity, so `delta` keeps the `target_rank` triplets of
largest |λ|, the first score that section 3.2 names; a target above r prunes nothing. What training
does between steps, with gradients and over all matrices, stands below the class: `Importance`,
`triplet_scores`, `budget` and `allocate`. The cubic fall is the official code's; equation 12 as
printed starts above its own first value. PEFT divides by r + 1e-5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Alpha, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, thin_svd


@dataclass(frozen=True, eq=False)
class AdaLoRA(WeightAdapter):
    """A sum of r triplets λ_i p_i q_iᵀ, of which only some are kept."""

    P: Annotated[Array, Learned("d_out, rank", unit=0.25)]
    Lambda: Annotated[Array, Learned("rank", unit=1.0)]
    Q: Annotated[Array, Learned("rank, d_in", unit=0.25)]
    target_rank: int
    s: float

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        target_rank: Annotated[int, Range(1, 12)] = 8,
        rank: Annotated[int, Range(1, 16, letter="r")] = 12,
        alpha: Alpha = 16.0,
    ) -> Self:
        """Start at the identity: every λ is zero, P and Q are Gaussian with deviation 0.02.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of P and Q.
            target_rank: How many triplets pruning leaves, if there are more.
            rank: r, how many triplets training starts with; the paper takes 1.5 times the target.
            alpha: The scale's numerator; pruning does not change the denominator r.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        P, Q = rng.normal(0, 0.02, size=(d_out, rank)), rng.normal(0, 0.02, size=(rank, d_in))
        return cls(P, np.zeros(rank), Q, target_rank, alpha / rank)

    def delta(self, W: Array) -> Array:
        """Return (α/r) P Λ Q with the kept triplets, (d_out, d_in); W does not enter."""
        return self.s * self.P * self._pruned() @ self.Q

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of the hidden features Q X, (d_out, n)."""
        return W @ X + self.s * self.P @ (self._pruned()[:, None] * (self.Q @ X))

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the leading singular triplets of a change, (d_out, d_in), as many as are kept."""
        U, sigma, Vt = thin_svd(change / self.s)
        r = len(self.Lambda)
        kept = np.where(np.arange(r) < self.target_rank, sigma[:r], 0.0)
        return replace(self, P=U[:, :r], Lambda=kept, Q=Vt[:r])

    def _pruned(self) -> Array:
        return np.where(largest(np.abs(self.Lambda), self.target_rank), self.Lambda, 0.0)

    def penalty(self) -> float:
        """Return ‖PᵀP − I‖² + ‖QQᵀ − I‖², which the loss contains so that λ are singular values."""
        identity = np.eye(len(self.Lambda))
        return float(
            np.square(self.P.T @ self.P - identity).sum()
            + np.square(self.Q @ self.Q.T - identity).sum()
        )


# Between the steps of training --------------------------------------------------------------------
# The widget has no loss, so no gradients. The paper's main part is here to be read and tested.


class Importance(NamedTuple):
    """Running means of an array's sensitivity |w ∂L/∂w| and of how much that varies."""

    mean: Array
    variation: Array

    def updated(self, w: Array, gradient: Array, beta: float = 0.85) -> "Importance":
        """Return the means after one more step (equations 8 to 10)."""
        sensitivity = np.abs(w * gradient)
        mean = beta * self.mean + (1 - beta) * sensitivity
        return Importance(mean, beta * self.variation + (1 - beta) * np.abs(sensitivity - mean))

    def score(self) -> Array:
        """Return their product (equation 11)."""
        return self.mean * self.variation


def triplet_scores(P: Importance, Lambda: Importance, Q: Importance) -> Array:
    """Return each triplet's score, (rank,): λ's own plus the means over p and q (equation 7)."""
    return Lambda.score() + P.score().mean(axis=0) + Q.score().mean(axis=1)


def budget(t: int, *, first: int, last: int, warm_up: int, final: int, steps: int) -> int:
    """Return how many triplets all matrices may keep at step t: first, then a cubic fall to last.

    >>> [budget(t, first=96, last=64, warm_up=10, final=20, steps=100) for t in (0, 30, 80)]
    [96, 75, 64]
    """
    if t < warm_up:
        return first
    left = max(0.0, 1 - (t - warm_up) / (steps - warm_up - final))
    return int(last + (first - last) * left**3)


def allocate(adapters: Sequence[AdaLoRA], scores: Sequence[Array], keep: int) -> list[AdaLoRA]:
    """Return the adapters with λ set to zero outside the best triplets of all matrices together.

    P and Q stay, so a triplet that was dropped can come back (equation 6).
    """
    best = np.split(largest(np.concatenate(scores), keep), np.cumsum([len(s) for s in scores])[:-1])
    return [
        replace(a, Lambda=np.where(mask, a.Lambda, 0.0))
        for a, mask in zip(adapters, best, strict=True)
    ]


def largest(scores: Array, keep: int) -> NDArray[np.bool_]:
    """Return which entries are among the `keep` largest; of equal ones the earlier."""
    order = np.argsort(-scores, stable=True)
    return np.argsort(order, stable=True) < keep  # the place of every entry in the order
