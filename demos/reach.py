"""The share that each family explains of a change of any size, in closed form.

A fit takes a second at 32 × 32 and an hour at 256 × 256; these take less than a second there.
tests/demos/test_reach.py holds them against the fits. Families without a closed form are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import isqrt
from typing import NamedTuple

import numpy as np

from adapters_np.linalg import Array, nearest_rotations, thin_svd
from demos.blocks import BLOCKS, tiling
from demos.families import HELD, Reached, Sums, Weights, kept

EXTREME = 300
"""The power of two from which squares of entries, and sums of them, may be infinite or zero."""


class Change:
    """A weight, a change of it, and what several families ask of both."""

    def __init__(self, W: Array, D: Array) -> None:
        """Keep both, in another unit where squares would not be finite.

        All else is computed when it is asked for.

        Raises:
            ValueError: when shapes differ, an entry is not finite, or nothing changes.
        """
        if W.shape != D.shape or W.ndim != 2:
            raise ValueError(f"W has the shape {W.shape}, the change {D.shape}: they must be one")
        if not (np.isfinite(W).all() and np.isfinite(D).all()):
            raise ValueError("W or the change has entries that are not finite")
        if not D.any():
            raise ValueError("nothing changes between the two, so there is nothing to explain")
        _, exponent = np.frexp(max(np.abs(W).max(), np.abs(D).max()))
        # a power of two rounds nothing
        self.one = float(np.ldexp(1.0, -exponent)) if abs(exponent) > EXTREME else 1.0
        self.W, self.D, (self.m, self.n) = self.one * W, self.one * D, W.shape
        self._sums: dict[int, tuple[Sums, Weights]] = {}
        self.energy = float((self.D**2).sum())
        if not self.energy:
            raise ValueError("the change is less than 1e-150 of the weight, too little to explain")

    @cached_property
    def sigma(self) -> Array:
        """Return the singular values of the change."""
        return np.linalg.svd(self.D, compute_uv=False)

    @cached_property
    def svd(self) -> tuple[Array, Array, Array]:
        return thin_svd(self.W)

    @cached_property
    def core(self) -> Array:
        """Return the change in the singular basis of the weight, (k, k)."""
        U, _, Vt = self.svd
        return U.T @ self.D @ Vt.T

    def sums(self, most: int) -> tuple[Sums, Weights]:
        """Return sums over all rows, as far as a budget of so many parameters asks for them."""
        if most not in self._sums:
            m, n = self.m, self.n
            sums, weights = Sums((m, n), [most], weighed=True), Weights(n, most, None)
            sums.add(self.D, self.W, 0)
            weights.add(self.W, 0)
            sums.strengths = self.sigma**2 / self.energy
            if f := tiling(m, n, most)[0]:  # Van Loan and Pitsianis
                tiles = self.D.reshape(f, m // f, f, n // f).swapaxes(1, 2).reshape(f * f, -1)
                sums.tiles[f] = np.linalg.eigvalsh(tiles @ tiles.T)[-1] / self.energy
            self._sums[most] = sums, weights
        return self._sums[most]


Form = Callable[[Change, int], Reached | None]


class Family(NamedTuple):
    """A family of changes: what it is called, the methods that have it, and its closed form.

    `form` takes a change and a parameter budget, and returns None where no member is within it.
    `alone` says that it does not look at W.
    """

    name: str
    title: str
    methods: tuple[str, ...]
    form: Form
    alone: bool


FAMILIES: dict[str, Family] = {}


def family(title: str, *methods: str, alone: bool = False) -> Callable[[Form], Form]:
    def register(form: Form) -> Form:
        name = form.__name__
        FAMILIES[name] = Family(name, title, methods, form, alone)
        return form

    return register


def summed(name: str) -> None:
    """Take a family whose share follows from sums over rows; see `demos.families`."""
    title, methods, form, weighed = HELD[name]

    def whole(c: Change, most: int) -> Reached | None:
        return form(*c.sums(most), most)

    FAMILIES[name] = Family(name, title, methods, whole, alone=not weighed)


def left(rest: Array, c: Change, size: int, most: int) -> Reached | None:
    """Return the share that a rest leaves explained."""
    return kept(1 - float((rest**2).sum()) / c.energy, size, most)


# Directions ---------------------------------------------------------------------------------------


summed("low_rank")


@family("Principal directions replaced", "pissa")
def replaced(c: Change, most: int) -> Reached | None:
    """Return the share when the r leading directions of W are given up for the change's sake."""
    r = min(most // (c.m + c.n), len(c.sigma))
    if not r:
        return None
    U, sigma, Vt = c.svd
    rest = np.linalg.svd(c.D + (U[:, :r] * sigma[:r]) @ Vt[:r], compute_uv=False)[r:]
    return left(rest, c, r * (c.m + c.n), most)


# Gains and rotations ------------------------------------------------------------------------------


for _name in ("row_gains", "column_gains", "pairs"):
    summed(_name)


def turned(c: Change, b: int) -> Array:
    """Return what is left when blocks of b inputs are turned, each as well as it can be."""
    A, T = (M.reshape(c.m, -1, b).swapaxes(0, 1) for M in (c.W, c.W + c.D))
    return A @ nearest_rotations(A, T) - T


summed("blocks_turned")


@family("One reflection of the inputs", "ether")
def mirrored(c: Change, most: int) -> Reached | None:
    """Return the share of the best reflection: its normal is an eigenvector of sym(WᵀW*)."""
    S = c.W.T @ (c.W + c.D)
    u = np.linalg.eigh(S + S.T)[1][:, 0]
    return left(c.D + 2 * np.outer(c.W @ u, u), c, c.n, most)


# The singular basis of W --------------------------------------------------------------------------


@family("W’s principal core", "ssvd", "psoft", "antipasto")
def principal_core(c: Change, most: int) -> Reached | None:
    """Return the share of a free core on the leading singular directions, a bound for its methods.

    They turn and scale that core, with up to half as many parameters.
    """
    k = min(isqrt(most), min(c.m, c.n))
    return kept((c.core[:k, :k] ** 2).sum() / c.energy, k * k, most)


@family("W’s principal core turned", "psoft")
def core_turned(c: Change, most: int) -> Reached | None:
    """Return the share when the leading right singular vectors are turned among themselves."""
    U, sigma, Vt = c.svd
    k = min((1 + isqrt(1 + 8 * most)) // 2, len(sigma))
    B = U[:, :k] * sigma[:k]
    R = nearest_rotations(B, B + c.D @ Vt[:k].T)
    return left(B @ (R - np.eye(k)) @ Vt[:k] - c.D, c, k * (k - 1) // 2, most)


@family("Singular values only", "svft")
def spectrum(c: Change, most: int) -> Reached | None:
    """Return the share of the diagonal of the core."""
    d = np.diag(c.core)
    return kept((d**2).sum() / c.energy, len(d), most)


@family("A band of W’s core", "svft")
def band(c: Change, most: int) -> Reached | None:
    """Return the share of the widest band about that diagonal."""
    k = len(c.core)
    widest = max((d for d in range(k) if k + d * (2 * k - d - 1) <= most), default=None)
    if widest is None:
        return None
    near = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) <= widest
    return kept((c.core[near] ** 2).sum() / c.energy, int(near.sum()), most)


# Fixed patterns -----------------------------------------------------------------------------------


@family("Random entries", "shira", alone=True)
def random_entries(c: Change, most: int) -> Reached | None:
    """Return the share of entries drawn at random, the mean over draws: chance itself."""
    return kept(min(most, c.D.size) / c.D.size, min(most, c.D.size), most)


summed("largest_entries")


@family("Random frequencies", "fourierft", alone=True)
def frequencies(c: Change, most: int) -> Reached | None:
    """Return the share of cosines at points drawn at random (Parseval), the mean of 20 draws.

    A point and its mirror image are one cosine; of it the method has the real part.
    """
    F = np.fft.fft2(c.D, norm="ortho").real ** 2
    mirror = np.arange(F.size).reshape(F.shape)[-np.arange(c.m) % c.m][:, -np.arange(c.n) % c.n]
    rng, size = np.random.default_rng(0), min(most, F.size)
    shares = []
    for _ in range(20):
        points = rng.choice(F.size, size, replace=False)
        chosen = np.zeros(F.size, bool)
        chosen[points] = True
        chosen[mirror.ravel()[points]] = True
        shares.append(F.ravel()[chosen].sum() / c.energy)
    return kept(float(np.mean(shares)), size, most)


@family("Circulant tiles", "c3a", alone=True)
def circulants(c: Change, most: int) -> Reached | None:
    """Return the share of the smallest tiles: each diagonal of a tile is replaced by its mean."""
    fitting = [b for b in (*BLOCKS, 256) if c.m % b == c.n % b == 0 and c.D.size // b <= most]
    if not fitting:
        return None
    b = fitting[0]
    tiles = c.D.reshape(c.m // b, b, c.n // b, b)
    i = np.arange(b)
    energy = sum(b * (tiles[:, i, :, (i + k) % b].mean(axis=0) ** 2).sum() for k in range(b))
    return kept(energy / c.energy, c.D.size // b, most)


summed("shards")


@family("Tiles guided by W", "bone")
def guided(c: Change, most: int) -> Reached | None:
    """Return the share when the tiles T of a band change by (I + T) B, with one B for the band."""
    fitting = [b for b in BLOCKS[:6] if c.m % b == c.n % b == 0 and b * c.m <= most]
    if not fitting:
        return None
    b, explained = fitting[-1], 0.0
    for rows in range(0, c.m, b):
        tiles, wanted = (M[rows : rows + b].reshape(b, -1, b).swapaxes(0, 1) for M in (c.W, c.D))
        A, T = (c.one * np.eye(b) + tiles).reshape(-1, b), wanted.reshape(-1, b)
        Q = np.linalg.qr(A)[0]
        explained += float(((Q.T @ T) ** 2).sum())
    return kept(explained / c.energy, b * c.m, most)


summed("kronecker")


# A change and its control -------------------------------------------------------------------------


def reached(c: Change, most: int) -> dict[str, Reached | None]:
    return {name: f.form(c, most) for name, f in FAMILIES.items()}


def elsewhere(D: Array, rng: np.random.Generator) -> Array:
    """Return a change with the same singular values in random directions: the control."""
    P, Q = directed(np.linalg.svd(D, compute_uv=False), D.shape, rng)
    return P @ Q


def directed(sigma: Array, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
    """Return two factors of a matrix with these singular values in random directions."""
    U, V = (np.linalg.qr(rng.normal(size=(side, len(sigma))))[0] for side in shape)
    return U * sigma, np.ascontiguousarray(V.T)


def shrink(W: Array, D: Array) -> float:
    """Return the c for which c W is nearest to a change.

    Weight decay alone makes it negative.
    """
    return float((W * D).sum() / (W**2).sum())
