"""Portraits of what goes through a layer: inputs that are paired, and tokens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters_np.layers import attention_weights, split_heads
from adapters_np.linalg import butterfly as order
from adapters_np.linalg import cayley, skew, tournament
from scripts.stored.portraits.kinds import Make, Shown, between, kind

INPUTS = 8


@kind
def butterfly(make: Make) -> Shown:
    W = np.eye(INPUTS)
    fresh = make(W, factors=3, block_size=2)
    rng = np.random.default_rng(5)
    Q = np.tan(rng.uniform(0.35, 1.3, fresh.Q.shape) / 2) * rng.choice([-1, 1], fresh.Q.shape)
    moments = []
    for a in between(fresh, replace(fresh, Q=Q)):
        R = cayley(skew(a.Q, 2))
        moments.append({"angles": np.arctan2(R[..., 1, 0], R[..., 0, 0])})
    pairs = [order(INPUTS, 2, level).reshape(-1, 2) for level in range(3)]
    int((replace(fresh, Q=Q).rotation() != 0).sum())
    return Shown(moments, {"pairs": np.stack(pairs)})


@kind
def knockout(make: Make) -> Shown:
    """Show pairs of inputs that turn in the rounds of a knock-out, with an angle each."""
    W = np.eye(INPUTS)
    fresh = make(W, form="parallel")
    theta = np.array([0.9, -1.2, 0.6, 1.5, -0.8, 1.1, -1.4])
    moments = [{"angles": a.theta} for a in between(fresh, replace(fresh, theta=theta), 2)]
    lines = np.arange(INPUTS)
    pairs = [
        [int(p), int(q)] for first, second, _ in tournament(INPUTS)
        for p, q in zip(lines[first], lines[second], strict=True)
    ]  # fmt: skip
    return Shown(moments, {"pairs": pairs})


@kind
def arcs(make: Make) -> Shown:
    """Show the attention of the last token, before and after learned tokens stand in front."""
    d, tokens, virtual = 4, 5, 2
    rng = np.random.default_rng(3)
    W, X = 0.7 * rng.normal(size=(4 * d, d)), rng.normal(size=(d, tokens))
    W_Q, W_K, _, _ = split_heads(W)[:, 0]
    fresh = make(W, tokens=virtual)
    towards = W_K.T @ W_Q @ X[:, -1:]
    aim = towards / np.linalg.norm(towards) * [[2.6, 3.2]]
    moments = []
    for a in between(replace(fresh, P=-1.5 * aim), replace(fresh, P=aim), 9):
        weights = attention_weights(W_Q @ X[:, -1:], W_K @ a.prepend(X))[0]
        moments.append({"attention": weights})
    float(replace(fresh, P=aim).virtual_share(W, X)[-1])
    return Shown(moments, {"virtual": virtual})


@kind
def gates(make: Make) -> Shown:
    """Show how much of each frozen adapter each token takes."""
    d, tokens, experts = 6, 5, 3
    rng = np.random.default_rng(11)
    W, X = rng.normal(size=(d, d)) / np.sqrt(d), rng.normal(size=(d, tokens))
    fresh = make(W, experts=experts, rank=1)
    G = 1.6 * rng.normal(size=fresh.G.shape)
    start = replace(fresh, G=0 * G, c=0 * fresh.c)
    moments = [{"mixture": a.mixture(W, X)} for a in between(start, replace(start, G=G), 9)]
    return Shown(moments)


@kind
def stream(make: Make) -> Shown:
    """Show the states of tokens in the direction that is edited: a few move, the others pass."""
    d, tokens, first, last = 4, 8, 2, 1
    rng = np.random.default_rng(2)
    W, X = np.eye(d), 0.5 * rng.normal(size=(d, tokens))
    fresh = make(W, rank=1, first=first, last=last)
    R = fresh.rotation()[:, 0]
    start = replace(fresh, A=R[None], b=np.zeros(1))
    end = replace(start, A=0.4 * R[None], b=np.array([1.0]))
    moments = [{"moved": R @ (a.forward(W, X) - W @ X)} for a in between(start, end, 2)]
    edited = [i < first or i >= tokens - last for i in range(tokens)]
    return Shown(moments, {"edited": edited})


@kind
def stock(make: Make) -> Shown:
    """Show layers above, one stock below, and how much of each part a layer takes."""
    d, layers, experts = 6, 4, 3
    rng = np.random.default_rng(12)
    W, X = np.eye(d), rng.normal(size=(d, 5))
    fresh = make(W, rank=2, experts=experts)
    routers = [3.5 * rng.normal(size=fresh.G.shape) for _ in range(layers)]
    moments = [
        {"shares": np.array([replace(fresh, G=t * G).shares(X) for G in routers])}
        for t in np.linspace(0, 1, 9)
    ]
    return Shown(moments)


@kind
def beside(make: Make) -> Shown:
    """Show a state beside a row of blocks: what each block gets of it, and how far it goes on."""
    d, blocks = 8, 3
    rng = np.random.default_rng(6)
    W, X = rng.normal(size=(d, d)) / np.sqrt(2 * d), rng.normal(size=(d, 5))
    fresh = make(W, rank=2, width=2, blocks=blocks)
    U = rng.normal(size=fresh.U.shape)
    start = replace(fresh, outer=fresh.outer + np.array([[0], [-2.0]]))
    end = replace(start, U=U, outer=fresh.outer + np.array([[0], [1.0]]))
    moments = []
    for a in between(start, end, 9):
        passes = list(a.passes(W, X))
        corrections = [np.linalg.norm(p.correction) / np.linalg.norm(X) for p in passes]
        gates = [p.gate.mean() for p in passes]
        moments.append({"corrections": np.array(corrections), "gates": np.array(gates)})
    return Shown(moments)


@kind
def hourglass(make: Make) -> Shown:
    """Show a state that passes straight through, and what a few hidden units add to it."""
    d, units = 7, 3
    rng = np.random.default_rng(8)
    W, x = np.eye(d), rng.normal(size=(d, 1))
    fresh = make(W, width=units, activation="relu")
    D = rng.normal(size=fresh.D.shape)
    U = 0.6 * rng.normal(size=fresh.U.shape)
    start = replace(fresh, D=D, a=np.array([0.3, -0.2, 0.1]))
    moments = []
    for a in between(start, replace(start, U=U), 2):
        added = a.forward(W, x) - W @ x
        moments.append({"hidden": a.hidden(x)[:, 0] / 4, "added": added[:, 0]})
    return Shown(moments, {"state": x[:, 0]})
