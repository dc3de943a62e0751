"""Portraits of changes that are made of the weight itself, or in a basis of another kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scripts.stored.portraits.kinds import Make, Shown, grey, grown, in_turn, kind

SIDE = 12


@kind
def proportion(make: Make) -> Shown:
    """Show a weight of a few large entries, a striped pattern, and their product."""
    i = np.arange(SIDE)
    W = np.where((i[:, None] * 5 + i * 3) % 7 < 2, 1.0, 0.12)
    end = replace(
        make(W, rank=2),
        B=np.stack([np.where(i < 6, 1.0, 0.1), np.where(i >= 6, 1.0, 0.1)], axis=1),
        A=np.stack([np.where(i % 6 < 3, 0.9, 0.15), np.where(i % 6 < 3, 0.1, -0.9)]),
    )
    limit, most = np.abs(end.delta(W)).max(), np.abs(end.B @ end.A).max()
    moments = [{"factors": a.B @ a.A / most, "change": a.delta(W) / limit} for a in grown(end, "B")]
    int((W == 1).sum())
    return Shown(moments, {"before": W})


@kind
def quilt(make: Make) -> Shown:
    """Show the blocks of a weight, a column and a row beside each, one after the other."""
    W, k = grey(10, 10), 2
    fresh = make(W, rank=k, blocks=k)
    rng = np.random.default_rng(6)
    A, B = (rng.choice([-0.8, 0.0, 0.6, 1.0], a.shape) for a in (fresh.A, fresh.B))
    end = replace(fresh, A=A, B=B)
    limit = np.abs(end.delta(W)).max()
    moments = []
    for t in np.linspace(0, 1, k * k + 1):
        shown = B * in_turn(float(t), k * k).reshape(k, 1, k)
        moments.append({"change": replace(end, B=shown).delta(W) / limit, "B": shown})
    return Shown(moments, {"before": W, "A": A})


@kind
def patches(make: Make) -> Shown:
    W, half = grey(SIDE, SIDE), SIDE // 2
    places = [(1, 0, 1), (3, 1, -1), (0, 3, 1), (4, 4, 1), (2, 5, -1), (5, 2, 1), (1, 4, 1)]
    which = np.arange(len(places)) % 4  # coarse or fine over outputs, and over inputs
    at = np.array(places)
    end = replace(
        make(W, n_frequency=len(places)),
        rows=at[:, 0] + half * (which // 2),
        columns=at[:, 1] + half * (which % 2),
        c=at[:, 2].astype(float),
    )
    limit = np.abs(end.delta(W)).max()
    moments = [
        {"change": replace(end, c=end.c * in_turn(float(t), len(places))).delta(W) / limit}
        for t in np.linspace(0, 1, len(places) + 1)
    ]
    signs = np.array([1.0, -1.0])
    stripes = [np.ones(2), signs]
    patterns = [np.outer(stripes[k // 2], stripes[k % 2]) for k in range(4)]
    return Shown(moments, {"before": W, "patterns": np.array(patterns)})


@kind
def scattered(make: Make) -> Shown:
    """Show a short vector, the places of two factors that it fills, and their product."""
    W, length = grey(SIDE, SIDE), 6
    fresh = make(W, rank=2, length=length)
    end = replace(fresh, theta=np.array([1.0, -0.9, 0.75, 0.15, -0.5, 0.35]))
    tall, limit = end.share.max(), np.abs(end.delta(W)).max()
    moments = []
    for t in np.linspace(0, 1, 5):
        a = replace(end, theta=t * end.theta)
        B, A = a.factors()
        change = a.delta(W) / limit
        moments.append({"theta": a.theta, "A": A / tall, "B": B / tall, "change": change})
    return Shown(moments, {"before": W, "rows": end.at_a, "columns": end.at_b})


@kind
def corner(make: Make) -> Shown:
    """Show a weight in its singular basis, and how a few parameters change its strongest corner."""
    W = np.diag(np.linspace(1, 0.1, 10))
    fresh = make(W, rank=4, u=3)
    end = replace(fresh, v=np.array([0.9, -0.6, 0.75]))
    limit = np.abs(end.delta(W)).max()
    moments = []
    for t in np.linspace(0, 1, len(end.v) + 1):
        a = replace(end, v=end.v * in_turn(float(t), len(end.v)))
        moments.append({"v": a.v, "core": a.delta(W) / limit})
    return Shown(moments, {"before": W})


@kind
def cleared(make: Make) -> Shown:
    """Show outputs in the plane: one direction of them is cleared, then written anew."""
    rng = np.random.default_rng(9)
    W = np.stack([np.linspace(-1, 1, 9), rng.uniform(-0.8, 0.8, 9)])  # columns are outputs
    angle = np.radians(62)
    fresh = make(W, rank=1)
    P = np.array([[np.cos(angle)], [np.sin(angle)]])
    Q = np.linalg.qr(P)[0]
    old, new = Q.T @ W, Q.T @ P * np.array([[0.1, -0.7, 0.45, -0.5, 0.15, 0.65, -0.6, 0.5, 0.1]])
    moments = []
    for R in (old, 0.5 * old, 0 * old, 0.5 * new, new):
        a = replace(fresh, P=P, R=R / fresh.s)
        moments.append({"points": (W + a.delta(W)).T})
    return Shown(moments, {"before": W.T, "arrow": P[:, 0]})


@kind
def desk(make: Make) -> Shown:
    """Show a weight, the pattern that scales it, the one that is added, and the change."""
    W, i = grey(8, 8), np.arange(8)
    end = replace(
        make(W, rank=1),
        gain_out=np.where(i < 4, 1.0, 0.15)[:, None],
        gain_in=np.where(i % 4 < 2, 0.9, -0.2)[None, :],
        shift_out=np.where((i > 1) & (i < 6), 0.6, 0.0)[:, None],
        shift_in=np.where(i > 5, -0.9, 0.1)[None, :],
    )
    none = replace(end, gain_out=0 * end.gain_out, shift_out=0 * end.shift_out)
    scaled = replace(end, shift_out=0 * end.shift_out)
    limit = np.abs(end.delta(W)).max()
    moments = [
        {
            "gain": a.gain_out @ a.gain_in,
            "shift": a.shift_out @ a.shift_in,
            "change": a.delta(W) / limit,
        }
        for a in (none, scaled, end)
    ]
    return Shown(moments, {"before": W})


@kind
def tweaker(make: Make) -> Shown:
    """Show a weight, what a small network sees in each of its columns, and the change."""
    i = np.arange(SIDE)
    W = np.where((i[:, None] + 2 * i) % 5 < 2, 1.0, -0.4) * np.linspace(0.4, 1, SIDE)
    seen = np.stack([np.where(i < 6, 0.4, -0.3), np.where(i % 3 == 0, 0.5, -0.25)])
    said = np.stack([np.where(i % 4 < 2, 1.0, -0.6), np.where(i > 7, 0.9, 0.0)], axis=1)
    end = replace(make(W, rank=2), A=seen, B=said)
    features = end.features(W)
    limit = np.abs(end.delta(W)).max()
    moments = [{"change": a.delta(W) / limit} for a in grown(end, "B")]
    int((features == 0).sum())
    return Shown(moments, {"before": W, "features": features / features.max()})


@kind
def peaks(make: Make) -> Shown:
    """Show the largest entries of a weight change, and then a plaid below them."""
    rng = np.random.default_rng(8)
    W = np.where(rng.random((SIDE, SIDE)) < 0.12, 1.0, 0.3) * grey(SIDE, SIDE)
    fresh = make(W, rank=1, density=0.08)
    i = np.arange(SIDE)
    end = replace(
        fresh,
        theta=rng.choice([-1.0, 1.0], len(fresh.theta)),
        A=np.where(i % 4 < 2, 0.35, -0.2)[None, :],
        B=np.where(i % 5 < 3, 0.9, -0.5)[:, None] / fresh.s,
    )
    half = replace(end, B=0 * end.B)
    whole = np.abs(end.delta(W)).max()
    places = np.zeros(W.shape)
    places[fresh.rows, fresh.columns] = 1
    moments = [
        {"change": a.delta(W) / whole} for a in (replace(half, theta=0 * end.theta), half, end)
    ]
    return Shown(moments, {"before": W, "places": places})


@kind
def bands(make: Make) -> Shown:
    """Show the outputs of a weight, told apart into groups, and each group's own change."""
    d, rng = 9, np.random.default_rng(4)
    W = np.linalg.qr(rng.normal(size=(d, 3)))[0].T[np.arange(d) * 5 % 3] + 0.1 * grey(d, d)
    fresh = make(W, groups=3, rank=1, directions=8)
    named = {g: k for k, g in enumerate(dict.fromkeys(fresh.group))}
    group = np.array([named[g] for g in fresh.group])
    end = replace(fresh, B=rng.choice([-1.0, 0.7, 1.0], fresh.B.shape))
    limit = np.abs(end.delta(W)).max()
    moments = [
        {"change": replace(end, B=end.B * in_turn(float(t), 3)[group][:, None]).delta(W) / limit}
        for t in np.linspace(0, 1, 4)
    ]
    return Shown(moments, {"before": W / np.abs(W).max(), "group": group})
