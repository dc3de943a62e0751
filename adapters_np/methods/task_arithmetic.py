r"""Task arithmetic believes that changes of several tasks hardly meet, so that they can be added.

$$W' = W + \sum_i \lambda_i\, \tilde\tau_i, \qquad \tau_i = W_i - W$$

W_i is the weight after fine-tuning on task i. Plain sums take τ̃ = τ. Magnitude pruning keeps the
largest entries of each τ, DARE random ones, made larger by as much. TIES prunes by magnitude, lets
the sum elect a sign for each entry, and takes the mean over the tasks that have it.

Source: ilharco2023task, its code; yadav2023ties and yu2024dare, by their code and PEFT's.
Differs: no task has been trained here: the τ are drawn, and `alike` says how far they meet. PEFT
does this to LoRA's factors, or to changes and then cuts their rank; its election leaves λ out, too.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray

from adapters_np.core import Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array

Merge = Literal["sum", "magnitude", "dare", "ties"]


@dataclass(frozen=True, eq=False)
class TaskArithmetic(WeightAdapter):
    """Changes of several tasks, with a strength for each, and what is left of them to be added."""

    strengths: Annotated[Array, Learned("tasks", unit=1.0)]
    changes: Annotated[Array, Frozen("tasks, d_out, d_in")]
    parts: Annotated[Array, Frozen("tasks, d_out, d_in")]

    gauges = ("rank", "stable_rank", "changed_entries", "relative_norm", "parameters")
    pictures = ("received", "mask")

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        tasks: Annotated[int, Range(2, 16, letter="T")] = 4,
        merge: Merge = "sum",
        density: Annotated[float, Range(0.05, 1, 0.05)] = 0.2,
        alike: Annotated[float, Range(0, 0.95, 0.05)] = 0.0,
    ) -> Self:
        """Start at the identity: no task is added.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of changes, each about a fifth as long as W, and of what DARE drops.
            tasks: How many changes there are to add.
            merge: What is left of each change before they are added; a plain sum leaves all.
            density: The share of entries that pruning leaves.
            alike: The cosine of any two changes, on average.
        """
        shared, own = rng.normal(size=W.shape), rng.normal(size=(tasks, *W.shape))
        size = 0.2 * np.linalg.norm(W) / np.sqrt(W.size)
        changes = size * (np.sqrt(alike) * shared + np.sqrt(1 - alike) * own)
        kept = rng.random(changes.shape) < density
        return cls(np.zeros(tasks), changes, parts(changes, merge, density, kept))

    def delta(self, W: Array) -> Array:
        """Return the sum of what is left of the changes, (d_out, d_in); W does not enter."""
        return np.tensordot(self.strengths, self.parts, axes=1)

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the strengths whose change is nearest: least squares, as all merges are linear."""
        flat = self.parts.reshape(len(self.parts), -1)
        return replace(self, strengths=change.ravel() @ np.linalg.pinv(flat))


def parts(changes: Array, merge: Merge, density: float, kept: NDArray[np.bool_]) -> Array:
    """Return what is left of each change, (tasks, …): merged, it is their sum, times strengths.

    Args:
        changes: τ of all tasks, (tasks, …).
        merge: What is done to them.
        density: The share of entries that pruning leaves.
        kept: Where DARE, which draws them, leaves entries, as many as there are; true or false.
    """
    if merge == "sum":
        return changes
    if merge == "dare":
        return np.where(kept, changes / density, 0.0)
    pruned = np.array([largest(one, density) for one in changes])
    return agreeing(pruned) if merge == "ties" else pruned


def largest(change: Array, density: float) -> Array:
    """Return a change of which only the largest entries are left, int(density · entries) of them.

    >>> largest(np.array([3.0, -1.0, 2.0, -4.0]), 0.5).tolist()
    [3.0, 0.0, 0.0, -4.0]
    """
    order = np.argsort(-np.abs(change), axis=None, stable=True)
    rank = np.empty(change.size, int)
    rank[order] = np.arange(change.size)
    return np.where(rank.reshape(change.shape) < int(density * change.size), change, 0.0)


def agreeing(changes: Array) -> Array:
    """Return what each task has of the mean over those that have their sum's sign, (tasks, …).

    Zeros agree with nobody. A sum of zero elects plus, as in PEFT.

    >>> agreeing(np.array([[3.0, 2.0, 1.0], [-1.0, 4.0, 0.0]])).tolist()
    [[3.0, 1.0, 1.0], [0.0, 2.0, 0.0]]
    """
    agree = np.sign(changes) == np.where(changes.sum(axis=0) >= 0, 1, -1)
    return np.where(agree, changes, 0.0) / np.maximum(agree.sum(axis=0), 1)
