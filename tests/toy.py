"""Seeded weights for tests."""

import numpy as np

from adapters_np.linalg import Array


def weight(d_out: int, d_in: int, seed: int = 0) -> Array:
    """Return a Gaussian weight whose rows have norm about 1."""
    return np.random.default_rng(seed).normal(size=(d_out, d_in)) / np.sqrt(d_in)


def singular_values(W: Array) -> Array:
    """Return the singular values, descending."""
    return np.linalg.svd(W, compute_uv=False)
