"""Portraits of changes that a few small matrices make up by a rule that is not trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scripts.stored.portraits.kinds import Make, Shown, grey, grown, in_turn, kind

SIDE = 12


@kind
def square(make: Make) -> Shown:
    W = grey(SIDE, SIDE)
    fresh = make(W, rank=1)
    s = len(fresh.M)
    M = np.random.default_rng(7).uniform(-1, 1, (s, s))
    end = replace(fresh, M=M / np.abs(M).max())
    moments = [{"change": a.delta(W), "square": a.M} for a in grown(end, "M")]
    return Shown(moments, {"before": W})


@kind
def folded(make: Make) -> Shown:
    """Show each row of a change, folded to a grid, as a short column times a short row."""
    rows, k = 4, 4
    W = grey(rows, k * k)
    fresh = make(W, k=k, scale=1.0)
    rng = np.random.default_rng(3)
    A, B = (rng.choice([-0.9, -0.4, 0.5, 1.0], M.shape) for M in (fresh.A, fresh.B))
    end = replace(fresh, A=A, B=B)
    limit = np.abs(end.delta(W)).max()
    moments = []
    for t in np.linspace(0, 1, rows + 1):
        a = replace(end, A=in_turn(float(t), rows)[:, None] * A)
        moments.append({"A": a.A, "change": a.delta(W) / limit})
    return Shown(moments, {"before": W, "B": B})


@kind
def outliers(make: Make) -> Shown:
    """Show a change of one direction, and then the entries that stand out of it."""
    W = grey(SIDE, SIDE)
    fresh = make(W, rank=1, density=0.06)
    i, count = np.arange(SIDE), len(fresh.theta)
    low = replace(
        fresh,
        A=np.where(i % 5 < 2, 0.45, 0.1)[None],
        B=np.where(i % 4 < 2, 0.9, -0.55)[:, None] / fresh.s,
    )
    end = replace(low, theta=np.random.default_rng(8).choice([-1.6, 1.6], count))
    limit = np.abs(end.delta(W)).max()
    moments = []
    for first, second in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)):
        a = replace(end, B=first * end.B, theta=second * end.theta)
        moments.append({"change": a.delta(W) / limit, "B": first * end.B[:, 0] * end.s})
    places = np.zeros(W.shape)
    places[fresh.rows, fresh.columns] = 1
    return Shown(moments, {"before": W, "A": end.A[0], "places": places})
