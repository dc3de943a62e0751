"""Portraits of what happens to neurons with two inputs: arrows and points in the plane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adapters_np.fit import fit
from adapters_np.linalg import Array, row_norms, thin_svd
from scripts.stored.portraits.kinds import (
    MOMENTS,
    Make,
    Shown,
    between,
    in_turn,
    kind,
    polar,
)

NEURONS = polar((18, 74, 118, 172, 232, 300), (0.95, 0.72, 1.0, 0.78, 0.98, 0.82))
"""Six neurons, uneven, so that nothing is alike by accident."""


def turned(points: Array, angle: float) -> Array:
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([[c, s], [-s, c]])


def cat(degrees: float = 0, size: float = 1, away: float = 0.9) -> tuple[Array, list[int]]:
    """Return a winking cat, so that a mirror and a turn differ: its points, and its strokes' ends.

    Where its size is not 1, it stands aside of the origin, at an angle.

    >>> points, ends = cat()
    >>> len(points) == ends[-1]
    True
    """
    ears = [(-0.68, 0.24), (-0.8, 0.88), (-0.34, 0.47), (0.34, 0.47), (0.8, 0.88), (0.68, 0.24)]
    jaw = polar(np.linspace(22, -202, 15), 0.8) * (1, 0.82) - (0, 0.1)
    open_eye = np.add(polar(np.linspace(0, 360, 9), 0.13), (0.3, 0.03))
    wink = polar(np.linspace(25, 155, 5), 0.17) * (1, 0.8) + (-0.32, -0.06)
    nose = polar((90, 210, 330, 90), 0.09) - (0, 0.27)
    smiles = [np.add(polar(np.linspace(180, 360, 5), 0.13), (x, -0.36)) for x in (-0.13, 0.13)]
    whiskers = [
        np.array([(x * 0.42, y), (x * 1.08, 1.6 * y + 0.16)])
        for x in (-1, 1)
        for y in (-0.24, -0.36)
    ]
    head = np.vstack([ears, jaw])
    strokes = [head, open_eye, wink, nose, *smiles, *whiskers]
    points = np.vstack(strokes) * size + (size != 1) * polar([degrees], away)
    return points, [int(n) for n in np.cumsum([len(s) for s in strokes])]


@kind
def turn(make: Make) -> Shown:
    """Show neurons that a rotation of their inputs carries along."""
    angle = np.radians(78)
    fresh = make(NEURONS, block_size=2)
    *_, end = fit(fresh, NEURONS, turned(NEURONS, angle) - NEURONS)
    moments = [{"tips": NEURONS + a.delta(NEURONS)} for a in between(fresh, end.adapter)]
    return Shown(moments)


@kind
def terms(make: Make) -> Shown:
    """Show the terms of a series one after the other, and the rotation that they come near."""
    W, count = np.array([[1.0, 0.0]]), 4
    fresh = make(W, block_size=2)
    end = replace(fresh, Q=np.full_like(fresh.Q, -np.tan(np.radians(26))))
    moments = []
    for a in between(fresh, end):
        sums = [W + replace(a, terms=m).delta(W) for m in range(1, count + 1)]
        moments.append({"sums": np.vstack([W, *sums]), "exact": (W @ a.exact_rotation().T)[0]})
    return Shown(moments)


@kind
def mirror(make: Make) -> Shown:
    W, ends = cat(190, 0.48)
    fresh = make(W, blocks=1)
    start, end = (replace(fresh, u=polar([angle])) for angle in (-22, 8))
    moments = [
        {"points": W + a.delta(W), "normals": a.u / row_norms(a.u)[:, None]}
        for a in between(start, end, 9)
    ]
    return Shown(moments, {"before": W, "ends": ends})


@kind
def mirrors(make: Make) -> Shown:
    """Show a picture after one mirror and after two, which together turn it."""
    W, ends = cat(196, 0.42)
    first, half = 233, 108
    last = replace(make(W, rank=2), V=polar((first, first - half)).T)
    once = replace(last, V=last.V[:, :1])
    moments = []
    for angle in np.linspace(first, first - half, MOMENTS):
        a = replace(last, V=polar((first, angle)).T)
        moments.append({"points": W + a.delta(W), "normals": a.normals().T})
    return Shown(moments, {"before": W, "once": W + once.delta(W), "ends": ends})


@kind
def dial(make: Make) -> Shown:
    """Show a neuron that turns first, at one length, and then grows, in one direction."""
    W, alpha = polar([14], 0.62), 52
    fresh = make(W, rank=1)
    across = turned(W, np.pi / 2)
    reach = np.tan(np.radians(alpha)) / fresh.s
    grow = 1.5
    moments = []
    for t in np.linspace(0, 1, 2 * MOMENTS - 1):
        first, then = min(1.0, 2 * t), max(0.0, 2 * t - 1)
        a = replace(
            fresh,
            A=across,
            B=np.array([[reach * first]]),
            m=fresh.m * (1 + (grow - 1) * then),
        )
        moments.append({"tip": (W + a.delta(W))[0]})
    return Shown(moments, {"before": W[0]})


@kind
def bound(make: Make) -> Shown:
    """Show a step whose length is set by one number, however large its factors get."""
    W = np.array([[0.66, 0.66]])
    fresh = make(W, rank=1, strength=1.0)
    start = replace(fresh, A=polar([215], 0.3), B=np.array([[1.0]]))
    start = replace(start, start=replace(start, start=0 * W).delta(W))
    replace(start, A=polar([393], 2.4), lambda_=np.array([1.0]))
    moments = []
    for t in np.linspace(0, 1, 2 * MOMENTS - 1):
        angle, grow = 215 + 178 * min(1.0, 1.6 * t), max(0.0, (t - 0.55) / 0.45)
        a = replace(start, A=polar([angle], 0.3 + 2.1 * grow))
        moments.append({"tip": (W + a.delta(W))[0], "raw": (W - a.start + a.B @ a.A * a.w)[0]})
    radius = float(abs(start.lambda_[0]) * start.w[0])
    still = {"before": W[0], "middle": (W - start.start)[0], "radius": radius}
    return Shown(moments, still)


@kind
def star(make: Make) -> Shown:
    """Show frozen random directions, how much of each is used, and their sum."""
    W = np.zeros((1, 2))
    fresh = make(W, rank=5)
    lines = polar((12, 47, 82, 121, 160))
    gains = np.array([0.9, 0.35, 0.75, 0.25, -0.55])
    own = replace(fresh, A=lines, B=np.ones((1, 5)), lambda_b=np.ones(1))
    moments = []
    for t in np.linspace(0, 1, 6):
        used = replace(own, lambda_d=gains * in_turn(t, 5))
        each = [replace(used, lambda_d=used.lambda_d * (np.arange(5) == k)) for k in range(5)]
        moments.append({"parts": np.vstack([a.delta(W) for a in each]), "sum": used.delta(W)[0]})
    return Shown(moments, {"lines": lines})


@kind
def pairs(make: Make) -> Shown:
    """Show pairs of outputs as the two hands of dials that turn, each by its angle and gain."""
    fresh = make(np.ones((8, 2)), group_size=2)
    theta = np.array([0.9, -1.25, 0.55, 2.0]).reshape(fresh.theta.shape)
    alpha = np.array([1.0, 0.72, 1.22, 0.9]).reshape(fresh.alpha.shape)
    moments = []
    for a in between(fresh, replace(fresh, theta=theta, alpha=alpha)):
        R = a.rotation()
        blocks = [R[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] for k in range(4)]
        moments.append({"hands": np.stack([b.T for b in blocks])})
    return Shown(moments)


@kind
def steer(make: Make) -> Shown:
    """Show neurons at a coefficient and at its opposite, which turn them to both sides."""
    W = polar((62, 90, 121), (0.8, 1.0, 0.86))
    fresh = make(W, rank=2, selection="top", theta_max=90.0)
    Vt = thin_svd(W)[2]
    side = np.sign(np.linalg.det(Vt))
    full = replace(fresh, A=np.array([0.86 * side]), shift=np.array([0.0, 0.08]))
    moments = []
    for s in np.linspace(0, 1, MOMENTS):
        a = replace(full, alpha=float(s))
        moments.append(
            {"plus": W + a.delta(W), "minus": W + a.reversed().delta(W), "alpha": float(s)}
        )
    return Shown(moments, {"before": W})


@kind
def listens(make: Make) -> Shown:
    """Show input axes that turn, and output axes that keep their directions."""
    U, Vt = polar((24, 114)).T, polar((58, 148))
    W = U @ np.diag([1.0, 0.52]) @ Vt
    fresh = make(W, rank=2, constraint="strict")
    end = replace(fresh, K=np.array([-np.tan(np.radians(26))]), d_sigma=np.array([-0.14, 0.12]))
    moments = []
    for a in between(fresh, end):
        sigma = a.sigma + a.d_sigma
        moments.append({"inputs": a.rotation() @ a.Vt, "outputs": (a.U * sigma).T})
    return Shown(moments)


@kind
def stretch(make: Make) -> Shown:
    """Show tokens behind a norm, on a circle at first, stretched along the channels."""
    X = polar(np.arange(0, 360, 12))
    fresh = make(np.eye(2))
    one = np.ones(2)
    start = replace(fresh, gamma=one, gamma_0=one)
    end = replace(start, gamma=np.array([1.42, 0.5]))
    size = np.sqrt(2)
    moments = [
        {"points": a.normalised(X.T).T / size, "gains": a.gamma} for a in between(start, end, 2)
    ]
    return Shown(moments)


@kind
def disc(make: Make) -> Shown:
    """Show neurons that turn in the plane of W's strongest inputs and keep their height over it."""
    flat = polar((15, 72, 128, 190, 248, 310), (0.95, 0.75, 0.95, 0.8, 0.95, 0.8))
    W = np.column_stack([flat, 0.35 * np.array([1, 0.55, -0.5, 0.8, 0.45, -0.6])])
    Vt = thin_svd(W)[2]
    fresh = make(W, rank=2)
    angle = np.radians(55)
    Q = np.array([np.tan(angle / 2) * np.sign(np.linalg.det(Vt))])
    end = replace(fresh, Q=Q, alpha=np.array([1.08, 0.94]))
    moments = [{"tips": (W + a.delta(W)) @ Vt.T} for a in between(fresh, end)]
    return Shown(moments)


