"""Portraits of the entries of a weight: what of it changes, and how that is put together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from adapters_np.core import perturbed
from adapters_np.linalg import Array, thin_svd
from scripts.stored.portraits.kinds import Make, Shown, between, grey, grown, in_turn, kind

SIDE = 12


def sets(size: int, count: int, seed: int) -> Array:
    """Return unit vectors with entries ± in sets that do not meet, (count, size)."""
    rng = np.random.default_rng(seed)
    owner = rng.permutation(np.arange(size) % count)
    signs = rng.choice([-1.0, 1.0, 1.0], size)
    vectors = np.where(owner == np.arange(count)[:, None], signs, 0.0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def spread(change: Array) -> Array:
    """Return a change with its largest entry at ±1."""
    return change / np.abs(change).max()


@kind
def change(make: Make) -> Shown:
    W = grey(SIDE, 15)
    fresh = make(W)
    moved = perturbed(fresh, np.random.default_rng(4), 1.0)
    limit = np.abs(moved.delta(W)).max()
    moments = [{"change": a.delta(W) / limit} for a in between(fresh, moved, 2)]
    int((moved.delta(W) != 0).sum())
    return Shown(moments, {"before": W})


@kind
def plaid(make: Make) -> Shown:
    """Show the rows and columns whose products are the change, one after the other."""
    W, rank = grey(SIDE, SIDE), 3
    rows, columns = sets(SIDE, rank, 3), sets(SIDE, rank, 8)
    wanted = np.einsum("k,ki,kj->ij", [1.0, 0.85, 0.7], rows, columns)
    end = make(W, rank=rank).nearest(W, wanted)
    limit, tall, wide = (np.abs(M).max() for M in (end.delta(W), end.B, end.A))
    moments = []
    for t in np.linspace(0, 1, rank + 1):
        a = replace(end, B=end.B * in_turn(float(t), rank))
        moments.append({"change": a.delta(W) / limit, "B": a.B / tall})
    return Shown(moments, {"before": W, "A": end.A / wide})


@kind
def triplets(make: Make) -> Shown:
    """Show pairs of vectors with their weights, of which the smallest are dropped."""
    W, rank, kept = grey(SIDE, SIDE), 6, 3
    rng = np.random.default_rng(5)
    U, _, Vt = thin_svd(rng.normal(size=(SIDE, SIDE)))
    wanted = U[:, :rank] * [1.0, 0.82, 0.66, 0.34, 0.24, 0.14] @ Vt[:rank]
    end = make(W, rank=rank, target_rank=rank).nearest(W, wanted)
    limit = float(end.Lambda[0])
    moments = []
    for t, budget in ((0.0, rank), (1.0, rank), (1.0, rank - 1), (1.0, rank - 2), (1.0, kept)):
        a = replace(end, Lambda=t * end.Lambda, target_rank=budget)
        stays = np.diag(a.P.T @ a.delta(W) @ a.Q.T) / a.s
        moments.append({"weights": a.Lambda / limit, "kept": stays / limit})
    still = {"P": spread(end.P.T), "Q": spread(end.Q)}
    return Shown(moments, still)


@kind
def hadamard(make: Make) -> Shown:
    """Show two low-rank maps and their entrywise product, whose rank is that of both multiplied."""
    n, rank = 8, 2
    W, i = grey(n, n), np.arange(n)
    halves = np.stack([i < n // 2, i >= n // 2]).astype(float)
    end = replace(
        make(W, rank=rank),
        B1=halves.T,
        A1=np.where([i % 4 < 2, i % 2 < 1], 1.0, -0.45),
        B2=np.where([i % 2 < 1, i % 4 < 2], 1.0, 0.3).T,
        A2=halves * [[1.0], [-0.8]],
    )
    limit = np.abs(end.delta(W)).max()
    moments = [{"second": a.B2 @ a.A2, "change": a.delta(W) / limit} for a in grown(end, "B2")]
    return Shown(moments, {"first": end.B1 @ end.A1})


@kind
def stamps(make: Make) -> Shown:
    """Show one small block and the gains with which it is repeated over the weight."""
    W, f = grey(SIDE, SIDE), 3
    C = np.array([[0.95, -0.4, 0.2], [0.25, 0.75, -0.9], [-0.6, 0.15, 0.85]])
    stamp = np.array([[0.15, 1, 0.15, 0], [1, 0.5, 1, 0], [0.15, 1, 0.15, 0], [0, 0, 0, -0.7]])
    end = replace(make(W, factor=f, full=True), C=C, B=stamp)
    limit = np.abs(end.delta(W)).max()
    moments = []
    for t in np.linspace(0, 1, f * f + 1):
        gains = C * in_turn(float(t), f * f).reshape(f, f)
        moments.append({"change": replace(end, C=gains).delta(W) / limit, "gains": gains})
    return Shown(moments, {"before": W, "stamp": end.right()})


@kind
def shard(make: Make) -> Shown:
    """Show a narrow block that is repeated along the inputs."""
    rank, times = 3, 4
    W = grey(10, rank * times)
    D = np.random.default_rng(12).uniform(-1, 1, (10, rank))
    end = replace(make(W, rank=rank), D=D)
    moments = [{"change": a.delta(W), "shard": a.D} for a in grown(end, "D")]
    return Shown(moments, {"before": W})


@kind
def tiles(make: Make) -> Shown:
    """Show tiles in which each row is the one above, moved by one and wrapped around."""
    b = 6
    W = grey(2 * b, 2 * b)
    w = np.zeros((2, 2, b))
    w[0, 0, [0, 1, 3]], w[0, 1, [1, 4]] = (0.95, 0.35, -0.6), (0.8, -0.5)
    w[1, 0, [0, 2]], w[1, 1, [0, 3, 4]] = (-0.75, 0.6), (0.4, 0.95, -0.4)
    end = replace(make(W, block_size=b), w=w)
    moments = [{"change": a.delta(W)} for a in grown(end, "w")]
    return Shown(moments, {"before": W})


@kind
def guided(make: Make) -> Shown:
    """Show tiles of a weight, one block for a band of them, and the change of each tile."""
    r, bands, across = 4, 2, 3
    rng = np.random.default_rng(3)
    W = np.where(rng.uniform(size=(bands * r, across * r)) < 0.35, 1.0, 0.0)
    B = 0.9 * np.where(
        rng.uniform(size=(bands, r, r)) < 0.42, rng.choice([-1, 1], (bands, r, r)), 0
    )
    end = replace(make(W, block_size=r, form="column"), B=B)
    limit = np.abs(end.delta(W)).max()
    moments = [{"change": a.delta(W) / limit, "blocks": a.B} for a in grown(end, "B")]
    return Shown(moments, {"before": W})


@kind
def bank(make: Make) -> Shown:
    """Show a bank of short vectors and the two factors that are built from its copies."""
    b, rank, count = 4, 2, 5
    W = grey(3 * b, 3 * b)
    fresh = make(W, num_vectors=count, topk=1, rank=rank, vector_length=b)
    vectors = np.array(
        [
            [1, 1, 0.2, 0.2],
            [-0.9, 0.3, -0.9, 0.3],
            [0.2, 1, 1, 0.2],
            [-1, -1, -0.4, 0.6],
            [0.9, -0.2, -0.2, 0.9],
        ]
    )
    end = replace(fresh, bank=vectors)
    limit = np.abs(end.delta(W)).max()
    moments = []
    for a in grown(end, "bank", 9):
        B, A = a.factors()
        moments.append({"bank": a.bank, "A": A, "B": B, "change": a.delta(W) / limit})
    rows, columns = (end.code(logits)[0][..., 0] for logits in (end.logits_in, end.logits_out))
    return Shown(moments, {"before": W, "rows": rows, "columns": columns})


@kind
def rows(make: Make) -> Shown:
    """Show a table of embeddings in which a few tokens have new rows."""
    W, count = grey(11, 13), 3
    fresh = make(W, tokens=count)
    chosen = np.array([2, 5, 9])
    fresh = replace(fresh, ids=chosen, D=W[chosen])
    new = np.random.default_rng(9).uniform(-1, 1, fresh.D.shape)
    moments = [{"table": a.table(W)} for a in between(fresh, replace(fresh, D=new), 2)]
    return Shown(moments, {"before": W, "ids": chosen})


@kind
def faders(make: Make) -> Shown:
    W = grey(8, 9, 6)
    fresh = make(W)
    end = replace(fresh, l=np.array([1.75, 0.3, 1.25, 0.1, 1.9, 0.6, 1.5, 0.4]))
    moments = [{"gains": a.l, "weight": W + a.delta(W)} for a in between(fresh, end, 2)]
    return Shown(moments)


@kind
def waves(make: Make) -> Shown:
    W = np.zeros((20, 20))
    fresh = make(W, n_frequency=3, alpha=1.0)
    end = replace(
        fresh,
        rows=np.array([1, 3, 2]),
        columns=np.array([2, 19, 3]),
        c=np.array([0.95, -0.7, 0.8]) * W.size,
    )
    return summed(end, W, "c", "waves across a matrix")


@kind
def bases(make: Make) -> Shown:
    """Show random bases with their gains, and their sum, which has full rank."""
    W = np.zeros((9, 9))
    fresh = make(W, rank=3)
    gains = np.array([0.95, -0.55, 0.75])[:, None] * np.ones(3)
    # Bases share A: only with gains of their own on its columns do they add up to full rank.
    own = np.random.default_rng(34).uniform(-1, 1, fresh.Gamma.shape)
    end = replace(fresh, Lambda=gains, Gamma=own)
    return summed(end, W, "Lambda", "random patterns")


def summed(end: Any, W: Array, name: str, what: str) -> Shown:
    """Show parts beside a knob each, and their sum, which grows by one part after the other."""
    whole = getattr(end, name)
    count, flat = len(whole), whole.reshape(len(whole), -1)
    alone = [
        replace(end, **{name: (flat * (np.arange(count) == k)[:, None]).reshape(whole.shape)})
        for k in range(count)
    ]
    changes = np.stack([a.delta(W) for a in alone])
    signs = np.sign(flat[:, 0])
    limit = np.abs(end.delta(W)).max()
    moments = []
    for t in np.linspace(0, 1, count + 1):
        used = (flat * in_turn(float(t), count)[:, None]).reshape(whole.shape)
        total = replace(end, **{name: used}).delta(W)
        moments.append(
            {
                "change": total / limit,
                "knobs": (used / np.abs(whole).max()).reshape(count, -1)[:, 0],
            }
        )
    np.linalg.matrix_rank(end.delta(W))
    parts = np.stack([spread(s * D) for s, D in zip(signs, changes, strict=True)])
    return Shown(moments, {"parts": parts})


@kind
def switches(make: Make) -> Shown:
    W, rng = grey(9, 12), np.random.default_rng(6)
    fresh = make(W)
    off = rng.permutation(W.size).reshape(W.shape) < W.size // 4
    end = replace(fresh, scores=np.where(off, rng.uniform(-1.0, 0.4, W.shape), 1.0))
    moments = [{"kept": a.mask()} for a in between(fresh, end, 9)]
    return Shown(moments, {"before": W})


@kind
def dice(make: Make) -> Shown:
    W, count = grey(9, 12), 8
    fresh = make(W, directions=count)
    theta = np.array([0.9, -0.7, 0.5, -1.0, 0.8, 0.6, -0.4, 0.75])
    moments = [
        {"theta": a.theta, "change": 3 * a.delta(W)}
        for a in between(fresh, replace(fresh, theta=theta), 2)
    ]
    return Shown(moments, {"before": W})


@kind
def additions(make: Make) -> Shown:
    """Show what is left of two tasks' changes, and both laid over one weight."""
    W = grey(8, 10)
    fresh = make(W, tasks=2, merge="magnitude", density=0.3)
    pruned = fresh.parts / np.abs(fresh.parts).max()
    end = replace(fresh, strengths=np.ones(2), parts=pruned)
    moments = [
        {"strengths": t, "change": replace(end, strengths=t).delta(W)}
        for t in (in_turn(float(s), 2) for s in np.linspace(0, 1, 3))
    ]
    int((pruned != 0).all(axis=0).sum())
    return Shown(moments, {"before": W, "parts": pruned})


