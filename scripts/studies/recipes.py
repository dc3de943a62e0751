"""Other training of LoRA: what stays, what becomes of a gradient, each factor's rate.

Arrays are by group and name, those of one shape stacked: A is (matrices, rank, d_in), B is
(matrices, d_out, rank).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp

from scripts.survey.results.otherwise import plan

Stacks = dict[str, dict[str, Any]]


def unchanged(gradient: Stacks, learned: Stacks, frozen: Stacks) -> Stacks:
    return gradient


def inverse(gram: Any, damping: float) -> Any:
    """Return (gram + damping)⁻¹ of a stack of matrices, each (rank, rank)."""
    return jnp.linalg.inv(gram + damping * jnp.eye(gram.shape[-1]))


def preconditioned(gradient: Stacks, learned: Stacks, frozen: Stacks) -> Stacks:
    """Return the gradients of factors, each over the other's Gram matrix.

    Source: zhang2024riemannian, its official code; damped as in PEFT.
    """
    found: Stacks = {}
    for group, slope in gradient.items():
        A, B = (learned[group][name] for name in "AB")
        found[group] = {
            "A": inverse(B.swapaxes(1, 2) @ B, plan().damping) @ slope["A"],
            "B": slope["B"] @ inverse(A @ A.swapaxes(1, 2), plan().damping),
        }
    return found


def corrected(gradient: Stacks, learned: Stacks, frozen: Stacks) -> Stacks:
    """Return the gradient of B over the Gram matrix of a frozen A, as LoRA-FA has it in PEFT.

    The scale's square, by which it is divided, too, is the same for all numbers: Adam undoes it.
    """
    found: Stacks = {}
    for group, slope in gradient.items():
        A = frozen[group]["A"]
        found[group] = {"B": slope["B"] @ inverse(A @ A.swapaxes(1, 2), 1e-8)}
    return found


@dataclass(frozen=True)
class Recipe:
    gradient: Callable[[Stacks, Stacks, Stacks], Stacks] = unchanged
    """What becomes of the clipped gradient, given what is learned and what is frozen."""

    paces: Mapping[str, float] = field(default_factory=dict)
    """How many times the rate an array steps by, where it is not once."""

    frozen: tuple[str, ...] = ()
    """Arrays that stay as they were drawn."""

    def paced(self, way: Stacks) -> Stacks:
        if not self.paces:
            return way
        return {
            group: {name: self.paces.get(name, 1.0) * a for name, a in own.items()}
            for group, own in way.items()
        }


USUAL = Recipe()
RECIPES = {
    "B at 4 times the rate": Recipe(paces={"B": 4.0}),
    "B at 16 times the rate": Recipe(paces={"B": 16.0}),
    "A frozen": Recipe(corrected, frozen=("A",)),
    "preconditioned": Recipe(preconditioned),
    "fixed magnitude": Recipe(frozen=("m",)),
}
"""By the arm of a method."""
