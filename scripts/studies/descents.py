"""Fits of families that have no closed form, by descent along exact gradients.

For the study of real changes: at 256 × 256 a difference per parameter would take hours. Each starts
where its method does, or nearer, and ends when a step gains less than a hundred-thousandth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import minimize

from adapters_np.linalg import Array
from demos.families import Reached
from demos.reach import Change

STEPS = 300


def descended(c: Change, target: Array, weight: Callable[..., Any], *start: Array) -> Reached:
    cuts = np.cumsum([part.size for part in start])[:-1]

    @jax.jit
    def cost(x: Any) -> Any:
        parts = [p.reshape(s.shape) for p, s in zip(jnp.split(x, cuts), start, strict=True)]
        rest = weight(*parts) - target
        return (rest * rest).sum() / c.energy

    def graded(x: Array) -> tuple[float, Array]:
        value, gradient = jax.value_and_grad(cost)(x)
        return float(value), np.asarray(gradient)

    options = {"maxiter": STEPS, "maxcor": 20, "ftol": 1e-5 * 1e-3, "maxfun": 2 * STEPS}
    with jax.enable_x64(True):
        x = np.concatenate([part.ravel() for part in start])
        end = minimize(graded, x, jac=True, method="L-BFGS-B", options=options)
    return Reached(1 - float(end.fun), x.size)


def normed(c: Change, most: int) -> Reached | None:
    """Return the share of DoRA: row lengths of their own, and a direction that moves by rank r.

    The best length of a row follows from its direction v: ⟨t, v⟩ / ⟨v, v⟩, t being the target row.
    """
    r = min((most - c.m) // (c.m + c.n), min(c.m, c.n))
    if r < 1:
        return None
    T = c.W + c.D
    U, sigma, Vt = np.linalg.svd(c.D, full_matrices=False)
    root = np.sqrt(sigma[:r])

    def weight(B: Any, A: Any) -> Any:
        V = c.W + B @ A
        return (V * T).sum(axis=1, keepdims=True) / (V * V).sum(axis=1, keepdims=True) * V

    share, size = descended(c, T, weight, U[:, :r] * root, root[:, None] * Vt[:r])
    return Reached(share, c.m + size)


def reflected(c: Change, most: int) -> Reached | None:
    """Return the share of HRA: r reflections of the inputs, in pairs that start as the identity."""
    r = min(most // c.n, 64)
    r -= r % 2
    if r < 2:
        return None
    rng = np.random.default_rng(0)
    start = np.repeat(rng.normal(size=(r // 2, c.n)), 2, axis=0)
    start += 1e-2 * rng.normal(size=start.shape)

    def weight(V: Any) -> Any:
        M = c.W
        for u in V / jnp.linalg.norm(V, axis=1, keepdims=True):
            M = M - 2 * jnp.outer(M @ u, u)
        return M

    return descended(c, c.W + c.D, weight, start)


def hadamard(c: Change, most: int) -> Reached | None:
    """Return the share of LoHa: the product, entry by entry, of two changes of rank r.

    It starts at the best change of rank r times ones.
    """
    r = min(most // (2 * (c.m + c.n)), min(c.m, c.n))
    if r < 1:
        return None
    U, sigma, Vt = np.linalg.svd(c.D, full_matrices=False)
    root, rng = np.sqrt(sigma[:r]), np.random.default_rng(0)
    ones = [M + 0.1 * rng.normal(size=M.shape) for M in (np.ones((c.m, r)) / r, np.ones((r, c.n)))]

    def change(B1: Any, A1: Any, B2: Any, A2: Any) -> Any:
        return (B1 @ A1) * (B2 @ A2)

    return descended(c, c.D, change, U[:, :r] * root, root[:, None] * Vt[:r], *ones)


def scaled_bases(c: Change, most: int) -> Reached | None:
    """Return the share of VeRA: random bases, scaled on both sides, each scale exact in turn."""
    r = most - c.m
    if r < 1 or r > 1000:
        return None
    rng = np.random.default_rng(0)
    A, B = rng.uniform(-1, 1, (r, c.n)), rng.uniform(-1, 1, (c.m, r))
    inner, rows, error = A @ A.T, np.ones(c.m), np.inf
    for _ in range(50):
        scaled = B * rows[:, None]
        normal = (scaled.T @ scaled) * inner
        normal[np.diag_indices(r)] += 1e-9 * normal.trace() / r
        columns = np.linalg.solve(normal, (scaled.T @ c.D * A).sum(axis=1))
        P = (B * columns) @ A
        rows = (P * c.D).sum(axis=1) / (P * P).sum(axis=1)
        last, error = error, float(((rows[:, None] * P - c.D) ** 2).sum()) / c.energy
        if last - error < 1e-5:
            break
    return Reached(1 - error, c.m + r)


DESCENTS = {
    "normed": normed,
    "reflected": reflected,
    "hadamard": hadamard,
    "scaled_bases": scaled_bases,
}
