"""Fits of families that have no closed form, by descent along exact gradients.

For the study of real changes: at 256 × 256 a difference per parameter would take hours. Each starts
where its method does, or nearer, and ends when a step gains less than a hundred-thousandth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from adapters_np.linalg import Array
from demos.families import Reached
from demos.reach import Change

STEPS = 300


def descend(cost: Callable[[Array], tuple[float, Array]], start: Array) -> float:
    """Return the least of a cost that comes with its gradient."""
    options = {"maxiter": STEPS, "maxcor": 20, "ftol": 1e-5 * 1e-3, "maxfun": 2 * STEPS}
    end = minimize(cost, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    return float(end.fun)


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

    def cost(x: Array) -> tuple[float, Array]:
        B, A = x[: c.m * r].reshape(c.m, r), x[c.m * r :].reshape(r, c.n)
        V = c.W + B @ A
        length = (V * V).sum(axis=1, keepdims=True)
        gain = (V * T).sum(axis=1, keepdims=True) / length
        rest = T - gain * V
        slope = -2 * gain * rest  # the gain is at its best, so that it adds nothing
        gradient = np.concatenate([(slope @ A.T).ravel(), (B.T @ slope).ravel()])
        return float((rest * rest).sum()) / c.energy, gradient / c.energy

    start = np.concatenate([(U[:, :r] * root).ravel(), (root[:, None] * Vt[:r]).ravel()])
    return Reached(1 - descend(cost, start), c.m + r * (c.m + c.n))


def reflected(c: Change, most: int) -> Reached | None:
    """Return the share of HRA: r reflections of the inputs, in pairs that start as the identity."""
    r = min(most // c.n, 64)
    r -= r % 2
    if r < 2:
        return None
    T = c.W + c.D
    rng = np.random.default_rng(0)
    start = np.repeat(rng.normal(size=(r // 2, c.n)), 2, axis=0)
    start += 1e-2 * rng.normal(size=start.shape)

    def cost(x: Array) -> tuple[float, Array]:
        V = x.reshape(r, c.n)
        norms = np.linalg.norm(V, axis=1, keepdims=True)
        units, M, seen = V / norms, c.W, []
        for u in units:
            seen.append(M)
            M = M - 2 * np.outer(M @ u, u)
        rest = M - T
        back, slopes = 2 * rest, np.empty_like(units)
        for i in reversed(range(r)):
            u, before = units[i], seen[i]
            slopes[i] = -2 * (before.T @ (back @ u) + back.T @ (before @ u))
            back = back - 2 * np.outer(back @ u, u)
        slopes -= (slopes * units).sum(axis=1, keepdims=True) * units
        return float((rest * rest).sum()) / c.energy, (slopes / norms).ravel() / c.energy

    return Reached(1 - descend(cost, start), r * c.n)


def hadamard(c: Change, most: int) -> Reached | None:
    """Return the share of LoHa: the product, entry by entry, of two changes of rank r.

    It starts at the best change of rank r times ones.
    """
    r = min(most // (2 * (c.m + c.n)), min(c.m, c.n))
    if r < 1:
        return None
    shapes = [(c.m, r), (r, c.n), (c.m, r), (r, c.n)]
    cuts = np.cumsum([a * b for a, b in shapes])[:-1]
    U, sigma, Vt = np.linalg.svd(c.D, full_matrices=False)
    root, rng = np.sqrt(sigma[:r]), np.random.default_rng(0)
    first = [U[:, :r] * root, root[:, None] * Vt[:r], np.ones((c.m, r)) / r, np.ones((r, c.n))]
    first[2:] = [M + 0.1 * rng.normal(size=M.shape) for M in first[2:]]

    def cost(x: Array) -> tuple[float, Array]:
        B1, A1, B2, A2 = (
            part.reshape(shape) for part, shape in zip(np.split(x, cuts), shapes, strict=True)
        )
        M1, M2 = B1 @ A1, B2 @ A2
        rest = M1 * M2 - c.D
        S1, S2 = 2 * rest * M2, 2 * rest * M1
        slopes = [S1 @ A1.T, B1.T @ S1, S2 @ A2.T, B2.T @ S2]
        return float((rest * rest).sum()) / c.energy, np.concatenate(
            [s.ravel() for s in slopes]
        ) / c.energy

    return Reached(
        1 - descend(cost, np.concatenate([M.ravel() for M in first])), 2 * r * (c.m + c.n)
    )


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
