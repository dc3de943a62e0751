"""Intruder dimensions: strong singular vectors of a trained weight that the weight did not have.

Source: shuttleworth2024illusion; the choice of vectors is that of PEFT's reduce_intruder_dimension.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from adapters_np.linalg import Array

Weights = Mapping[str, Array]
"""Matrices by kind, each (layers, d_out, d_in)."""


def nearness(W: Array, after: Array, leading: int) -> Array:
    """Return how near the leading left singular vectors of a trained weight are to any of W's.

    Args:
        W: The weight before, (d_out, d_in).
        after: The weight after training, (d_out, d_in).
        leading: How many vectors are looked at.

    Returns:
        The largest cosine of each, without its sign, (leading,).
    """
    before, trained = (np.linalg.svd(a, full_matrices=False)[0] for a in (W, after))
    return np.abs(trained[:, :leading].T @ before).max(axis=1)


def near(before: Weights, after: Weights, leading: int) -> Array:
    """Return how near the leading vectors of all matrices are, which are stacked by kind."""
    return np.concatenate([
        nearness(W, trained, leading)
        for kind, stack in before.items()
        for W, trained in zip(stack, after[kind], strict=True)
    ])  # fmt: skip


def reduced(W: Array, after: Array, leading: int, below: float, factor: float) -> Array:
    """Return a trained weight with the singular values of its intruders times a factor."""
    found = np.flatnonzero(nearness(W, after, leading) < below)
    U, values, Vt = np.linalg.svd(after, full_matrices=False)
    part: Array = (U[:, found] * values[found]) @ Vt[found]
    return after - (1 - factor) * part


def everywhere(
    before: Weights, after: Weights, leading: int, below: float, factor: float
) -> Weights:
    """Return all matrices with the singular values of their intruders times a factor."""
    return {
        kind: np.stack([
            reduced(W, trained, leading, below, factor)
            for W, trained in zip(stack, after[kind], strict=True)
        ])
        for kind, stack in before.items()
    }  # fmt: skip


def shrunk(before: Weights, after: Weights, factor: float) -> Weights:
    return {kind: W + factor * (after[kind] - W) for kind, W in before.items()}


def scattered(before: Weights, after: Weights, seed: Sequence[int]) -> Weights:
    """Return all matrices with changes of the same singular values in random directions."""
    rng = np.random.default_rng(seed)

    def frame(d: int, count: int) -> Array:
        return np.linalg.qr(rng.standard_normal((d, count)))[0]

    found = {}
    for kind, stack in before.items():
        rows = []
        for W, trained in zip(stack, after[kind], strict=True):
            values = np.linalg.svd(trained - W, compute_uv=False)
            left, right = (frame(d, len(values)) for d in W.shape)
            rows.append(W + (left * values) @ right.T)
        found[kind] = np.stack(rows)
    return found
