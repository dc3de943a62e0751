"""A method's change of a layer, with the measures of it that several gauges and sentences share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from adapters_np.core import Adapter, WeightAdapter
from adapters_np.linalg import Array, row_norms
from demos.world import World

ROUND_OFF = 1e-9


@dataclass(frozen=True, eq=False)
class Change:
    """A layer before and after: its weight where the adapter has a ΔW, else its output."""

    adapter: Adapter
    world: World
    before: Array
    after: Array
    floor: float = 0.0  # singular values of the change up to it are what a fit has left over

    @property
    def symbol(self) -> str:
        """W or Y: what the matrices are called."""
        return "W" if isinstance(self.adapter, WeightAdapter) else "Y"

    @cached_property
    def delta(self) -> Array:
        """The change, of the shape of `before`."""
        return self.after - self.before

    @cached_property
    def sigma(self) -> Array:
        """Singular values of the change, descending."""
        return np.linalg.svd(self.delta, compute_uv=False)

    @cached_property
    def sigma_before(self) -> Array:
        if self.before is self.world.W:
            return self.world.svd[1]
        return np.linalg.svd(self.before, compute_uv=False)

    @cached_property
    def sigma_after(self) -> Array:
        return np.linalg.svd(self.after, compute_uv=False)

    @cached_property
    def drift(self) -> float:
        """The largest change of a singular value, as a share of the largest one before."""
        return float(np.abs(self.sigma_after - self.sigma_before).max() / self.sigma_before[0])

    @cached_property
    def turn(self) -> float:
        """The largest change of a cosine between two rows, from 0 to 2."""
        return float(np.abs(_cosines(self.after) - _cosines(self.before)).max())

    @cached_property
    def keeps_angles(self) -> bool:
        """Return whether no angle between two rows changes; the first row is asked first."""
        after, before = _unit(self.after), _unit(self.before)
        if np.abs(after @ after[0] - before @ before[0]).max() >= ROUND_OFF:
            return False
        return self.turn < ROUND_OFF

    @cached_property
    def stretch(self) -> float:
        """The largest relative change of a row's norm."""
        before = np.maximum(row_norms(self.before), np.finfo(float).tiny)
        return float(np.abs(row_norms(self.after) / before - 1).max())

    @cached_property
    def size(self) -> float:
        """‖change‖_F / ‖before‖_F."""
        return float(np.linalg.norm(self.delta) / np.linalg.norm(self.before))


def significant(change: Change) -> Array:
    """Return the singular values of the change that exceed max(m, n) · ε · σ₁, and its floor.

    The first is the rule of `matrix_rank`, except that σ₁ is the larger of the change's and the
    layer's: the change is a difference, so it carries the layer's round-off.
    """
    largest = max(change.sigma[0], change.sigma_before[0])
    noise = largest * max(change.delta.shape) * np.finfo(float).eps
    return change.sigma[change.sigma > max(noise, change.floor)]


def numerical_rank(change: Change) -> int:
    """Return how many singular values of the change are significant."""
    return len(significant(change))


def _cosines(W: Array) -> Array:
    unit = _unit(W)
    return unit @ unit.T


def _unit(W: Array) -> Array:
    return W / np.maximum(row_norms(W), np.finfo(float).tiny)[:, None]
