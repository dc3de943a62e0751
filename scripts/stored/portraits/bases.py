"""Portraits in the singular basis of a weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters_np.linalg import Array, thin_svd
from scripts.stored.portraits.kinds import Make, Shown, between, kind
from scripts.stored.portraits.planes import cat


@kind
def axes(make: Make) -> Shown:
    """Show a weight as its axes and the strengths between them, which alone change."""
    n = 7
    W = np.random.default_rng(2).normal(size=(n, n))
    fresh = make(W, band=1)
    sigma = thin_svd(W)[1]
    rng = np.random.default_rng(6)
    own = fresh.rows == fresh.columns
    m = np.where(
        own, 0.5 * sigma[fresh.rows] * rng.choice([-1, 1], len(own)), rng.normal(size=len(own))
    )
    moments = []
    for a in between(fresh, replace(fresh, m=m), 2):
        core = fresh.U.T @ (W + a.delta(W)) @ fresh.Vt.T
        moments.append({"core": core / sigma[0]})
    trained = np.zeros((n, n))
    trained[fresh.rows, fresh.columns] = 1
    alt = (
        "Two grey grids, the left and the right axes of a weight, which stay. Between them the "
        "grid of strengths: its diagonal and the places beside it are coloured and change."
    )
    still = {"U": fresh.U, "Vt": fresh.Vt, "trained": trained}
    return Shown(alt, moments, still)


@kind
def split(make: Make) -> Shown:
    """Show a weight as a picture, cut into its strongest part, which is trained, and the rest."""
    W, rank = photo(), 5
    fresh = make(W, rank=rank)
    sigma = thin_svd(W)[1]
    end = replace(fresh, B=fresh.B * [1.0, 1.35, 0.6, 1.5, 0.7])
    moments = []
    for a in between(fresh, end, 2):
        strong = fresh.s * a.B @ a.A
        values = thin_svd(strong)[1][:rank] / sigma[0]
        moments.append({"strong": strong, "values": values})
    share = 1 - float(np.square(fresh.residual(W)).sum() / np.square(W).sum())
    alt = (
        f"A picture of a cat in two sheets. The coloured one in front has the {rank} strongest "
        f"of its singular values, {100 * share:.0f} % of its size, and is trained. The grey one "
        "behind has the fine lines that are left, and stays. Below, the singular values as "
        "bars."
    )
    still = {"rest": fresh.residual(W), "sigma": sigma[:18] / sigma[0]}
    return Shown(alt, moments, still)


@kind
def products(make: Make) -> Shown:
    """Show the two products of a head, each as two frozen bases and the matrix between them."""
    d, d_in = 3, 8
    W = np.random.default_rng(8).normal(size=(4 * d, d_in))
    fresh = make(W, heads=1)
    rng = np.random.default_rng(3)
    limit = max(fresh.S_QK.max(), fresh.S_VO.max())
    end = replace(
        fresh,
        S_QK=fresh.S_QK + 0.5 * limit * rng.normal(size=fresh.S_QK.shape),
        S_VO=fresh.S_VO + 0.5 * limit * rng.normal(size=fresh.S_VO.shape),
    )
    moments = [{"cores": np.stack([a.S_QK[0], a.S_VO[0]]) / limit} for a in between(fresh, end, 2)]
    left = np.stack([fresh.U_QK[0], fresh.U_VO[0]])
    right = np.stack([fresh.V_QK[0].T, fresh.V_VO[0].T])
    alt = (
        "Two rows, queries with keys and values with outputs. Each has a tall grey basis, a "
        "wide grey basis, and between them a small coloured square: all that is trained."
    )
    return Shown(alt, moments, {"left": left, "right": right})


def photo(side: int = 22) -> Array:
    """Return a cat as a grey picture, (side, side), entries between 0 and 1."""
    points, ends = cat()
    head = points[: ends[0]]
    y, x = np.meshgrid(np.linspace(1.0, -1.0, side), np.linspace(-1.02, 1.02, side), indexing="ij")
    W = np.where(inside(head, x, y), 0.62 + 0.18 * x + 0.1 * y, 0.1)
    for cx, cy, r, value in (
        (0.3, 0.06, 0.17, 0.0),
        (-0.32, 0.04, 0.15, 0.05),
        (0, -0.27, 0.12, 1.0),
    ):
        W = np.where(np.hypot(x - cx, (y - cy) * (1 if cy > 0 else 1.2)) < r, value, W)
    whisker = (np.abs(y + 0.38 - 0.14 * np.abs(x)) < 0.05) & (np.abs(x) > 0.36)
    return np.where(whisker, 1.0, W)


def inside(shape: Array, x: Array, y: Array) -> Array:
    """Return which points lie inside a closed line, (n, 2): to the right it is crossed oddly."""
    odd = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(shape, np.roll(shape, 1, axis=0), strict=True):
        crosses = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            odd ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return odd
