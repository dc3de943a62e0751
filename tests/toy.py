"""Seeded weights and tokens for tests."""

from collections.abc import Callable
from typing import Any

import numpy as np

from adapters_np.core import AnyAdapter, perturbed
from adapters_np.linalg import Array

FAST: Any = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""Options of JAX for what runs once."""


def weight(d_out: int, d_in: int, seed: int = 0) -> Array:
    """Return a Gaussian weight whose rows have norm about 1."""
    return np.random.default_rng(seed).normal(size=(d_out, d_in)) / np.sqrt(d_in)


def tokens(d_in: int, n: int = 6, seed: int = 3) -> Array:
    """Return n Gaussian token columns, (d_in, n)."""
    return np.random.default_rng(seed).normal(size=(d_in, n))


def stepped(cls: type[AnyAdapter], W: Array, *, step: float = 1.0, **knobs: Any) -> AnyAdapter:
    """Return an adapter after a random step from its start."""
    rng = np.random.default_rng(1)
    return perturbed(cls.init(W, rng, **knobs), rng, step)


def singular_values(W: Array) -> Array:
    """Return the singular values, descending."""
    return np.linalg.svd(W, compute_uv=False)


def cosines(W: Array) -> Array:
    """Return the cosines between all pairs of rows."""
    unit = W / np.linalg.norm(W, axis=1, keepdims=True)
    return unit @ unit.T


def jacobian_rank(f: Callable[[Array], Array], v: Array) -> int:
    """Return the rank of f's derivative at v: in how many directions f(v) can move."""
    h = 1e-5
    columns = [((f(v + h * e) - f(v - h * e)) / (2 * h)).ravel() for e in np.eye(len(v))]
    return int(np.linalg.matrix_rank(np.stack(columns, axis=1), tol=1e-6))


def rotary(X: Array) -> Array:
    """Return heads (d, n) with rotary position embedding: channel j is paired with j + d/2."""
    d, n = X.shape
    angles = np.outer(100.0 ** (-np.arange(d // 2) / (d // 2)), np.arange(n))
    first, second = X[: d // 2], X[d // 2 :]
    c, s = np.cos(angles), np.sin(angles)
    return np.concatenate([c * first - s * second, s * first + c * second])