@kind
def drift(make: Make) -> Shown:
    X = np.random.default_rng(7).uniform(-1, 1, (2, 11)) * [[0.75], [0.6]] + [[-0.25], [-0.2]]
    fresh, W = make(np.eye(2)), np.eye(2)
    moments = [
        {"points": a.forward(W, X).T}
        for a in between(fresh, replace(fresh, b=np.array([0.55, 0.4])), 2)
    ]
    return Shown(moments)


@kind
def signpost(make: Make) -> Shown:
    """Show pairs of states, an arrow between their means, and others that move along it."""
    rng, W, count = np.random.default_rng(16), np.eye(2), 6
    about = rng.uniform(-1, 1, (2, count)) * [[0.45], [0.2]] + [[0], [0.46]]
    differ = 0.1 * rng.normal(size=(2, 2, count))
    sides = np.array([0.5, 0.13])[None, :, None] * np.array([1, -1])[:, None, None]
    fresh = replace(make(W, pairs=count), states=about + sides + differ)
    X = np.array([[-0.95, -0.7, -0.5, -0.1, 0.0], [-0.5, -0.75, -0.2, -0.85, -0.42]])
    moments = [
        {"points": a.forward(W, X).T}
        for a in between(fresh, replace(fresh, strength=np.ones(1)), 2)
    ]
    still = {"pairs": fresh.states.transpose(2, 0, 1), "means": fresh.states.mean(axis=2)}
    return Shown(moments, still)


@kind
def recall(make: Make) -> Shown:
    """Show outputs in the plane: one moves to a new place, and a long cloud of others hardly."""
    rng, W = np.random.default_rng(11), np.eye(2)
    key, goal = polar([118.0], 0.68).T, polar([5.0], 0.72).T
    others = turned(rng.uniform(-1, 1, (9, 2)) * [0.85, 0.06], np.radians(-18)).T
    fresh = make(W)
    fresh = replace(fresh, keys=key, others=others, reads=fresh.reading(key, others @ others.T))
    moments = [
        {"key": (a.forward(W, key)).T, "points": a.forward(W, others).T}
        for a in between(fresh, fresh.writing(W, goal), 2)
    ]
    deaf = np.array([-fresh.reads[0, 1], fresh.reads[0, 0]]) / np.linalg.norm(fresh.reads)
    return Shown(moments, {"deaf": deaf})
