"""Families whose share of a change follows from sums over its rows, at any width.

The lab and real changes (`demos.reach`) take all rows at once, a reader's adapter
(`demos.adapter_reach`) a slice at a time. Of four, places are chosen knowing ΔW.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from adapters_np.linalg import Array, nearest_rotations
from demos.blocks import rotating, shard, tiling

Pair = tuple[Array, Array]


# What is summed -----------------------------------------------------------------------------------


class Largest:
    """The values that belong to the largest of many keys, as far as `most` of them."""

    def __init__(self, most: int) -> None:
        """Begin with none."""
        self.most, self.keys, self.values = most, np.zeros(0), np.zeros(0)

    def add(self, keys: Array, values: Array) -> None:
        """Take more, keys from 0 up."""
        if len(self.keys) == self.most:
            above = keys > self.keys.min()
            keys, values = keys[above], values[above]
        self.keys = np.concatenate([self.keys, keys.ravel()])
        self.values = np.concatenate([self.values, values.ravel()])
        if len(self.keys) > self.most:
            at = np.argpartition(-self.keys, self.most - 1)[: self.most]
            self.keys, self.values = self.keys[at], self.values[at]

    def sum(self, count: int) -> float:
        """Return the sum of the values of the largest keys."""
        return float(self.values[np.argsort(-self.keys, kind="stable")[:count]].sum())


class Sums:
    """Sums over the rows of a change and of its weight, from which families are judged.

    `strengths` are the squares of its leading singular values as shares of all, `waves` the squares
    of its cosines, `tiles` the shares of Kronecker products by the side of their first block.
    """

    def __init__(self, shape: tuple[int, int], budgets: list[int], weighed: bool) -> None:
        """Begin with nothing."""
        m, n = shape
        self.shape, self.weighed = shape, weighed
        self.rows, self.columns = np.zeros(m), np.zeros(n)
        self.entries = Largest(budgets[-1])
        self.shards = dict.fromkeys((shard(*shape, most) for most in budgets), 0.0)
        self.left = dict.fromkeys(("row_gains", "turned", "free"), 0.0)
        self.along = np.zeros(n)  # Σ W ΔW of each column
        self.masked = Largest(budgets[-1])  # ΔW² by |W|
        b = rotating(n, budgets[-1])[0]
        self.cross = np.zeros((n // b, b, b)) if b and weighed else None  # WᵀΔW of blocks
        self.strengths: Array | None = None
        self.waves: Largest | None = None
        self.tiles: dict[int, float] = {}

    @property
    def energy(self) -> float:
        """The sum of all squares."""
        return float(self.rows.sum())

    def add(self, D: Array, W: Array | None, first: int) -> None:
        """Take some rows of the change, and of the weight beside it."""
        squares = D * D
        self.rows[first : first + len(D)] = squares.sum(axis=1)
        self.columns += squares.sum(axis=0)
        self.entries.add(squares, squares)
        for width in filter(None, self.shards):
            mean = D.reshape(len(D), -1, width).mean(axis=1)
            self.shards[width] += self.shape[1] // width * float((mean**2).sum())
        if W is None:
            return
        self.along += (W * D).sum(axis=0)
        self.masked.add(np.abs(W), squares)
        self.left["row_gains"] += float((gains(W, D) ** 2).sum())
        if len(D) % 2 == 0:
            self.left["turned"] += float((mixed(W, D, free=False) ** 2).sum())
            self.left["free"] += float((mixed(W, D, free=True) ** 2).sum())
        if self.cross is not None:
            self.cross += gram(W, D, self.cross.shape[1])


class Weights:
    """Parts of the weight that the families ask for, and its answers to two directions."""

    def __init__(self, n: int, most: int, first: Pair | None) -> None:
        """Begin with nothing."""
        b = rotating(n, most)[0]
        self.columns, self.first = np.zeros(n), first
        self.blocks = np.zeros((n // b, b, b)) if b else None
        self.answered, self.sent = 0.0, np.zeros(n)

    def add(self, W: Array, first: int) -> None:
        """Take some rows."""
        self.columns += (W * W).sum(axis=0)
        if self.blocks is not None:
            self.blocks += gram(W, W, self.blocks.shape[1])
        if self.first:
            u, v = self.first
            self.answered += float(((W @ v) ** 2).sum())
            self.sent += u[first : first + len(W)] @ W

    def answers(self, m: int) -> list[float] | None:
        """Return how strongly W answers to both directions, a random one being 1, in the root."""
        total = float(self.columns.sum())
        if not self.first or not total:
            return None
        written = m * float((self.sent**2).sum())
        return [float(np.sqrt(x / total)) for x in (written, len(self.columns) * self.answered)]


def gram(A: Array, B: Array, b: int) -> Array:
    """Return AᵀB of every block of b columns, (n / b, b, b)."""
    A, B = (M.reshape(len(M), -1, b) for M in (A, B))
    return np.einsum("ikb,ikc->kbc", A, B)


def product(P: Array, Q: Array) -> Array:
    """Return P Q. In the browser numpy has no BLAS, and einsum is ten times as fast as `@`."""
    return np.einsum("ik,kj->ij", P, Q)


def gains(W: Array, D: Array) -> Array:
    """Return what is left of a change when each row may be scaled."""
    return D - ((W * D).sum(axis=1) / np.maximum((W**2).sum(axis=1), 1e-300))[:, None] * W


def mixed(W: Array, D: Array, free: bool) -> Array:
    """Return what is left of a change when each row and the next are mixed.

    Freely, with four parameters a pair, or turned and scaled, with two.
    """
    A, B = W.reshape(-1, 2, W.shape[1]), D.reshape(-1, 2, W.shape[1])
    if free:
        gram = A @ A.swapaxes(1, 2)
        return B - (B @ A.swapaxes(1, 2)) @ np.linalg.pinv(gram) @ A
    w, t = (M[:, 0] + 1j * M[:, 1] for M in (A, A + B))
    g = (w.conj() * t).sum(axis=1) / np.maximum((np.abs(w) ** 2).sum(axis=1), 1e-300)
    return np.abs(g[:, None] * w - t)


# The families -------------------------------------------------------------------------------------


class Reached(NamedTuple):
    """The share of a change that a family explains, and with how many parameters."""

    share: float
    size: int


Form = Callable[[Sums, Weights | None, int], Reached | None]


class Family(NamedTuple):
    """A family's title, the methods that have it, its form, and whether it looks at W."""

    title: str
    methods: tuple[str, ...]
    form: Form
    weighed: bool = False


