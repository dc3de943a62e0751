"""Portraits in the singular basis of a weight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from adapters_np.linalg import Array, thin_svd
from scripts.stored.portraits.kinds import MOMENTS, Make, Shown, between, kind, polar
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
    still = {"U": fresh.U, "Vt": fresh.Vt, "trained": trained}
    return Shown(moments, still)


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
    1 - float(np.square(fresh.residual(W)).sum() / np.square(W).sum())
    still = {"rest": fresh.residual(W), "sigma": sigma[:18] / sigma[0]}
    return Shown(moments, still)


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
    return Shown(moments, {"left": left, "right": right})


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


@kind
def exchange(make: Make) -> Shown:
    """Show the strengths of shared directions as bars, and arcs where two of them exchange."""
    n = 9
    W = np.random.default_rng(9).normal(size=(n, n))
    fresh = make(W, density=0.06, layers=2)
    rng = np.random.default_rng(2)
    end = replace(
        fresh,
        strengths=fresh.strengths * rng.uniform(0.5, 1.6, n),
        exchanges=rng.choice([-1.0, 0.6, 1.0], len(fresh.exchanges)),
    )
    most = end.strengths.max()
    moments = [
        {"strengths": a.strengths / most, "exchanges": a.exchanges} for a in between(fresh, end, 2)
    ]
    still = {"pairs": np.stack([fresh.columns, fresh.rows], axis=1)}
    return Shown(moments, still)


@kind
def cellar(make: Make) -> Shown:
    """Show a weight in its own basis, and how all change stays in the corner of the weakest."""
    n, r = 10, 4
    W = np.diag(np.linspace(1, 0.1, n))
    fresh = make(W, rank=r)
    rng = np.random.default_rng(3)
    end = replace(fresh, U=fresh.U + 0.9 * rng.normal(size=(n, r)), S=2.4 * fresh.S)
    limit = np.abs(end.delta(W)).max()
    moments = [{"core": a.delta(W) / limit} for a in between(fresh, end, 5)]
    return Shown(moments, {"before": W})


@kind
def bearings(make: Make) -> Shown:
    """Show along which inputs each start of LoRA looks, beside a random one, the loudest first."""
    d, rank = 12, 2
    W = np.random.default_rng(13).normal(size=(d, d)) * np.linspace(0.3, 1.4, d)
    starts = ("frame", "used", "inputs", "gradient")
    looks = []
    for name in starts:
        Q = np.linalg.qr(make(W, rank=rank, start=name).A_0.T)[0]
        looks.append((Q**2).sum(axis=1))
    even = np.full((len(starts), d), rank / d)
    moments = [{"looks": (1 - t) * even + t * np.array(looks)} for t in (0.0, 1.0)]
    loud = (1.0 + np.arange(d)) ** -0.8
    return Shown(moments, {"loud": loud})


SIDES = np.array([1.0, 0.45])
"""The lengths of an ellipse's two axes."""


def sides(make: Make, **knobs: Any) -> tuple[Any, Callable[[Any], dict[str, Array]]]:
    """Return a fresh adapter of a weight with these axes, and what shows where one has taken them.

    The weight's singular vectors are a circle's arrows and an ellipse's axes, with the signs that
    they have at the start.
    """
    V = polar((25, 115)).T
    W = V * SIDES

    def shown(a: Any) -> dict[str, Array]:
        U, sigma, Vt = thin_svd(W + a.delta(W))
        signs = np.sign((U * V).sum(axis=0))
        return {"inputs": (Vt.T * signs).T, "outputs": (U * signs * sigma).T}

    return make(W, **knobs), shown


@kind
def both_sides(make: Make) -> Shown:
    """Show a circle of inputs and the ellipse that a weight makes of it, both turning."""
    fresh, shown = sides(make, block_size=2, shuffled=False)
    moved = replace(fresh, Q_in=np.array([[0.42]]), Q_out=np.array([[-0.36]]))
    moments = [shown(a) for a in between(fresh, moved)]
    return Shown(moments, {"sizes": SIDES})


@kind
def mirrored_sides(make: Make) -> Shown:
    """Show the same circle and ellipse, each turned by two mirrors that open like scissors."""
    fresh, shown = sides(make, rank=2)
    first, opened = (158, 64), (-22, 19)
    moments = []
    for t in np.linspace(0, 1, MOMENTS):
        N = [polar((a, a + t * by)) for a, by in zip(first, opened, strict=True)]
        a = replace(fresh, V=N[0].T, U=N[1].T)
        moments.append(shown(a) | {"normals_in": N[0], "normals_out": N[1]})
    return Shown(moments, {"sizes": SIDES})
