r"""Multi-head routing lets each slice of a layer pick its own mix of a task's skills.

$$\Delta W_{ij} = \tfrac1r\, B_i A_j, \qquad
B_i = \sum_k w_{ik}\, B_{ik}, \quad A_j = \sum_k w_{jk}\, A_{jk}, \qquad
w_{ik} = \frac{\sigma(Z_{tik})}{\sum_l \sigma(Z_{til})}$$

Inputs and outputs are cut into the same number of slices; ΔW_ij joins slice j of the inputs to
slice i of the outputs. One slice is Polytropon with averaged factors.

Source: caccia2023mhr.
Differs: the scale 1/r is the code's, as for Polytropon, and so are weights drawn at random while
training. PEFT's is `PolyConfig` with `n_splits` above 1, which stores A and B transposed.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np

from adapters_np.core import Departs, Learned, WeightAdapter
from adapters_np.linalg import Array, at_most, divide, kaiming_uniform, low_rank_factors
from adapters_np.methods.poly import TASKS, SkillRank, Skills, Task, share


@dataclass(frozen=True, eq=False)
class MHR(WeightAdapter):
    """Skills cut into slices of inputs and outputs, with a row of weights for every slice."""

    A: Annotated[Array, Learned("splits, skills, rank, d_in // splits", unit=0.4)]
    B: Annotated[Array, Learned("splits, skills, d_out // splits, rank", unit=0.4)]
    Z: Annotated[Array, Learned(f"{TASKS}, splits, skills", unit=5.0)]
    task: int

    gauges = ("parts_in_use", "rank", "relative_norm", "parameters")
    pictures = ("mixture",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        splits: Annotated[Literal[1, 2, 4, 8], Departs(1)] = 4,
        task: Task = 0,
        skills: Skills = 4,
        rank: SkillRank = 4,
    ) -> Self:
        """Start at the identity: every B is zero, and the weights are almost equal.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of A and of the logits Z.
            splits: How many slices the inputs are cut into, and as many the outputs.
            task: t, which rows of Z are used; there are four tasks.
            skills: S, the size of the inventory.
            rank: r of each skill, and of the whole change.

        Raises:
            ValueError: when splits does not divide both sides of W, or rank exceeds the smaller.
        """
        at_most("rank", rank, "min(d_out, d_in)", min(W.shape))
        d_out, d_in = (
            divide("splits", splits, axis, size)
            for axis, size in zip(("d_out", "d_in"), W.shape, strict=True)
        )
        A = kaiming_uniform(rng, (splits, skills, rank, d_in))
        Z = rng.uniform(-1e-3, 1e-3, (TASKS, splits, skills))
        return cls(A, np.zeros((splits, skills, d_out, rank)), Z, task)

    def weights(self) -> Array:
        """Return how much of each skill each slice uses, (splits, skills)."""
        return share(self.Z[self.task])

    def delta(self, W: Array) -> Array:
        """Return the task's change, (d_out, d_in), a product of averaged factors."""
        w = self.weights()[:, :, None, None]
        A, B = (w * self.A).sum(axis=1), (w * self.B).sum(axis=1)  # (splits, rank, ·) and back
        return np.vstack(list(B)) @ np.hstack(list(A)) / A.shape[1]

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the factors nearest to a change, (d_out, d_in), the same in all skills."""
        splits, skills, r, _ = self.A.shape
        B, A = low_rank_factors(change * r, r)
        each = (np.split(A, splits, axis=1), np.split(B, splits))
        A, B = (np.stack([np.stack([part] * skills) for part in parts]) for parts in each)
        return replace(self, A=A, B=B)

    def mixture(self, W: Array, X: Array) -> Array:
        """Return the mean weights of the skills over the slices, (skills, 1)."""
        return self.weights().mean(axis=0)[:, None]