HELD: dict[str, Family] = {}


def family(title: str, *methods: str, weighed: bool = False) -> Callable[[Form], Form]:
    """Register a form by its name; `weighed` says that it looks at W."""

    def register(form: Form) -> Form:
        HELD[form.__name__] = Family(title, methods, form, weighed)
        return form

    return register


def kept(share: float, size: int, most: int) -> Reached | None:
    """Return a share, unless it takes too many parameters."""
    return Reached(float(share), size) if size <= most else None


def part(share: float, energy: float, size: int, most: int) -> Reached | None:
    """Return a part of the energy as a share, unless it takes too many parameters."""
    return kept(share / energy, size, most)


@family("Few directions", "lora", "adalora", "delora", "poly")
def low_rank(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of the best change of a rank (Eckart and Young)."""
    if s.strengths is None:
        return None
    r = min(most // sum(s.shape), len(s.strengths))
    return kept(float(s.strengths[:r].sum()), r * sum(s.shape), most) if r else None


@family("The strongest rows")
def few_rows(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of the rows that change most."""
    m, n = s.shape
    count = min(most // n, m)
    return part(np.sort(s.rows)[::-1][:count].sum(), s.energy, count * n, most) if count else None


@family("The strongest columns")
def few_columns(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of the columns that change most."""
    m, n = s.shape
    count = min(most // m, n)
    found = np.sort(s.columns)[::-1][:count].sum()
    return part(found, s.energy, count * m, most) if count else None


@family("The largest entries of ΔW", "shira", "supertuning")
def few_entries(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of the entries that change most: no mask of this size explains more."""
    return part(s.entries.sum(most), s.energy, most, most)


@family("The largest frequencies", "fourierft")
def few_frequencies(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of the largest cosines."""
    return part(s.waves.sum(most), s.energy, most, most) if s.waves else None


@family("Kronecker", "lokr")
def kronecker(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of the nearest Kronecker product (Van Loan and Pitsianis)."""
    f, size = tiling(*s.shape, most)
    return Reached(s.tiles[f], size) if f in s.tiles else None


@family("Shards", "miss")
def shards(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of one block of columns that repeats."""
    width = shard(*s.shape, most)
    return part(s.shards[width], s.energy, width * s.shape[0], most) if width else None


@family("Row gains", "ia3", weighed=True)
def row_gains(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of one gain per output."""
    return part(s.energy - s.left["row_gains"], s.energy, s.shape[0], most)


@family("Column gains", "ia3", "ln_tuning", weighed=True)
def column_gains(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of one gain per input."""
    assert w
    found = (s.along**2 / np.maximum(w.columns, 1e-300)).sum()
    return part(float(found), s.energy, s.shape[1], most)


@family("Pairs of outputs mixed", "road", weighed=True)
def pairs(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share when neighbouring rows are mixed freely, or turned and scaled."""
    m, _ = s.shape
    free = most >= 4 * m
    rest = s.left["free" if free else "turned"]
    return part(s.energy - rest, s.energy, 4 * m if free else m, most) if m % 2 == 0 else None


@family("Inputs turned in blocks", "oft", "oftv2", weighed=True)
def blocks_turned(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of the largest blocks of inputs that may be turned."""
    b, size = rotating(s.shape[1], most)
    if not b or s.cross is None or w is None or w.blocks is None:
        return None
    C, G = (within(M, b) for M in (s.cross, w.blocks))
    turn = nearest_rotations(np.eye(b), G + C) - np.eye(b)
    # ‖ΔW‖² − ‖W (R − I) − ΔW‖², without the difference of two large numbers
    return part(2 * (turn * C).sum() - (turn * (G @ turn)).sum(), s.energy, size, most)


def within(M: Array, b: int) -> Array:
    """Return the blocks of side b on the diagonals of larger ones."""
    k = M.shape[1] // b
    tiles = M.reshape(len(M), k, b, k, b)
    return np.concatenate([tiles[:, i, :, i] for i in range(k)])


@family("The largest entries of W", "shira", weighed=True)
def largest_entries(s: Sums, w: Weights | None, most: int) -> Reached | None:
    """Return the share of the entries at which W is largest."""
    size = min(most, s.rows.size * s.columns.size)
    return part(s.masked.sum(size), s.energy, size, most)
