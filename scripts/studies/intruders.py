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
    """Return how near the leading left singular vectors after training are to any of W's.

    Both weights are (layers, d_out, d_in). What is returned is the largest cosine of each vector,
    without its sign, (layers, leading).
    """
    before, trained = (np.linalg.svd(a, full_matrices=False)[0] for a in (W, after))
    cosines: Array = trained[..., :leading].swapaxes(1, 2) @ before
    return np.abs(cosines).max(axis=2)


def near(before: Weights, after: Weights, leading: int) -> Array:
    return np.concatenate([nearness(before[k], after[k], leading).ravel() for k in before])


def reduced(before: Weights, after: Weights, leading: int, below: float, factor: float) -> Weights:
    weaker = {}
    for kind, trained in after.items():
        U, values, Vt = np.linalg.svd(trained, full_matrices=False)
        values[:, leading:] = 0
        values[:, :leading] *= nearness(before[kind], trained, leading) < below
        weaker[kind] = trained - (1 - factor) * (U * values[:, None, :]) @ Vt
    return weaker


def shrunk(before: Weights, after: Weights, factor: float) -> Weights:
    return {kind: W + factor * (after[kind] - W) for kind, W in before.items()}


def scattered(before: Weights, after: Weights, seed: Sequence[int]) -> Weights:
    """Return all matrices with changes of the same singular values in random directions."""
    rng = np.random.default_rng(seed)

    def moved(W: Array, trained: Array) -> Array:
        values = np.linalg.svd(trained - W, compute_uv=False)
        left, right = (np.linalg.qr(rng.standard_normal((d, len(values))))[0] for d in W.shape)
        return W + (left * values) @ right.T

    return {
        kind: np.stack([moved(*pair) for pair in zip(stack, after[kind], strict=True)])
        for kind, stack in before.items()
    }
