r"""ROME believes that a fact is a key with a value in a linear memory, so it writes one direction.

$$W' = W + \Lambda\,(K^\top C^{-1} K)^{-1} K^\top C^{-1}, \qquad C = \tfrac1n X X^\top$$

Then W' k = W k + λ for each key k, a column of K, and among all changes that do this, it moves the
outputs for other inputs X least.

Source: meng2022rome, section 3.1, by its code for one key; gupta2024unified for several.
Differs: keys and inputs are drawn at random here. The paper has one key at a time; its code divides
by the key of the bare prompt, and reads along the mean of it and twenty with other text before it.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from adapters_np.core import Departs, Frozen, Learned, Range, WeightAdapter
from adapters_np.linalg import Array, at_most


@dataclass(frozen=True, eq=False)
class ROME(WeightAdapter):
    """Values added to the answers to some inputs, and the directions along which these are read."""

    values: Annotated[Array, Learned("d_out, facts", unit=0.25)]
    reads: Annotated[Array, Frozen("facts, d_in")]
    keys: Annotated[Array, Frozen("d_in, facts")]
    others: Annotated[Array, Frozen("d_in, 4 * d_in")]

    gauges = ("rank", "stable_rank", "relative_norm", "subspace_overlap", "parameters")
    pictures = ("memory",)

    @classmethod
    def init(
        cls,
        W: Array,
        rng: np.random.Generator,
        *,
        facts: Annotated[int, Range(1, 16, letter="r")] = 1,
        weighed: Annotated[bool, Departs(False)] = True,
    ) -> Self:
        """Start at the identity: nothing is added.

        Args:
            W: The frozen weight, (d_out, d_in).
            rng: The source of keys and of other inputs, whose channels differ in size.
            facts: How many keys get a new value at once.
            weighed: Read along C⁻¹ K, so that other inputs are heard least; else along K itself.

        Raises:
            ValueError: when there are more facts than inputs.
        """
        d_in = W.shape[1]
        at_most("facts", facts, "d_in", d_in)
        loud = (1.0 + np.arange(d_in))[:, None] ** -0.8
        keys, others = (loud * rng.normal(size=(d_in, n)) for n in (facts, 4 * d_in))
        C = others @ others.T if weighed else np.eye(d_in)
        return cls(np.zeros((len(W), facts)), cls.reading(keys, C), keys, others)

    @staticmethod
    def reading(keys: Array, C: Array) -> Array:
        """Return the directions, (facts, d_in), with 1 at their key and 0 at the others.

        Of all such they have the least mean square over inputs with second moments C.
        """
        heard = np.linalg.solve(C, keys)
        return np.linalg.solve(keys.T @ heard, heard.T)

    def delta(self, W: Array) -> Array:
        """Return Λ times the directions that are read, (d_out, d_in); W does not enter."""
        return self.values @ self.reads

    def writing(self, W: Array, answers: Array) -> Self:
        """Return the adapter that gives each key its answer, a column of (d_out, facts)."""
        return replace(self, values=answers - W @ self.keys)

    def nearest(self, W: Array, change: Array) -> Self:
        """Return the values whose change is nearest: what the change has along the directions."""
        return replace(self, values=change @ np.linalg.pinv(self.reads))

    def shortcut(self, W: Array, X: Array) -> Array:
        """Return the output by way of what is read, a number for each fact, (d_out, n)."""
        return W @ X + self.values @ (self.reads @ X)