@kind
def rounds(make: Make) -> Shown:
    """Show stages that move a weight in turn, each in few directions of its own."""
    W, stages = grey(9, 12), 3
    fresh = make(W, rank=1, stages=stages)
    rng = np.random.default_rng(2)
    whole = replace(fresh, C=rng.normal(size=fresh.C.shape))
    limit = np.abs(whole.delta(W)).max()
    moments = []
    for t in np.linspace(0, 1, 2 * stages + 1):
        done = in_turn(t, stages)
        a = replace(fresh, C=done[:, None, None] * whole.C)
        moments.append({"done": done, "change": a.delta(W) / limit})
    return Shown(moments, {"before": W})


@kind
def storey(make: Make) -> Shown:
    """Show a frozen block and the copy behind it, which reads alike and learns to write."""
    d, units = 5, 3
    rng = np.random.default_rng(4)
    W = rng.uniform(0.2, 1, (units, d)) * rng.choice([-1, 1], (units, d)) / 2
    fresh = make(W, width=units)
    D = fresh.D + 0.1 * rng.normal(size=fresh.D.shape)
    end = replace(fresh, D=D, U=0.5 * rng.normal(size=fresh.U.shape))
    moments = [{"reads": a.D, "writes": a.U.T} for a in between(fresh, end, 5)]
    return Shown(moments, {"frozen": W})
