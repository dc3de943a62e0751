r"""Polytropon believes that tasks are subsets of a small inventory of low-rank skills.

$$W'_t = W + \tfrac1r \sum_k w_k\, B_k A_k, \qquad
w_k = \frac{\sigma(Z_{tk})}{\sum_j \sigma(Z_{tj})}$$

The weights depend on the task t alone, never on the input. The official code averages the factors
instead, $(\sum_k w_k B_k)(\sum_k w_k A_k) / r$.

Source: ponti2023combining, equations 3 and 6.
Differs: the scale 1/r is the code's. While training, the paper draws the weights at random around
these. PEFT averages factors only, and stores A and B transposed.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most, kaiming_uniform, low_rank_factors

TASKS = 4
Skills = Annotated[int, Range(1, 8, letter="S")]
SkillRank = Annotated[int, Range(1, 8, letter="r")]
Task = Annotated[int, Range(0, TASKS - 1, letter="t")]


def share(logits: Array) -> Array:
    """Return sigmoids that sum to one over the last axis; shape stays."""
    gates = np.exp(-np.logaddexp(0, -logits))
    return gates / gates.sum(axis=-1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Poly(WeightAdapter):
    """An inventory of skills, averaged with the weights of one task."""

    A: Annotated[Array, Learned("skills, rank, d_in", unit=0.4)]
    B: Annotated[Array, Learned("skills, d_out, rank", unit=0.4)]
    Z: Annotated[Array, Learned(f"{TASKS}, skills", unit=5.0)]
    task: int
    average: Literal["updates", "factors"]

    gauges = ("parts_in_use", "rank", "relative_norm", "parameters")
    pictures = ("mixture",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        task: Task = 0,
        skills: Skills = 4,
        rank: SkillRank = 4,
        average: Literal["updates", "factors"] = "updates",
    ) -> Self:
        """Start at the identity: every B is zero, and the weights are almost equal.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A and of the logits Z.
            task: t, which row of Z is used; there are four tasks.
            skills: S, the size of the inventory.
            rank: r of each skill.
            average: Average the skills' changes, as in the paper, or the factors, as in its code.

        Raises:
            ValueError: when rank exceeds the smaller side of W.
        """
        d_out, d_in = W.shape
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        A = kaiming_uniform(rng, (skills, rank, d_in))
        Z = rng.uniform(-1e-3, 1e-3, (TASKS, skills))
        return cls(A, np.zeros((skills, d_out, rank)), Z, task, average)

    def weights(self) -> Array:
        """Return how much of each skill the task uses, (skills,); the sum is one."""
        return share(self.Z[self.task])

    def delta(self, W: Array) -> Array:
        """Return the task's change, (d_out, d_in); W does not enter."""
        w = self.weights()[:, None, None]
        rank = self.A.shape[1]
        if self.average == "factors":
            return (w * self.B).sum(axis=0) @ (w * self.A).sum(axis=0) / rank
        return np.hstack(list(w * self.B)) @ np.vstack(list(self.A)) / rank

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the skills, at equal parts of the task, whose sum is nearest to a change.

        The sum has rank S r. Where factors are averaged, it has rank r, and all skills are one.
        """
        S, r, _ = self.A.shape
        Z = np.zeros_like(self.Z)
        if self.average == "factors":
            B, A = low_rank_factors(change * r, r)
            return replace(self, A=np.stack([A] * S), B=np.stack([B] * S), Z=Z)
        B, A = low_rank_factors(change * r * S, S * r)
        missing = S * r - len(A)  # where the skills have more directions than the change
        B, A = np.pad(B, ((0, 0), (0, missing))), np.pad(A, ((0, missing), (0, 0)))
        return replace(self, A=np.stack(np.split(A, S)), B=np.stack(np.split(B, S, axis=1)), Z=Z)

    def mixture(self, W: Array, X: Array) -> Array:
        """Return the weights of the skills, (skills, 1): the same for every token."""
        return self.weights()[:, None]
