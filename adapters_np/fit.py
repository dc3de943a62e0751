"""The fit of an adapter's trained parameters to a target, whatever the adapter is.

An adapter that has its best in closed form says so (`Solves`, `SolvesOutputs`). For all others it
is Levenberg–Marquardt with differences over `flatten` and `restore` (`adapters_np.slopes`), so that
a class needs nothing but its declarations; method names do not occur here. A fit ends by steps and
tolerance, never by the clock, so that it ends alike on every machine. What is reached says nothing
of how easily training gets there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np

from adapters_np.core import Adapter, WeightAdapter, flatten, perturbed, restore
from adapters_np.linalg import Array
from adapters_np.slopes import STEP, Residual, Slopes

SOLVED = 1e-8
"""An error that is nothing: the fit stops there."""

ALIKE = 0.005
"""Two starts that end within this share of each other's error have found the same thing."""

LEAST = 1e-6
"""The least damping. Where parameters can make up for one another, less lets round-off choose."""

PAUSE = 0.15
"""Seconds between two pictures of a fit that goes on."""


class Progress(NamedTuple):
    """The best that a fit has found so far, over all its starts.

    `error` is ‖ΔW − ΔW*‖_F / ‖ΔW*‖_F, or the same of outputs. `starts` are the errors at which the
    finished starts ended: how far they lie apart is what the start decides.
    """

    step: int
    error: float
    adapter: Adapter
    done: bool = False
    starts: tuple[float, ...] = ()


@runtime_checkable
class Aims(Protocol):
    """An adapter whose user says where it acts, knowing what is to change."""

    def aimed(self, W: Array, change: Array) -> Self:
        """Return the adapter where a user who knows the target would put it."""
        ...


@runtime_checkable
class Solves(Protocol):
    """An adapter whose best for a target has a closed form."""

    def nearest(self, W: Array, change: Array) -> Self | None:
        """Return the adapter whose ΔW is nearest to a change, or None where no closed form is."""
        ...


@runtime_checkable
class SolvesOutputs(Protocol):
    """An adapter whose best for target outputs has a closed form."""

    def nearest_outputs(self, W: Array, X: Array, outputs: Array) -> Self | None:
        """Return the adapter whose outputs are nearest to some, or None where no form is closed."""
        ...


@runtime_checkable
class Adds(Protocol):
    """An adapter whose output is that of the frozen layer and what it adds."""

    def added(self, W: Array, X: Array) -> Array:
        """Return what is added to the frozen layer's output, of the same shape."""
        ...


def fit(
    adapter: Adapter,
    W: Array,
    target: Array,
    X: Array | None = None,
    *,
    steps: int = 60,
    tol: float = 1e-4,
    starts: int = 3,
    trial: int | None = None,
) -> Iterator[Progress]:
    """Yield the best so far after every step that lowers the error; the last one is `done`.

    Where the change is affine in the trained parameters or the adapter solves for it, one step from
    one start is exact. Elsewhere more starts follow, random steps away from the first, until two
    end alike.

    Args:
        adapter: Where to start; what it holds frozen stays.
        W: The frozen weight, (d_out, d_in).
        target: Without X the change ΔW*, as large as W; with X the outputs.
        X: Token columns, (d_in, n). An adapter that has no ΔW needs them.
        steps: The most steps from one start.
        tol: A start ends after three steps in a row that each lower the error by less than this
            share.
        starts: The most starts.
        trial: A start is given up that after so many steps is behind an earlier one.

    Raises:
        ValueError: when the target has another shape than what is fitted, is not finite or asks for
            no change, or when an adapter without a ΔW is fitted without tokens.
    """
    residual, size = goal(adapter, W, target, X)
    if X is None and isinstance(adapter, Aims):
        adapter = adapter.aimed(W, target)
    if solved := closed_form(adapter, W, target, X):
        error = float(np.linalg.norm(residual(solved))) / size
        yield Progress(0, float(np.linalg.norm(residual(adapter))) / size, adapter)
        yield Progress(1, error, solved)
        yield Progress(1, error, solved, done=True, starts=(error,))
        return
    affine, slopes = is_affine(residual, adapter), Slopes(residual, adapter)
    best, step, ends, ahead = Progress(0, np.inf, adapter), 0, list[float](), np.inf
    for start in range(1 if affine else starts):
        first = perturbed(adapter, np.random.default_rng(start), 0.5) if start else adapter
        path = _descend(slopes, first, affine, steps, tol, (SOLVED * size) ** 2)
        error = early = np.inf
        for taken, (cost, moved) in enumerate(path):
            error = float(np.sqrt(cost)) / size
            if error < best.error or not step:
                best = best._replace(error=error, adapter=moved)
            yield best._replace(step=step, starts=tuple(ends))
            step += 1
            if trial is not None and taken <= trial:
                early = error
                if taken == trial and early > ahead:
                    break
        else:
            ahead = min(ahead, early)
            alike = any(abs(error - e) <= ALIKE * max(error, e) for e in ends)
            ends.append(error)
            if error < SOLVED or alike:
                break
    yield best._replace(step=step - 1, done=True, starts=tuple(ends))


