"""Controls of FRoD, which believes in an input basis that layers of one kind share."""

from dataclasses import replace

import numpy as np

from adapters_np.control import control, orthonormal
from adapters_np.errors import KnobError
from adapters_np.linalg import Array
from adapters_np.methods.frod import FRoD, joint_basis, split


def within(fresh: FRoD, W: Array, V: Array) -> FRoD:
    """Return the weight as strengths in another basis, with the same places of exchanges."""
    U, strengths, V = split(W, V)
    return replace(fresh, U=U, strengths=strengths, V=V)


@control("relocated")
def random_basis(fresh: FRoD, W: Array, rng: np.random.Generator) -> FRoD:
    """Take an orthonormal basis of the inputs that is drawn at random.

    Taken out: that the basis is one of the layers, and the lengths of its columns. Kept: how many
    strengths and exchanges there are, the places of these, and the start.
    """
    return within(fresh, W, orthonormal(rng, W.shape[1]))


@control("relocated", claim="level")
def basis_of_its_own(fresh: FRoD, W: Array, rng: np.random.Generator) -> FRoD:
    """Take the weight's own right singular vectors; nothing is drawn.

    Taken out: that layers share the basis. Kept: how many strengths and exchanges there are, the
    places of these, and the start. Where no other layer shares it, there is nothing to take out.
    """
    V = joint_basis([W])
    if fresh.V.shape == V.shape and np.allclose(np.abs(fresh.V), np.abs(V)):
        raise KnobError("layers", 1, "has no layer that shares the basis")
    return within(fresh, W, V)
