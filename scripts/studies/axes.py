"""The seven coordinates of *A Categorical Atlas of PEFT*, measured on the running modules.

The atlas reads them off formulas. Here five of them are numbers of a module: where it starts, how
many dimensions it reaches at first and in general, what merging and starting again adds, whether
its changes form a cone, and which changes of basis carry its changes to its changes. Kind and merge
type are declared. `dev.py study atlas` writes them with the predictions, as the arms of `axes`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from adapters_np.budget import choose
from adapters_np.control import orthonormal
from adapters_np.core import (
    WeightAdapter,
    flatten,
    learned,
    load,
    perturbed,
    restore,
    slugs,
)
from adapters_np.fit import fit, last
from adapters_np.linalg import Array
from adapters_np.slopes import STEP

SHAPE = (32, 24)
"""Of the weight whose dimensions are counted, as in X.10."""
SIDE, NUMBERS = 16, 128
"""Of the weight on which bases change, and how many parameters an adapter may have there."""
WITHIN = 1e-5
"""A singular value of a Jacobian that is less than this share of the largest is round-off."""

ROUNDING = 1e-9
"""The distance of two changes, as a share of their size, below which they are the same."""


def bases(rng: np.random.Generator, d: int) -> dict[str, Array]:
    """Return changes of a basis of d features, each kind with those before it as special cases."""
    gains = rng.choice([-1.0, 1.0], d) * np.exp(rng.normal(size=d) / 2)
    Q, R = orthonormal(rng, d), orthonormal(rng, d)
    return {
        "order": np.eye(d)[rng.permutation(d)],
        "gains": np.diag(gains),
        "rotation": Q,
        "any basis": Q @ np.diag(np.abs(gains)) @ R,
    }


def weight(shape: tuple[int, int]) -> tuple[Array, np.random.Generator]:
    """Return a random weight and what draws the rest."""
    rng = np.random.default_rng(0)
    return rng.standard_normal(shape) / np.sqrt(shape[1]), rng


def rank(f: Callable[[Array], Array], theta: Array) -> int:
    """Return the rank of a function's derivative."""
    ends = [[f(theta + sign * STEP * e) for sign in (1, -1)] for e in np.eye(len(theta))]
    J = np.stack([(ahead - back).ravel() / (2 * STEP) for ahead, back in ends])
    return int(np.linalg.matrix_rank(J, tol=WITHIN * np.linalg.norm(J, 2)))


def dimensions(fresh: WeightAdapter, W: Array, rng: np.random.Generator) -> dict[str, float]:
    """Return how many dimensions a weight moves in: at the start, anywhere, and in two cycles."""
    moved = [flatten(perturbed(fresh, rng, 1.0)) for _ in range(2)]

    def once(theta: Array) -> Array:
        return restore(fresh, theta).delta(W)

    def twice(both: Array) -> Array:
        first, second = (restore(fresh, theta) for theta in np.split(both, 2))
        merged = W + first.delta(W)
        return merged + second.delta(merged)

    return {
        "numbers": len(moved[0]),
        "start dimension": rank(once, flatten(fresh)),
        "dimension": rank(once, moved[0]),
        "dimension of two cycles": rank(twice, np.concatenate(moved)),
    }


def scales(fresh: WeightAdapter, W: Array, rng: np.random.Generator) -> bool:
    """Return whether a change grows in its own direction when some of the trained arrays double.

    Then every positive multiple of it is a change as well. By 2 it grows where one factor of a
    product doubles, by 4 where both are the same numbers.
    """
    moved = perturbed(fresh, rng, 0.5)
    change, names = moved.delta(W), list(learned(moved))
    size = float(np.linalg.norm(change))

    def grows(some: tuple[str, ...]) -> bool:
        doubled = replace(moved, **{name: 2 * getattr(moved, name) for name in some}).delta(W)
        factor = float((doubled * change).sum()) / size**2
        return factor > 1 + ROUNDING and bool(
            np.linalg.norm(doubled - factor * change) < ROUNDING * size
        )

    return any(grows(some) for n in range(len(names)) for some in combinations(names, n + 1))


def setting(cls: type[WeightAdapter], W: Array) -> dict[str, Any]:
    """Return knobs of few parameters: the defaults where they are few, else as many as may be."""
    try:
        if flatten(cls.init(W, np.random.default_rng(1))).size <= NUMBERS:
            return {}
    except ValueError:
        pass  # the defaults do not fit the shape
    settings = choose(cls, W, NUMBERS)
    return dict(settings[0].knobs) if settings else {}


def covariant(cls: type[WeightAdapter], side: int) -> Iterator[tuple[str, float]]:
    """Yield the share that an adapter in another basis explains of its change in the first one.

    Args:
        cls: A method with a ΔW.
        side: 0 for the basis of the outputs, 1 for that of the inputs.
    """
    W, rng = weight((SIDE, SIDE))
    chosen = setting(cls, W)
    fresh = cls.init(W, np.random.default_rng(1), **chosen)
    change = perturbed(fresh, rng, 0.5).delta(W)
    for name, g in bases(rng, SIDE).items():
        left, right = (g, np.eye(SIDE)) if side == 0 else (np.eye(SIDE), np.linalg.inv(g))
        there = left @ W @ right
        other = cls.init(there, np.random.default_rng(1), **chosen)
        end = last(fit(other, there, left @ change @ right, steps=200, tol=1e-6, starts=5))
        yield name, 1 - end.error**2


def coordinates(
    without: Collection[str] = (),
) -> Iterator[tuple[str, tuple[int, ...], str, float]]:
    """Yield method, shape of the weight, measure and value of all methods that have a ΔW."""
    for slug in sorted(set(slugs()) - set(without)):
        cls = load(slug)
        if not issubclass(cls, WeightAdapter):
            continue
        W, rng = weight(SHAPE)
        try:
            fresh = cls.init(W, rng)
        except ValueError:
            W, rng = weight((32, 32))  # where the sides of the other weight do not fit
            fresh = cls.init(W, rng)
        found = {"size at the start": float(np.linalg.norm(fresh.delta(W)) / np.linalg.norm(W))}
        found |= dimensions(fresh, W, rng)
        found["cone"] = float(scales(fresh, W, rng))
        for side, features in enumerate(("outputs", "inputs")):
            found |= {f"{basis} of {features}": share for basis, share in covariant(cls, side)}
        for measure, value in found.items():
            yield slug, W.shape, measure, value