def paced(progress: Iterator[Progress]) -> Iterator[Progress]:
    """Yield what is worth a picture: the first step, then the newest after each pause, the end.

    The clock decides which of the steps on the way are seen, and nothing else.
    """
    shown = -np.inf
    for found in progress:
        now = time.perf_counter()
        if found.done or (found.step and now - shown > PAUSE):
            shown = now
            yield found


def last(progress: Iterator[Progress]) -> Progress:
    """Return where a fit ends."""
    *_, end = progress
    return end


def closed_form(adapter: Adapter, W: Array, target: Array, X: Array | None) -> Adapter | None:
    """Return the best adapter for a target, where the adapter knows it."""
    if X is None:
        return adapter.nearest(W, target) if isinstance(adapter, Solves) else None
    return adapter.nearest_outputs(W, X, target) if isinstance(adapter, SolvesOutputs) else None


def goal(adapter: Adapter, W: Array, target: Array, X: Array | None) -> tuple[Residual, float]:
    """Return what is left of the target as a vector, and the target's norm."""
    if X is None and not isinstance(adapter, WeightAdapter):
        raise ValueError(f"{type(adapter).__name__} has no ΔW: it is fitted to outputs, with X")
    base = np.zeros_like(W) if X is None else adapter.base(W, X)
    if target.shape != base.shape:
        raise ValueError(f"target has the shape {target.shape}, what is fitted has {base.shape}")
    size = float(np.linalg.norm(target - base))
    if not np.isfinite(size):
        raise ValueError("target has entries that are not finite")
    if size == 0:
        raise ValueError("target asks for no change, so no share of it can be explained")

    def made(a: Any) -> Array:
        return a.delta(W) if X is None else a.forward(W, X)

    def added(a: Any) -> Array:
        return a.added(W, X)

    # The frozen part of what is only added to is computed once.
    output, wanted = (added, target - base) if isinstance(adapter, Adds) else (made, target)

    def residual(a: Any) -> Array:
        with np.errstate(all="ignore"):  # a trial step may go too far; its cost says so
            return (output(a) - wanted).ravel()

    return residual, size


def is_affine(residual: Residual, adapter: Adapter) -> bool:
    """Say whether the residual is affine in the trained parameters: second differences vanish."""
    theta, rng = flatten(adapter), np.random.default_rng(0)
    middle = residual(adapter)
    for _ in range(2):
        u = rng.normal(size=theta.shape)
        ahead, back = (residual(restore(adapter, v)) for v in (theta + u, theta - u))
        bend = np.linalg.norm(ahead + back - 2 * middle)
        if not bend <= 1e-8 * (np.linalg.norm(ahead) + np.linalg.norm(back)):
            return False
    return True


def _descend(
    slopes: Slopes, adapter: Adapter, affine: bool, steps: int, tol: float, enough: float
) -> Iterator[tuple[float, Adapter]]:
    """Yield cost ‖residual‖² and adapter, at the start and after every step that lowers the cost.

    Marquardt's scaling takes a parameter's largest curvature so far, and at least a thousandth
    of the largest of all: with less, a factor that starts at zero runs away. Damping is Nielsen's.
    """
    residual = slopes.residual
    theta, r = flatten(adapter).astype(float), residual(adapter)
    cost, damping, growth = float(r @ r), 1e-12 if affine else 1e-3, 2.0
    largest, slow = np.zeros(len(theta)), 0
    yield cost, adapter
    for _ in range(1 if affine else steps):
        J = slopes.at(theta, r, 1.0 if affine else STEP)
        curvature, slope = slopes.gram(J), J @ r
        largest = np.maximum(largest, np.diag(curvature))
        scale = np.maximum(largest, 1e-3 * largest.max() + np.finfo(float).tiny)
        before = cost
        for _ in range(12):
            try:
                move = np.linalg.solve(curvature + np.diag(damping * scale), -slope)
                new = residual(restore(adapter, theta + move))
            except np.linalg.LinAlgError:
                damping *= 10
                continue
            if new @ new < cost:
                gain = (cost - new @ new) / (move @ (damping * scale * move - slope))
                damping = max(damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), LEAST)
                theta, r, cost, growth = theta + move, new, float(new @ new), 2.0
                break
            damping, growth = damping * growth, growth * 2
        else:
            return  # no step lowers the cost
        yield cost, restore(adapter, theta)
        slow = slow + 1 if cost > (1 - tol) ** 2 * before else 0
        if cost <= enough or slow == 3:
            return
